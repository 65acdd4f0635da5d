"""A number of things as people say it."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 alert``, ``2,000 alerts``, ``2 matches``.

    Args:
        number: how many there are.
        noun: what one of them is called.
        plural: what several are called, where that is not the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
