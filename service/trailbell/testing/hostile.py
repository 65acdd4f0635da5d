"""Texts that attackers and accidents put into events: known ones from ``hostile.json``, and many more made by rules.

``hostile_texts()`` gives the same texts on every run, so that a finding can be named by its position.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Final

_ODD_CODES: Final = (
    *range(0x20),
    *range(0x7F, 0xA1),
    *(0xAD, 0x061C, 0x115F, 0x1680, 0x180E, 0x3000, 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFFA0),
    *range(0x2000, 0x2010),
    *range(0x2028, 0x2030),
    *range(0x205F, 0x2070),
    *range(0xFFF9, 0x10000),
    *(0x1D173, 0xE0001, 0xE0020, 0xE0041, 0xE007F, 0xE0100, 0xF0000, 0x10FFFF),
)
"""Controls, blanks of all widths, direction marks, joiners, fillers, tags, non-characters."""
_LONG: Final = (
    ("a", 997), ("a", 5_000), ("a ", 600), ("word ", 3_000), ("9", 400), ("\u00e9", 998), ("\U0001f600", 500),
    ("x\n", 900),
    (" ", 300), ("Z\u0337\u0336", 400), ("\ufdfa", 200), ("\U000e0041", 250), ("\u200d", 400), ("\u1100", 300),
    ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 200), ("\U0001f1eb", 301), ("a" * 78 + " ", 20),
)  # fmt: skip
"""Pieces and how often they are repeated."""


@cache
def hostile_texts() -> tuple[str, ...]:
    """All of them, each once, in a fixed order; more than 600. Some hold lone surrogates, which no encoding takes."""
    parts: Mapping[str, Sequence[str]] = json.loads(files(__package__).joinpath("hostile.json").read_text("utf-8"))
    return tuple(dict.fromkeys([*parts["known"], *parts["values"], *parts["scripts"], *_made(parts)]))


def _made(parts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for mention in parts["mentions"]:
        yield from (mention, f"ada{mention}", f"*{mention}*", f"`{mention}`")
    yield from _filled(parts["links"], "{scheme}", parts["schemes"])
    yield from (f"a{chr(code)}b" for code in _ODD_CODES)
    yield from (f"a{start}{sequence}b" for start, sequence in product(("\x1b", "\x9b"), parts["ansi"]))
    yield from (f"a{end}{header}: e@evil.example" for end, header in product(parts["line_ends"], parts["headers"]))
    yield from _filled(parts["encoded"], "{charset}", parts["charsets"])
    yield from _filled(parts["html"], "{x}", ("alert(1)", "evil"))
    yield from _filled(parts["templates"], "{x}", parts["expressions"])
    yield from _filled(parts["markdown"], "{x}", ("evil", ""))
    yield from (piece * times for piece, times in product(parts["repeated"], (40, 3_000)))
    yield from (piece * times for piece, times in _LONG)


def _filled(forms: Sequence[str], hole: str, fillings: Sequence[str]) -> Iterator[str]:
    return (form.replace(hole, filling) for form, filling in product(forms, fillings))
