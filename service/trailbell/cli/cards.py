"""A Slack message as a card in the terminal: what its blocks will look like, without a Slack to post them to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.box import ROUNDED
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from trailbell_notifiers.channels.slack.text import unescaped
from trailbell_notifiers.words.text import clean

MAXIMUM_WIDTH: Final = 100
"""Columns; Slack's own messages are no wider."""
_BAR: Final = "▌ "
_GAP: Final = 2
_BAR_COLOURS: Final = {
    "🔴": "#e01e5a",
    "🟠": "#f2994a",
    "🟡": "#ecb22e",
    "🔵": "#36c5f0",
    "⚪": "#8d8d8d",
    "✅": "#2eb67d",
    "👀": "#1d9bd1",
    "🔕": "#8d8d8d",
    "🧪": "#9b72cf",
}
_DEFAULT_COLOUR: Final = "#8d8d8d"
_MARKUP: Final = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*(?P<bold>[^*\n]+)\*"
    r"|<!date\^\d+\^[^|>]*\|(?P<date>[^>]*)>"
    r"|<(?P<url>[^|>!@#][^|>]*)\|(?P<label>[^>]*)>"
)


def card(payload: Mapping[str, Any]) -> RenderableType:
    """What a reader sees of a message: ``{"text": …, "blocks": […]}`` as it is posted.

    A message without blocks is its text. Unknown blocks are named, not dropped.
    """
    blocks = payload.get("blocks") or ()
    header = next((block for block in blocks if block.get("type") == "header"), None)
    first = _plain(header["text"])[:1] if header else _readable(str(payload.get("text", "")))[:1]
    body = Group(*_spaced(blocks)) if blocks else _mrkdwn(str(payload.get("text", "")))
    return _Barred(body, _BAR_COLOURS.get(str(first), _DEFAULT_COLOUR))


class _Barred:
    """A renderable behind a coloured bar on its left."""

    def __init__(self, inner: RenderableType, colour: str) -> None:
        self._inner = inner
        self._style = Style(color=colour)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, MAXIMUM_WIDTH) - len(_BAR)
        for line in console.render_lines(self._inner, options.update(width=width, height=None), pad=False):
            yield Segment(_BAR, self._style)
            yield from _trimmed(line)
            yield Segment.line()


def _trimmed(line: list[Segment]) -> list[Segment]:
    """A line without the blanks at its end, which tables and copies do not need."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else []


def _spaced(blocks: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """The blocks with an empty line between them; only the header and what follows stand close."""
    for position, block in enumerate(blocks):
        if position and blocks[position - 1].get("type") != "header":
            yield Text("")
        yield _block(block)


def _block(block: Mapping[str, Any]) -> RenderableType:
    match block.get("type"):
        case "header":
            return Text(_plain(block["text"]).plain, style="bold")
        case "section":
            return _section(block)
        case "rich_text":
            return Group(*map(_rich_part, block["elements"]))
        case "context":
            return Group(*map(_dimmed, block["elements"]))
        case "actions":
            return _buttons(block["elements"])
        case "divider":
            return Text("─" * 24, style="dim")
        case unknown:
            return Text(f"[{clean(str(unknown))}]", style="dim italic")


def _section(block: Mapping[str, Any]) -> RenderableType:
    parts: list[RenderableType] = [_object(block["text"])] if "text" in block else []
    return Group(*parts, _Fields([_pair(field) for field in block.get("fields") or ()]))


def _pair(field: Mapping[str, Any]) -> tuple[Text, Text]:
    """Label and value: Slack stacks them, a terminal has them side by side."""
    lines = _object(field).split("\n", allow_blank=True)
    value = Text("\n").join(lines[1:])
    value.overflow = "fold"
    return Text(lines[0].plain, style="dim"), value


class _Fields:
    """Labels and values, two pairs to a row where no value has to be broken for it."""

    def __init__(self, pairs: list[tuple[Text, Text]]) -> None:
        self._pairs = pairs

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        abreast = 2 if self._width(2) <= options.max_width else 1
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for _ in range(abreast):
            grid.add_column(no_wrap=True, overflow="ellipsis")
            grid.add_column(overflow="fold")
        for start in range(0, len(self._pairs), abreast):
            grid.add_row(*(cell for pair in self._pairs[start : start + abreast] for cell in pair))
        yield grid

    def _width(self, abreast: int) -> int:
        columns = [self._pairs[first::abreast] for first in range(abreast)]
        widest = (max((pair[side].cell_len for pair in column), default=0) for column in columns for side in (0, 1))
        return sum(widest) + _GAP * (2 * abreast - 1)


def _rich_part(part: Mapping[str, Any]) -> RenderableType:
    text = Text(overflow="fold")
    for element in part["elements"]:
        style = "bold" if (element.get("style") or {}).get("bold") else ""
        text.append(clean(str(element.get("text", ""))), style=style)
    if part["type"] == "rich_text_preformatted":
        return Panel(text, box=ROUNDED, border_style="dim", padding=(0, 1), expand=True)
    return text


def _dimmed(element: Mapping[str, Any]) -> Text:
    text = _object(element)
    text.stylize("dim")
    return text


def _buttons(elements: Sequence[Mapping[str, Any]]) -> RenderableType:
    return Text("  ").join(map(_button, elements))


def _button(element: Mapping[str, Any]) -> Text:
    arrow = " ↗" if element.get("url") else " ▾" if "options" in element else ""
    label = element.get("text") or element.get("placeholder") or {"text": element.get("type", "")}
    return Text(f"[{_plain(label).plain}{arrow}]", style="bold")


def _object(text: Mapping[str, Any]) -> Text:
    return _plain(text) if text.get("type") == "plain_text" else _mrkdwn(str(text.get("text", "")))


def _plain(text: Mapping[str, Any]) -> Text:
    return Text(_readable(str(text.get("text", ""))), overflow="fold")


def _mrkdwn(markup: str) -> Text:
    """Slack's markup as far as our messages use it: bold, code, dates and links. Everything else is literal."""
    text = Text(overflow="fold")
    end = 0
    for found in _MARKUP.finditer(markup):
        text.append(_readable(markup[end : found.start()]))
        kind = str(found.lastgroup)
        text.append(_readable(found[kind]), style={"bold": "bold", "code": "bold", "label": "underline"}.get(kind, ""))
        end = found.end()
    text.append(_readable(markup[end:]))
    return text


def _readable(text: str) -> str:
    return clean(unescaped(text))
