"""Text from events and files, made safe for a terminal: nothing in it can move the cursor, change colours or hide."""

from __future__ import annotations

import unicodedata
from typing import Final

from trailbell_rules.printers.visible import UNSAFE

_JOINERS: Final = "\u200d\ufe0f"
"""What emoji are built with."""


def printable(text: str) -> str:
    """The text on one line, with every character that would act instead of showing replaced by ``\ufffd``."""
    return "".join(
        " " if mark in "\n\t" else mark if mark in _JOINERS or unicodedata.category(mark) not in UNSAFE else "\ufffd"
        for mark in text
    )
