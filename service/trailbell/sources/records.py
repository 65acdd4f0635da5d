"""What a file is made of, before anybody knows what it means."""

from __future__ import annotations

from typing import NamedTuple


class Record(NamedTuple):
    """One record as it stands in a file.

    Attributes:
        place: ``events.ndjson:17`` is a line, ``events.json#3`` the third record of an array.
        raw: its bytes, as JSON.
    """

    place: str
    raw: bytes
