"""``# trailbell: ignore[code] reason``: a rule says that something is meant as it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from trailbell_rules.code import Code
from trailbell_rules.document import Reading
from trailbell_rules.problem import Problem, Span
from trailbell_rules.source import Source
from trailbell_rules.suggest import did_you_mean

BAD: Final = Code(
    name="bad-ignore",
    summary="A comment that ignores a problem gives no reason, or a code that does not exist or cannot be ignored.",
    why="In a year nobody knows whether the exception still holds. A reason of three words is enough to tell.",
    bad="""\
# rules/any-change.yaml
# trailbell: ignore[untested]
id: any-change
title: Something was changed
severity: info
match: {event_type: APP_UPDATE}
""",
    good="""\
# rules/any-change.yaml
# trailbell: ignore[untested] it only counts events for a week
id: any-change
title: Something was changed
severity: info
match: {event_type: APP_UPDATE}
""",
    severity="warning",
)

UNUSED: Final = Code(
    name="unused-ignore",
    summary="A comment ignores a problem that is not there.",
    why="It hides the problem on the day it comes back.",
    bad="""\
# rules/any-change.yaml
id: any-change
title: Something was changed
severity: info
match: {event_type: APP_UPDATE}  # trailbell: ignore[unknown-event-type] new since October
""",
    good="""\
# rules/any-change.yaml
id: any-change
title: Something was changed
severity: info
match: {event_type: APP_UPDATE}
""",
    severity="warning",
)

_COMMENT: Final = re.compile(r"(?<![^ \t\n\r])#[ \t]*trailbell:[ \t]*ignore\b(?:\[([^\]\n\r]*)\])?[ \t]*([^\n\r]*)")
_BLANK: Final = re.compile(r"[ \t]*(#.*)?$")


class _Ignore(NamedTuple):
    code: str
    file: str
    line: int
    span: Span


def without_ignored(
    problems: Sequence[Problem], readings: Iterable[Reading], codes: Mapping[str, Code], checked: Collection[str]
) -> list[Problem]:
    """The problems that no comment ignores, and what is wrong with the comments themselves.

    A comment is about the line on which it stands, or, alone on its line, about the next line that says something.

    Args:
        problems: all problems of the files.
        readings: the files.
        codes: all codes.
        checked: the codes that would have been found if they were there; of others a comment may be right or not.
    """
    kept: list[Problem] = []
    ignores: dict[tuple[str, str, int], _Ignore] = {}
    for reading in readings:
        if "trailbell:" in reading.source.text:
            for found in _ignores(reading, codes):
                if isinstance(found, Problem):
                    kept.append(found)
                else:
                    ignores[found.code, found.file, found.line] = found
    used = set()
    for problem in problems:
        place = (problem.code, problem.span.file, problem.span.line)
        if place in ignores:
            used.add(place)
        else:
            kept.append(problem)
    if not any(problem.severity == "error" for problem in kept):  # a broken rule was not looked at in full
        kept += [_unused(ignore) for place, ignore in ignores.items() if place not in used and ignore.code in checked]
    return kept


def _unused(ignore: _Ignore) -> Problem:
    return Problem(UNUSED.name, "warning", f'there is no "{ignore.code}" to ignore here', ignore.span, "remove it")


def _ignores(reading: Reading, codes: Mapping[str, Code]) -> Iterator[_Ignore | Problem]:
    source = reading.source
    for found in _COMMENT.finditer(source.text):
        if any(document.in_scalar(found.start()) for document in reading.documents):
            continue
        span = source.span(found.start(), found.end())
        names = [name.strip() for name in (found[1] or "").split(",") if name.strip()]
        flaw = _flaw(names, found[2].strip(), codes)
        if flaw is not None:
            summary, help_, label = flaw
            yield Problem(BAD.name, "warning", summary, span, help_, label)
            continue
        for name in names:
            yield _Ignore(name, source.file, _line(source, span), span)


def _flaw(names: Sequence[str], reason: str, codes: Mapping[str, Code]) -> tuple[str, str, str] | None:
    form = "write `# trailbell: ignore[code] reason`"
    if not names:
        return "the comment does not say what to ignore", form, ""
    for name in names:
        if name not in codes:
            return f'no problem has the code "{name}"', form, did_you_mean(name, codes)
        if not codes[name].lint:
            return f'"{name}" cannot be ignored', "it is about the text, not about what you meant by it", ""
    return None if reason else ("an ignored problem needs a reason", form, "")


def _line(source: Source, span: Span) -> int:
    """The line that the comment is about."""
    if source.line(span.line)[: span.column - 1].strip():
        return span.line
    line = span.line + 1
    while line < source.lines and _BLANK.match(source.line(line)):
        line += 1
    return line
