"""Rule files in their one form: keys in a fixed order, two spaces a level, a blank line between sections.

The text itself is moved, line by line; nothing is printed anew. So comments, quotes, flow style and the insides of
texts stay as their author wrote them, which no printer of YAML manages. What the file says is compared before and
after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from .document import MARKER, read_documents
from .indenting import Layout, lay_out

SECTIONS: Final = (
    ("id", "title", "severity", "status", "description", "references", "runbook", "tags", "owner"),
    ("match", "when"),
    ("alert", "suppress", "notify", "budget", "limits"),
    ("tests",),
)
"""The keys of a rule in their order; between two groups stands a blank line. Other keys go before the tests."""

_PLACES: Final = {
    name: (group, position) for group, names in enumerate(SECTIONS) for position, name in enumerate(names)
}
_ELSEWHERE: Final = (2, len(SECTIONS[2]))
_FOREIGN_BREAKS: Final = ("\x85", "\u2028", "\u2029")
"""libyaml counts lines at these, and nobody else does."""


class CannotFormatError(ValueError):
    """A text that is not put into form, with the reason."""


class _Block(NamedTuple):
    """A key of the outermost mapping: the comments above it, its line, and its value."""

    name: str
    lines: list[str]


def formatted(text: str) -> str:
    """The text in its one form. Formatting what is formatted changes nothing.

    Raises:
        CannotFormatError: if the text has errors, or is written in a way that cannot be moved safely.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if any(problem.severity == "error" for problem in read_documents("", text.encode()).problems):
        raise CannotFormatError("it has errors: `trailbell check` shows them")
    lines = text.split("\n")
    if any(mark in text for mark in _FOREIGN_BREAKS) or any(line.startswith(("%", "...")) for line in lines):
        raise CannotFormatError("it holds line breaks, `...` or `%` directives that cannot be moved safely")
    cuts = [0, *(found.start() for found in MARKER.finditer(text)), len(text)]
    parts = [_document(text[start:end]) for start, end in pairwise(cuts)]
    result = "".join(f"{part}\n" for part in parts if part)
    if _meaning(result) != _meaning(text) or _comments(result) != _comments(text):
        raise CannotFormatError("it is written in a way that cannot be moved safely")
    return result


def _meaning(text: str) -> list[object]:
    return [document.value for document in read_documents("", text.encode()).documents]


def _comments(text: str) -> list[str]:
    """All that stands behind a ``#``, without order, since keys move."""
    return sorted(line.partition("#")[2].strip() for line in text.split("\n") if "#" in line)


def _document(text: str) -> str:
    """One document with its ``---`` line, without a line break at its end."""
    marker, _, body = text.partition("\n") if text.startswith("---") else ("", "", text)
    if not body.strip():
        return marker.rstrip()
    layout = lay_out(body)
    lines = list(_arranged(layout)) if layout.keys else layout.lines
    return "\n".join([*([marker.rstrip()] if marker else []), *_trimmed(lines)])


def _arranged(layout: Layout) -> Iterator[str]:
    """The heading, then the keys in their order."""
    blocks, heading, tail = _blocks(layout)
    is_rule = {"id", "match"} <= {block.name for block in blocks}
    if is_rule:
        blocks.sort(key=lambda block: _PLACES.get(block.name, _ELSEWHERE))
    yield from heading
    for before, block in zip([None, *blocks], blocks, strict=False):
        if before is not None and not (is_rule and _group(before) == _group(block)):
            yield ""
        yield from block.lines
    if tail:
        yield ""
        yield from tail


def _group(block: _Block) -> int:
    return _PLACES.get(block.name, _ELSEWHERE)[0]


def _blocks(layout: Layout) -> tuple[list[_Block], list[str], list[str]]:
    """The keys with what belongs to them, what stands above the first, and the comments after the last."""
    lines = layout.lines
    firsts = [_with_comments(layout, line) for line, _ in layout.keys]
    end = _with_comments(layout, len(lines))
    ends = [*firsts[1:], end]
    heading = _squeezed(lines[: firsts[0]], 0, layout.inside)
    own = _squeezed(lines[firsts[0] : layout.keys[0][0]], firsts[0], layout.inside)
    firsts[0] = layout.keys[0][0]
    blocks = [
        _Block(name, _trimmed(_squeezed(lines[first:last], first, layout.inside)))
        for (_, name), first, last in zip(layout.keys, firsts, ends, strict=True)
    ]
    return blocks, _headed([*heading, *own]), _trimmed(_squeezed(lines[end:], end, layout.inside))


def _headed(lines: list[str]) -> list[str]:
    """What stands above the first key stays there, with a blank line after it if it had one."""
    trimmed = _trimmed(lines)
    return [*trimmed, ""] if trimmed and not lines[-1].strip() else trimmed


def _with_comments(layout: Layout, line: int) -> int:
    """The first line of the blank lines and comments in the first column right above a line."""
    while line > 0 and line - 1 not in layout.inside:
        above = layout.lines[line - 1]
        if above.strip() and not above.startswith("#"):
            break
        line -= 1
    return line


def _squeezed(lines: Sequence[str], first: int, inside: set[int]) -> list[str]:
    """Of several blank lines one, but for those inside texts."""
    kept: list[str] = []
    for number, line in enumerate(lines, start=first):
        if line.strip() or number in inside or (kept and kept[-1].strip()):
            kept.append(line)
    return kept


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Without blank lines at the ends."""
    kept = list(lines)
    while kept and not kept[0].strip():
        del kept[0]
    while kept and not kept[-1].strip():
        del kept[-1]
    return kept
