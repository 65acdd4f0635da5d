"""Making text from events harmless and short: no controls, no bidirectional tricks, cut between characters people see.

Order matters everywhere: clean, then cut, then escape. Cutting escaped text leaves ``&am``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

ELLIPSIS: Final = "…"
_MARKS_KEPT: Final = 4
"""Combining marks kept on one character; no script needs more, and "zalgo" text piles up hundreds."""

_LINE_ENDS: Final = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls, but for tab and line feed: terminals and parsers obey them
    "\xad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, zero-width space, direction marks
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidirectional overrides and isolates, invisible operators
    "\U000e0000-\U000e0fff]"  # tag characters: text that nobody sees
)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"\s+")
_LIST_ENTRY: Final = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s")


def clean(text: str) -> str:
    """The text without what cannot be seen or turns the reading direction. Line feeds stay, tabs become spaces."""
    if text.isascii() and text.isprintable():  # nearly always, and then there is nothing to search for
        return text
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", text))


def one_line(text: str) -> str:
    """Cleaned, and every run of white space a single space: for titles, headers and table cells."""
    return _SPACE.sub(" ", clean(text)).strip()


def unwrapped(text: str) -> str:
    """Text as it was meant: lines that an author's editor broke are joined; paragraphs and list entries stay apart."""
    lines: list[str] = []
    for line in clean(text).strip().split("\n"):
        starts_anew = not line.strip() or not lines or not lines[-1] or _LIST_ENTRY.match(line)
        if starts_anew:
            lines.append(line.strip())
        else:
            lines[-1] += f" {line.strip()}"
    return "\n".join(lines)


def graphemes(text: str) -> Iterator[str]:
    """The characters people see: a base with its marks, an emoji with its modifiers, a pair of flag letters.

    A short form of Unicode UAX #29 that errs on the side of keeping things together.
    """
    cluster = ""
    marks = 0
    for character in text:
        if cluster and _extends(cluster, character):
            marks += bool(unicodedata.combining(character))
            if marks <= _MARKS_KEPT or not unicodedata.combining(character):
                cluster += character
            continue
        if cluster:
            yield cluster
        cluster, marks = character, 0
    if cluster:
        yield cluster


def _extends(cluster: str, character: str) -> bool:
    if character.isascii():
        return False
    if cluster[-1] == "\u200d" or character == "\u200d" or "\ufe00" <= character <= "\ufe0f":
        return cluster != "\n"
    if "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return len(cluster) == 1 and "\U0001f1e6" <= cluster <= "\U0001f1ff"
    return cluster != "\n" and unicodedata.category(character) in ("Mn", "Me", "Mc")


def utf16_length(text: str) -> int:
    """The length as JavaScript and most chat services count it: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, limit: int, cost: Callable[[str], int] = len) -> str:
    """The text, cut between visible characters and ended by ``…`` so that its cost is at most ``limit``.

    Args:
        text: cleaned, not yet escaped.
        limit: in units of ``cost``; at least the cost of ``…``.
        cost: of a piece of text once it is escaped; must add up over pieces.
    """
    if len(text) <= 4 * limit and cost(text) <= limit:
        return text
    room = limit - cost(ELLIPSIS)
    kept = []
    for cluster in graphemes(text):
        room -= cost(cluster)
        if room < 0:
            break
        kept.append(cluster)
    return "".join(kept).rstrip() + ELLIPSIS
