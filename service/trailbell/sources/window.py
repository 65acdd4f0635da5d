"""What an API lists between two instants, and the events in it."""

from __future__ import annotations

from typing import NamedTuple

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.event import Event, Input
from trailbell_engine.values import Json


class Window(NamedTuple):
    """What an API listed between two instants.

    Attributes:
        records: in any order.
        place: where they are from, for people: an address.
        doubt: what speaks against their being all there is, in words; empty if nothing does.
    """

    records: list[Json]
    place: str
    doubt: str = ""

    def inputs(self, decoder: Decoder) -> list[Input]:
        """What the records are: first those that are no events, then the events in order of time."""
        decoded = [item for record in self.records for item in decoder.decode_value(record, self.place)]
        # Any order would do for the engine, which orders within the lateness; people read logs.
        events = sorted((one for one in decoded if isinstance(one, Event)), key=lambda event: (event.time_us, event.id))
        return [*(item for item in decoded if not isinstance(item, Event)), *events]
