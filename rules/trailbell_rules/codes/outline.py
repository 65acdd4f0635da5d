"""Codes about the keys of a rule, its condition and its durations."""

from typing import Final

from trailbell_rules.code import Code

OUTLINE: Final = (
    Code(
        name="bad-condition",
        summary="The parameters of the condition are well-formed one by one, but not together.",
        why="The condition could never fire, or always would.",
        bad="""\
# rules/odd-failures.yaml
id: odd-failures
title: "Sign-ins by {{ key.user_email }} fell"
severity: low
match: {event_type: USER_LOGIN}
when:
  ratio: {of: {source_country: GB}, within: 1h, by: user_email}
""",
        good="""\
# rules/odd-failures.yaml
id: odd-failures
title: "Sign-ins by {{ key.user_email }} fell"
severity: low
match: {event_type: USER_LOGIN}
when:
  ratio: {of: {source_country: GB}, below: 0.5, within: 1h, by: user_email}
""",
    ),
    Code(
        name="bad-duration",
        summary="A duration is written with units, largest first: `90s`, `10m`, `1h30m`, `2d`, `1w`, `250ms`. It is "
        "more than nothing and at most ten years.",
        why="A number without a unit is seconds to one reader and minutes to the next.",
        bad="""\
# rules/sign-ins.yaml
id: many-sign-ins
title: "{{ user_email }} signed in often"
severity: low
match: {event_type: USER_LOGIN}
when:
  count: {at_least: 5, within: 10 minutes, by: user_email}
""",
        good="""\
# rules/sign-ins.yaml
id: many-sign-ins
title: "{{ user_email }} signed in often"
severity: low
match: {event_type: USER_LOGIN}
when:
  count: {at_least: 5, within: 10m, by: user_email}
""",
    ),
    Code(
        name="bad-value",
        summary="The value is of the right kind and still not one that may stand here.",
        why="It would have to be guessed what is meant.",
        bad="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severity: urgent
match: {event_type: APP_DELETE}
""",
        good="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severity: critical
match: {event_type: APP_DELETE}
""",
    ),
    Code(
        name="duplicate-id",
        summary="Two rules of a set share an id.",
        why="Alerts and memory belong to an id. Two rules would write into each other's.",
        bad="""\
# rules/a.yaml
id: application-deleted
title: An application was deleted
severity: high
match: {event_type: APP_DELETE}
# rules/b.yaml
id: application-deleted
title: An application was disabled
severity: low
match: {event_type: APP_DISABLE}
""",
        good="""\
# rules/a.yaml
id: application-deleted
title: An application was deleted
severity: high
match: {event_type: APP_DELETE}
# rules/b.yaml
id: application-disabled
title: An application was disabled
severity: low
match: {event_type: APP_DISABLE}
""",
    ),
    Code(
        name="misplaced",
        summary="Definitions stand in a file of rules, or a rule in a file of definitions. Files whose name begins "
        "with `_` hold definitions, all others rules.",
        why="A reader who looks for where a name is defined looks at the names of files.",
        bad="""\
# rules/countries.yaml
lists:
  expected: [GB, IE]
""",
        good="""\
# rules/_countries.yaml
lists:
  expected: [GB, IE]
# rules/sign-in.yaml
id: sign-in-from-elsewhere
title: A sign-in from elsewhere
severity: low
match: {event_type: USER_LOGIN, source_country: {not_in: expected}}
""",
    ),
    Code(
        name="missing-key",
        summary="A key that must be there is not.",
        why="What it would say cannot be guessed.",
        bad="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
match: {event_type: APP_DELETE}
""",
        good="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severity: high
match: {event_type: APP_DELETE}
""",
    ),
    Code(
        name="several-conditions",
        summary="`when` holds two conditions. It takes exactly one.",
        why="It would not be clear whether both must hold or either. Two conditions are two rules.",
        bad="""\
# rules/numbers.yaml
id: numbers-leave
title: "Numbers leave: {{ user_email }}"
severity: high
match: {event_type: NUMBER_RELEASE}
when:
  count: {at_least: 5, within: 10m, by: user_email}
  distinct: {of: context.country, at_least: 3, within: 1h, by: user_email}
""",
        good="""\
# rules/numbers.yaml
id: numbers-leave
title: "Numbers leave: {{ user_email }}"
severity: high
match: {event_type: NUMBER_RELEASE}
when:
  count: {at_least: 5, within: 10m, by: user_email}
---
id: numbers-leave-several-countries
title: "Numbers of several countries leave: {{ user_email }}"
severity: high
match: {event_type: NUMBER_RELEASE}
when:
  distinct: {of: context.country, at_least: 3, within: 1h, by: user_email}
""",
    ),
    Code(
        name="unknown-condition",
        summary="`when` names no condition that is known.",
        why="A rule whose condition is not understood must not fire as if it had none.",
        bad="""\
# rules/sign-ins.yaml
id: many-sign-ins
title: "{{ user_email }} signed in often"
severity: low
match: {event_type: USER_LOGIN}
when:
  cuont: {at_least: 5, within: 10m, by: user_email}
""",
        good="""\
# rules/sign-ins.yaml
id: many-sign-ins
title: "{{ user_email }} signed in often"
severity: low
match: {event_type: USER_LOGIN}
when:
  count: {at_least: 5, within: 10m, by: user_email}
""",
    ),
    Code(
        name="unknown-key",
        summary="The key means nothing here.",
        why="Nothing is ignored in silence: a misspelt key would leave a rule that does less than it says.",
        bad="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severty: high
match: {event_type: APP_DELETE}
""",
        good="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severity: high
match: {event_type: APP_DELETE}
""",
    ),
    Code(
        name="wrong-type",
        summary="The value is of another kind than what must stand here: a text where a list is wanted, a number for "
        "a text.",
        why="Turning one into the other by guess is right nine times and wrong the tenth.",
        bad="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severity: high
match: {event_type: APP_DELETE}
notify: security-slack
""",
        good="""\
# rules/deleted.yaml
id: application-deleted
title: An application was deleted
severity: high
match: {event_type: APP_DELETE}
notify: [security-slack]
""",
    ),
)
