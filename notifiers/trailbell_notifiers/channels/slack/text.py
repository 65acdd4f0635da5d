"""Text in Slack's grammar: what must be escaped, what has no escape, and how event data stays inert in both.

Exactly ``&``, ``<`` and ``>`` are escaped (docs.slack.dev/messaging/formatting-message-text). ``* _ ~`` and backticks
have no escape, so event data goes into ``plain_text`` and ``rich_text`` elements, which are literal, or into inline
code where it holds one of them.
"""

from __future__ import annotations

import re
from typing import Any, Final

from trailbell_notifiers.message import readable_time
from trailbell_notifiers.words.text import fit, utf16_length

_FORMATTING: Final = re.compile(
    r"[*_~`]"  # bold, italic, struck, code
    r"|:(?:[a-z_+'-][\w+'-]*|100|1234):"  # emoji by name
    r"|^\s*(?:>|•|-\s|\d+\.\s)"  # quotes and lists
    r"|https?:|mailto:|www\."  # links that a client may make by itself
    r"|(?:^|\s)[@#]\w",  # mentions and channels
    re.IGNORECASE,
)
_NOT_A_BACKTICK: Final = "\N{MODIFIER LETTER GRAVE ACCENT}"
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str) -> str:
    """The text with Slack's three characters escaped; ``&`` first, nothing else."""
    for character, escaped in _ESCAPES.items():
        text = text.replace(character, escaped)
    return text


def unescaped(text: str) -> str:
    """What ``escape`` made the text of; ``&`` last, so that an escape that was escaped is not undone twice."""
    for character, escaped in reversed(_ESCAPES.items()):
        text = text.replace(escaped, character)
    return text


def escaped_length(text: str) -> int:
    """The length of the escaped text as Slack counts it."""
    return utf16_length(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def literal(text: str, limit: int) -> str:
    """Event data inside ``mrkdwn``: cut, escaped, and in inline code where it could be read as formatting."""
    if not text:
        return "-"
    if _FORMATTING.search(text):
        return f"`{escape(fit(text.replace('`', _NOT_A_BACKTICK), limit - 2, escaped_length))}`"
    return escape(fit(text, limit, escaped_length))


def plain(text: str, limit: int) -> dict[str, Any]:
    """A ``plain_text`` object: shown as it is, except that Slack reads its three escapes in it too."""
    return {"type": "plain_text", "text": escape(fit(text, limit, escaped_length)), "emoji": False}


def mrkdwn(text: str) -> dict[str, Any]:
    """A ``mrkdwn`` object of our own markup; ``verbatim`` keeps Slack from making links and mentions of it."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def rich(text: str, limit: int, *, bold: bool = False, style: str = "") -> dict[str, Any]:
    """A text element of ``rich_text``: literal by type, so nothing in it is markup and nothing is escaped.

    Args:
        text: what to show.
        limit: in UTF-16 units.
        bold: the same as ``style="bold"``.
        style: ``bold``, ``italic``, ``strike`` or ``code``; empty for none.
    """
    element: dict[str, Any] = {"type": "text", "text": fit(text, limit, utf16_length)}
    style = "bold" if bold else style
    return element | {"style": {style: True}} if style else element


def date(time_us: int) -> str:
    """An instant in the reader's own time zone; where Slack cannot do that, in UTC."""
    return f"<!date^{time_us // 1_000_000}^{{date_short_pretty}} {{time_secs}}|{readable_time(time_us)}>"
