"""``untested``: a rule without a test that fires, or without one that stays silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule

CODE: Final = Code(
    name="untested",
    summary="The rule has no test that fires, or none that stays silent.",
    why="A rule that never fires looks like a quiet day, and one that always fires is muted within a week. Two short "
    "tests tell both, today and after each change.",
    bad="""\
# rules/api-secret-created.yaml
id: api-secret-created
title: "{{ user_email or 'The API' }} created an API secret"
severity: medium
match: {event_type: ACCOUNT_SECRET_CREATE}
""",
    good="""\
# rules/api-secret-created.yaml
id: api-secret-created
title: "{{ user_email or 'The API' }} created an API secret"
severity: medium
match: {event_type: ACCOUNT_SECRET_CREATE}
tests:
  - name: a secret is created
    events: [{event_type: ACCOUNT_SECRET_CREATE}]
    alerts: [{title: The API created an API secret}]
  - name: a secret is deleted
    events: [{event_type: ACCOUNT_SECRET_DELETE}]
    alerts: []
""",
    severity="warning",
    lint=True,
)


def _find(subject: Subject) -> Iterator[Problem]:
    """A rule is shown to work by one test that fires and one that stays silent."""
    rule_id, tests = subject.rule.id, subject.tests
    if not tests:
        summary, help_ = f"{rule_id} has no tests", "add `tests:` with one that fires and one that stays silent"
    elif not any(test.alerts for test in tests):
        summary, help_ = f"no test of {rule_id} expects an alert", "add one with the event that must fire"
    elif all(test.alerts for test in tests):
        summary, help_ = f"no test of {rule_id} expects silence", "add one with `alerts: []`"
    else:
        return
    yield subject.warning(CODE.name, ("tests",) if tests else ("id",), summary, help_)


CHECK: Final = each_rule(_find, CODE)
