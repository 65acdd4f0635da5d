"""A Slack message as parts for the page's template: what its blocks will look like, without a Slack to post them to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trailbell_notifiers.channels.slack.text import unescaped
from trailbell_notifiers.words.text import clean

_MARKUP: Final = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*(?P<bold>[^*\n]+)\*"
    r"|<!date\^\d+\^[^|>]*\|(?P<text>[^>]*)>"
    r"|<[^|>!@#][^|>]*\|(?P<link>[^>]*)>"
)


class Run(NamedTuple):
    """A stretch of text: ``text``, ``bold``, ``code`` or ``link``. It is not escaped; the template does that."""

    kind: str
    text: str


class Part(NamedTuple):
    """One block: ``header``, ``text``, ``fields``, ``code``, ``context`` or ``buttons``, and its texts."""

    kind: str
    texts: tuple[tuple[Run, ...], ...]


def parts(payload: Mapping[str, Any]) -> tuple[Part, ...]:
    """What a reader sees of a message as it is posted; one without blocks is its text."""
    blocks = payload.get("blocks") or ()
    if not blocks:
        return (Part("text", (_plain(str(payload.get("text", ""))),)),)
    return tuple(part for block in blocks for part in _block(block))


def _block(block: Mapping[str, Any]) -> Iterator[Part]:
    match block.get("type"):
        case "header":
            yield Part("header", (_object(block["text"]),))
        case "section":
            if "text" in block:
                yield Part("text", (_object(block["text"]),))
            if block.get("fields"):
                yield Part("fields", tuple(map(_object, block["fields"])))
        case "rich_text":
            for element in block["elements"]:
                kind = "code" if element["type"] == "rich_text_preformatted" else "text"
                yield Part(kind, (tuple(map(_rich, element["elements"])),))
        case "context":
            yield Part("context", tuple(map(_object, block["elements"])))
        case "actions":
            yield Part("buttons", tuple(_object(element["text"]) for element in block["elements"]))


def _rich(element: Mapping[str, Any]) -> Run:
    bold = (element.get("style") or {}).get("bold")
    return Run("bold" if bold else "text", clean(str(element.get("text", ""))))


def _object(text: Mapping[str, Any]) -> tuple[Run, ...]:
    said = str(text.get("text", ""))
    return _plain(said) if text.get("type") == "plain_text" else tuple(_mrkdwn(said))


def _plain(text: str) -> tuple[Run, ...]:
    return (Run("text", _readable(text)),)


def _mrkdwn(markup: str) -> Sequence[Run]:
    """Slack's markup as far as our messages use it: bold, code, dates and links. Everything else is literal."""
    runs, end = [], 0
    for found in _MARKUP.finditer(markup):
        runs.append(Run("text", _readable(markup[end : found.start()])))
        kind = str(found.lastgroup)
        runs.append(Run(kind, _readable(found[kind])))
        end = found.end()
    runs.append(Run("text", _readable(markup[end:])))
    return [run for run in runs if run.text]


def _readable(text: str) -> str:
    return clean(unescaped(text))
