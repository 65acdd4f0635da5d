"""Text in which nothing acts on a terminal instead of being shown."""

from __future__ import annotations

import unicodedata
from typing import Final

UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that a terminal may obey: controls (escape sequences start with one), formats (direction marks,
zero width), lone surrogates, line breaks."""
_TAB: Final = "    "
_PICTURES: Final = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_EMOJI_JOINER: Final = "\u200d"


def visible(text: str) -> str:
    """The text with everything that a terminal would obey replaced by something it shows. Tabs become spaces."""
    return text if text.isprintable() else "".join(map(_visible, text.replace("\t", _TAB)))


def _visible(mark: str) -> str:
    if mark == _EMOJI_JOINER or unicodedata.category(mark) not in UNSAFE:
        return mark
    return _PICTURES.get(ord(mark), "\ufffd")
