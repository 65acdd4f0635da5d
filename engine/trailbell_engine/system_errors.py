"""What the system says is wrong, in words."""

from __future__ import annotations


def system_words(error: BaseException) -> str:
    """The reason of an error, without its number and file name; never empty.

    What libraries raise as an ``OSError`` may have a text and no reason of the system's: its ``strerror`` is None.
    """
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
