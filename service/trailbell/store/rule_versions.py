"""Which versions of rules ran on the store, and from which input to which they spoke."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from trailbell_engine.rule import Rule

from .database import Database

Version: TypeAlias = tuple[str, str]
"""A rule's id and its version."""


class RuleVersions:
    """The ``rule_version`` table: a row for each stretch of inputs over which a version ran."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def running(self) -> set[Version]:
        """The versions that run, or took part in the last run: their state is up to date."""
        return set(self._database.rows("SELECT rule_id, version FROM rule_version WHERE until_seq IS NULL"))

    def spoke_after(self, rule: Rule) -> int | None:
        """The number of the last input of which the version only learned; None if it never ran."""
        row = self._database.one(
            "SELECT max(after_seq) FROM rule_version WHERE rule_id = ? AND version = ?", (rule.id, rule.version)
        )
        return None if row is None or row[0] is None else int(row[0])

    def ran_at(self, rule: Rule, seq: int) -> bool:
        """Whether the version decided over an input."""
        return (
            self._database.one(
                "SELECT 1 FROM rule_version "
                "WHERE rule_id = ? AND version = ? AND after_seq < ? AND (until_seq IS NULL OR until_seq >= ?)",
                (rule.id, rule.version, seq, seq),
            )
            is not None
        )

    def newest_seq(self) -> int:
        """The number of the newest recorded input; 0 if there is none."""
        row = self._database.one("SELECT coalesce(max(seq), 0) FROM input")
        return int(row[0]) if row else 0

    def exchange(self, ended: Iterable[Version], begun: Iterable[Version], after_seq: int) -> None:
        """Note, inside a transaction, which versions run no more and which do from now on. Others go on as they are.

        Args:
            ended: that ran.
            begun: that did not.
            after_seq: the last input before.
        """
        self._database.executemany(
            "UPDATE rule_version SET until_seq = ? WHERE rule_id = ? AND version = ? AND until_seq IS NULL",
            [(after_seq, *version) for version in ended],
        )
        self._database.executemany(
            "INSERT INTO rule_version VALUES (?, ?, ?, NULL) "
            "ON CONFLICT (rule_id, version, after_seq) DO UPDATE SET until_seq = NULL",
            [(*version, after_seq) for version in begun],
        )
        self._database.execute(
            "INSERT INTO reached (after_seq, source, until_us) "
            "SELECT ?, source, max(until_us) FROM covered GROUP BY source "
            "ON CONFLICT (after_seq, source) DO NOTHING",
            (after_seq,),
        )
