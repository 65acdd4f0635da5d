"""Silences in the store."""

from __future__ import annotations

from dataclasses import dataclass

from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_notifiers.policy.silences import Silence, silence_of_json

from .database import Database


@dataclass(frozen=True, slots=True)
class Silences:
    """The ``silence`` table."""

    database: Database

    def add(self, silence: Silence) -> None:
        """Keep a silence; one that is there already stays as it is."""
        self.database.execute(
            "INSERT INTO silence (id, starts_us, ends_us, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (silence.id, silence.starts_us, silence.ends_us, write_json(silence.to_json())),
        )

    def expire(self, silence_id: str, at_us: int) -> None:
        """End a silence then, unless it ends before. It stays, so that it can be read what it has hidden."""
        self.database.execute(
            "UPDATE silence SET ends_us = CASE WHEN starts_us > ?1 THEN starts_us ELSE ?1 END "
            "WHERE id = ?2 AND ends_us > ?1",
            (at_us, silence_id),
        )

    def all(self) -> list[Silence]:
        """Every one, the one that ends last first."""
        rows = self.database.rows("SELECT record, starts_us, ends_us FROM silence ORDER BY ends_us DESC, id")
        return [silence_of_json(read_json(record), starts_us, ends_us) for record, starts_us, ends_us in rows]
