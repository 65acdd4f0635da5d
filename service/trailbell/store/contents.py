"""Which content of file lists and lookup tables the live engine used, and from which input on."""

from __future__ import annotations

from collections.abc import Mapping

from .database import Database


class Contents:
    """The ``content`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def differing(self, digests: Mapping[str, str]) -> list[str]:
        """The names whose content is another one than the last run's; names that are new to the store are left out.

        Args:
            digests: by name, such as ``list vips`` and ``lookup people``.
        """
        return [name for name, digest in self._newest().items() if digests.get(name, digest) != digest]

    def note(self, digests: Mapping[str, str], after_seq: int) -> None:
        """Note, inside a transaction, what is used from the input after that one on."""
        known = self._newest()
        self._database.executemany(
            "INSERT INTO content VALUES (?, ?, ?) ON CONFLICT (name, after_seq) DO UPDATE SET digest = excluded.digest",
            [(name, digest, after_seq) for name, digest in sorted(digests.items()) if known.get(name) != digest],
        )

    def _newest(self) -> dict[str, str]:
        """What was used last, by name."""
        return dict(
            self._database.rows(
                "SELECT name, digest FROM content AS newest "
                "WHERE after_seq = (SELECT max(after_seq) FROM content WHERE name = newest.name) ORDER BY name"
            )
        )
