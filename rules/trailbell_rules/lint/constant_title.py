"""``constant-title``: alerts per key that all have one title."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule

CODE: Final = Code(
    name="constant-title",
    summary="The rule tells of each user, number or address by itself, and its title names none.",
    why="Ten alerts in a channel look like one. People open each to see whom it is about, and soon none.",
    bad="""\
# rules/many-sign-ins.yaml
id: many-sign-ins
title: Too many sign-ins
severity: medium
match: {event_type: USER_LOGIN}
when:
  count: {at_least: 8, within: 10m, by: user_email}
""",
    good="""\
# rules/many-sign-ins.yaml
id: many-sign-ins
title: "{{ user_email }} signed in {{ count }} times within {{ within }}"
severity: medium
match: {event_type: USER_LOGIN}
when:
  count: {at_least: 8, within: 10m, by: user_email}
""",
    severity="warning",
    lint=True,
)


def _find(subject: Subject) -> Iterator[Problem]:
    by = subject.rule.condition.by
    if by and "{{" not in subject.rule.words.title:
        names = ", ".join(map(str, by))
        summary = f"every alert has this title, whatever its {names}"
        help_ = f"print the key: `{{{{ key['{by[0]}'] }}}}`"
        yield subject.warning(CODE.name, ("title",), summary, help_)


CHECK: Final = each_rule(_find, CODE)
