"""``repeated-receiver``: one name twice in ``notify``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule

CODE: Final = Code(
    name="repeated-receiver",
    summary="`notify` names a receiver twice.",
    why="The receiver is told once. Most likely the second name was to be another one, who is not told at all.",
    bad="""\
# rules/spammer.yaml
id: account-marked-as-spammer
title: The account is marked as a spammer
severity: critical
match: {event_type: ACCOUNT_UPDATE_SPAMMER}
notify: [security-slack, security-slack]
""",
    good="""\
# rules/spammer.yaml
id: account-marked-as-spammer
title: The account is marked as a spammer
severity: critical
match: {event_type: ACCOUNT_UPDATE_SPAMMER}
notify: [security-slack, oncall-mail]
""",
    severity="warning",
    lint=True,
)


def _find(subject: Subject) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, name in enumerate(subject.rule.notify):
        if name in seen:
            yield subject.warning(CODE.name, ("notify", position), f'"{name}" stands twice in `notify`', "remove one")
        seen.add(name)


CHECK: Final = each_rule(_find, CODE)
