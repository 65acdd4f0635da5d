"""``mixed-subjects`` and ``unbounded-key``: a condition over time that keeps too few keys, or too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trailbell_engine.path import Path, Root
from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .located import claims

MIXED: Final = Code(
    name="mixed-subjects",
    summary="The condition compares events with one another and has no `by`, so the events of all users, numbers and "
    "addresses are one sequence.",
    why="One user after another counts as one user often, and a value that differs between two subjects counts as a "
    "change. The alert is wrong, and it names the last one who passed by.",
    bad="""\
# rules/route-changed.yaml
id: route-changed
title: "A voice route changed from {{ change.old }} to {{ change.new }}"
severity: high
match: {event_type: NUMBER_UPDATED}
when:
  changed: {of: context.voice-value, within: 30d}
""",
    good="""\
# rules/route-changed.yaml
id: route-changed
title: "The voice route of {{ context.msisdn }} changed from {{ change.old }} to {{ change.new }}"
severity: high
match: {event_type: NUMBER_UPDATED}
when:
  changed: {of: context.voice-value, by: context.msisdn, within: 30d}
""",
    severity="warning",
    lint=True,
)

UNBOUNDED: Final = Code(
    name="unbounded-key",
    summary="The condition remembers something for each value of a key that has ever new values, and never forgets.",
    why="Addresses, sessions and ids of requests do not come back. Their memory grows with every event, until the "
    "store is full of what nobody will ask for again.",
    bad="""\
# rules/country-of-address.yaml
id: country-of-address-changed
title: "{{ source_ip }} moved from {{ change.old }} to {{ change.new }}"
severity: low
match: {event_type: USER_LOGIN}
when:
  changed: {of: source_country, by: source_ip}
""",
    good="""\
# rules/country-of-address.yaml
id: country-of-address-changed
title: "{{ source_ip }} moved from {{ change.old }} to {{ change.new }}"
severity: low
match: {event_type: USER_LOGIN}
when:
  changed: {of: source_country, by: source_ip, within: 30d}
""",
    severity="warning",
    lint=True,
)

_COMPARING: Final = frozenset({"changed", "count", "distinct", "sequence", "impossible_travel"})
"""Conditions for which events of two subjects make no sense together; the others are asked of a whole fleet too."""

_SUBJECT: Final = re.compile(
    r"(?i)(email|user|account|msisdn|number|phone|actor|principal|_id|id|ip|name|arn|key|host)$"
)
"""The end of a field's name that says it is somebody or something."""

_EVER_NEW: Final = re.compile(
    r"(?i)^(\w*[_-])?(ip|ip_?address|address|session(_?id)?|request(_?id)?|trace(_?id)?|event(_?id)?|uuid|guid|jti|nonce"
    r"|user_?agent|url|query|path|time|timestamp|created_at|port)$"
)
"""Names of fields whose values seldom come back."""


def _find(subject: Subject) -> Iterator[Problem]:
    condition = subject.rule.condition
    written = condition.to_json()
    name = next(iter(written)) if isinstance(written, dict) and written else ""
    place = ("when", name) if isinstance(subject.document.at(("when",)), dict) else ("when",)
    if name in _COMPARING and not condition.by and not _one_subject(subject):
        summary = f'"{name}" without `by` takes the events of everybody together'
        yield subject.warning(MIXED.name, place, summary, "name the subject: `by: user_email`")
    if getattr(condition, "within", 0) is not None:
        return
    for path in condition.by:
        if _ever_new(path):
            summary = f"one value is kept for each `{path}` that was ever seen"
            help_ = "add `within`, after which it is forgotten, or `limits: {keys: 100000}`"
            yield subject.warning(UNBOUNDED.name, (*place, "by"), summary, help_)


def _one_subject(subject: Subject) -> bool:
    """Whether the match admits one subject only, by its name."""
    found = claims(subject.match)
    return any(
        claim.test.operator == "equals" and not claim.negated and _SUBJECT.search(_last(claim.test.path))
        for claim in found
        if claim.test.path.root is not Root.ENVELOPE
    )


def _ever_new(path: Path) -> bool:
    return (path.root is Root.ENVELOPE and path.segments[0] != "event_type") or bool(_EVER_NEW.match(_last(path)))


def _last(path: Path) -> str:
    names = [segment for segment in path.segments if isinstance(segment, str)]
    return names[-1] if names else ""


CHECK: Final = each_rule(_find, MIXED, UNBOUNDED)
