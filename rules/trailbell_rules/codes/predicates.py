"""Codes about predicates: fields, operators and operands."""

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


def _rule(match: str) -> str:
    return f"{_RULE}  {match}\n"


PREDICATES: Final = (
    Code(
        name="bad-network",
        summary='A network is an address and a mask, such as `203.0.113.0/24` or `"2001:db8::/32"`, and no bit is '
        "set beyond the mask.",
        why="`10.0.0.1/8` could mean one machine or sixteen million.",
        bad=_rule("source_ip: {cidr: 10.0.0.1/8}"),
        good=_rule("source_ip: {cidr: 10.0.0.0/8}"),
    ),
    Code(
        name="bad-operand",
        summary="The operator cannot use this value. The reference lists what each operator takes.",
        why="The test would be false for every event, or true.",
        bad=_rule("user_email: {exists: yes}"),
        good=_rule("user_email: {exists: true}"),
    ),
    Code(
        name="bad-path",
        summary="The text is no field path. A path is names separated by dots, `context.voice-type`; a name with a "
        'dot, bracket or quotation mark in it is quoted, `a."b.c"`; `items[0]`, `items[-1]` and `items[*]` '
        "pick elements.",
        why="A field that cannot be named is never found.",
        bad=_rule("context..city: {exists: true}"),
        good=_rule("context.city: {exists: true}"),
    ),
    Code(
        name="bad-pattern",
        summary="The pattern is no RE2 pattern, or too large a one. RE2 has no look-around and no back-references.",
        why="In exchange it takes linear time, whatever an event holds: nobody can stop the rules with a long text.",
        bad=_rule("user_email: {matches: '^(?!admin)'}"),
        good=_rule("user_email: {not: {matches: '^admin[0-9]'}}"),
    ),
    Code(
        name="no-operator",
        summary="A test that is a mapping has no operator in it.",
        why="It would hold for everything.",
        bad=_rule("user_email: {ignore_case: true}"),
        good=_rule("user_email: {ends_with: '@example.com', ignore_case: true}"),
    ),
    Code(
        name="operator-as-field",
        summary="An operator stands where a field path stands.",
        why="It tests a field of that name, which events hardly have. Below a field it would be an operator.",
        bad=_rule("contains: admin"),
        good=_rule("user_email: {contains: admin}"),
        severity="warning",
        lint=True,
    ),
    Code(
        name="undefined-name",
        summary="No definition of that name is in the rule set. Definitions stand in files whose name begins with `_`.",
        why="A rule without its list or schedule would mean something else.",
        bad=_rule("source_country: {not_in: expected-contries}")
        + "# rules/_shared.yaml\nlists:\n  expected-countries: [GB, IE]\n",
        good=_rule("source_country: {not_in: expected-countries}")
        + "# rules/_shared.yaml\nlists:\n  expected-countries: [GB, IE]\n",
    ),
    Code(
        name="unknown-operator",
        summary="The operator is not known. A test that is a mapping consists of operators; a field inside a field "
        "is written as one path, `context.msisdn`.",
        why="A test that is not understood must not count as met.",
        bad=_rule("user_email: {starts_wiht: admin}"),
        good=_rule("user_email: {starts_with: admin}"),
    ),
)
