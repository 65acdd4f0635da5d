"""Which versions of rules have run on the store, and from where on they spoke."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from trailbell_engine.rule import Rule

from .database import Database

Version: TypeAlias = tuple[str, str]
"""A rule's id and its version."""


class RuleVersions:
    """The ``rule_version`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def running(self) -> set[Version]:
        """The versions that took part in the last run: their state is up to date."""
        return set(self._database.rows("SELECT rule_id, version FROM rule_version WHERE running"))

    def spoke_after(self, rule: Rule) -> int | None:
        """The number of the last input of which the version only learned; None if it never ran."""
        row = self._database.one(
            "SELECT after_seq FROM rule_version WHERE rule_id = ? AND version = ?", (rule.id, rule.version)
        )
        return None if row is None else int(row[0])

    def newest_seq(self) -> int:
        """The number of the newest recorded input; 0 if there is none."""
        row = self._database.one("SELECT coalesce(max(seq), 0) FROM input")
        return int(row[0]) if row else 0

    def start(self, rules: Iterable[Rule], fresh: Iterable[Rule], after_seq: int) -> None:
        """Note, inside a transaction, which versions run from now on.

        Args:
            rules: all of them.
            fresh: those that have learned just now, whose earlier state is void.
            after_seq: the last input that they have learned from.
        """
        connection = self._database.connection
        connection.execute("UPDATE rule_version SET running = 0")
        connection.executemany(
            "DELETE FROM state WHERE rule_id = ? AND version = ? AND part = 'when'",
            [(rule.id, rule.version) for rule in fresh],
        )
        connection.executemany(
            "INSERT INTO rule_version VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET after_seq = excluded.after_seq",
            [(rule.id, rule.version, after_seq) for rule in fresh],
        )
        connection.executemany(
            "UPDATE rule_version SET running = 1 WHERE rule_id = ? AND version = ?",
            [(rule.id, rule.version) for rule in rules],
        )
