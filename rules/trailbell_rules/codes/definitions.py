"""Codes about what rules share: schedules, lists, named predicates."""

from typing import Final

from trailbell_rules.code import Code

_RULE: Final = """\
# rules/sign-in.yaml
id: odd-sign-in
title: An odd sign-in
severity: low
match:
  event_type: USER_LOGIN
"""


def _set(definitions: str, match: str) -> str:
    return f"{_RULE}  {match}\n# rules/_shared.yaml\n{definitions}"


_OUTSIDE: Final = "time: {outside: office}"
_EXPECTED: Final = "source_country: {not_in: expected}"

_TEAM: Final = "lookup.people.team: {not_in: [platform]}"
_PEOPLE: Final = "# rules/people.csv\nemail,team\nada@example.com,platform\n"

DEFINITIONS: Final = (
    Code(
        name="bad-list",
        summary="A list has values: written out, one a line of a text file, or a column of a CSV file.",
        why="An empty list makes every `in` false and every `not_in` true.",
        bad=_set("lists:\n  expected: {file: countries.txt}\n", _EXPECTED) + "# rules/countries.txt\n",
        good=_set("lists:\n  expected: [GB, IE]\n", _EXPECTED),
    ),
    Code(
        name="bad-lookup",
        summary="A lookup reads a table: CSV with a header, JSON (an object of objects, or an array of objects), or a "
        "MaxMind DB. Each key has one row.",
        why="A row that is not found is MISSING, so a broken table makes rules blind without a sign.",
        bad=_set("lookups:\n  people: {file: people.csv, key: user_email, on: mail}\n", _TEAM) + _PEOPLE,
        good=_set("lookups:\n  people: {file: people.csv, key: user_email, on: email}\n", _TEAM) + _PEOPLE,
    ),
    Code(
        name="bad-schedule",
        summary="A schedule is `{timezone: Europe/London, days: mon-fri, hours: 08:00-18:00, holidays: GB}`; each "
        "part may be left out. Hours may run over midnight, days over the weekend.",
        why="A wrong hour is found out at three in the morning.",
        bad=_set("schedules:\n  office: {timezone: Europe/Londn, days: mon-fri}\n", _OUTSIDE),
        good=_set("schedules:\n  office: {timezone: Europe/London, days: mon-fri}\n", _OUTSIDE),
    ),
    Code(
        name="circular-use",
        summary="A named predicate uses itself, directly or through others, or more than 32 use one another in a row.",
        why="It has no meaning: each waits for the other.",
        bad=_set("predicates:\n  odd: {use: odd}\n", "use: odd"),
        good=_set("predicates:\n  odd: {source_country: {not_in: [GB]}}\n", "use: odd"),
    ),
    Code(
        name="duplicate-name",
        summary="Two definitions of one kind share a name. Only the definitions of a shipped pack may be replaced by "
        "others.",
        why="Which of the two holds would depend on the names of files.",
        bad=_set("lists:\n  expected: [GB, IE]\n", _EXPECTED) + "# rules/_more.yaml\nlists:\n  expected: [FR]\n",
        good=_set("lists:\n  expected: [GB, IE, FR]\n", _EXPECTED),
    ),
    Code(
        name="unused-definition",
        summary="Nothing uses the definition.",
        why="It is a leftover, or misspelt where it should be used.",
        bad=_set("lists:\n  expected: [GB, IE]\n  excepted: [FR]\n", _EXPECTED),
        good=_set("lists:\n  expected: [GB, IE]\n", _EXPECTED),
        severity="warning",
        lint=True,
    ),
)
