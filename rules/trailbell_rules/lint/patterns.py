"""``costly-pattern``, ``literal-pattern`` and ``loose-pattern``: regular expressions that say it in a worse way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from trailbell_engine.predicate import tests
from trailbell_rules.code import Code
from trailbell_rules.document import Place
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .written import operands

COSTLY: Final = Code(
    name="costly-pattern",
    summary="The pattern begins or ends with `.*`, or repeats a group a thousand times.",
    why="A pattern is found anywhere in a text, so `.*` at its ends changes nothing and makes the search keep every "
    "possible beginning in mind. Large repetitions are unrolled: each costs memory and time on every event.",
    bad="""\
# rules/callback.yaml
id: callback-to-tunnel
title: "{{ context.msisdn }} calls back through a tunnel"
severity: high
match:
  event_type: NUMBER_UPDATED
  context.http: {matches: '.*ngrok\\.(io|app).*'}
""",
    good="""\
# rules/callback.yaml
id: callback-to-tunnel
title: "{{ context.msisdn }} calls back through a tunnel"
severity: high
match:
  event_type: NUMBER_UPDATED
  context.http: {matches: 'ngrok\\.(io|app)'}
""",
    severity="warning",
    lint=True,
)

LITERAL: Final = Code(
    name="literal-pattern",
    summary="The pattern is a plain text, which `equals`, `starts_with`, `ends_with` or `contains` says without a "
    "pattern.",
    why="A reader has to ask which characters mean something. The plain operators are faster and read as what they do.",
    bad="""\
# rules/contractor.yaml
id: contractor-signed-in
title: "{{ user_email }} signed in"
severity: low
match:
  event_type: USER_LOGIN
  user_email: {matches: '@contractor\\.example$'}
""",
    good="""\
# rules/contractor.yaml
id: contractor-signed-in
title: "{{ user_email }} signed in"
severity: low
match:
  event_type: USER_LOGIN
  user_email: {ends_with: '@contractor.example'}
""",
    severity="warning",
    lint=True,
)

LOOSE: Final = Code(
    name="loose-pattern",
    summary="A dot between two names is not escaped, so it fits any character: `example.com` also fits `exampleXcom`.",
    why="Somebody can register `examplexcom.net`, and a rule that trusts the pattern trusts them.",
    bad="""\
# rules/unknown-host.yaml
id: voice-to-unknown-host
title: "{{ context.msisdn }} goes to {{ context['voice-value'] }}"
severity: high
match:
  event_type: NUMBER_UPDATED
  context.voice-value: {not: {matches: '[@.]example.com(:\\d+)?$'}}
""",
    good="""\
# rules/unknown-host.yaml
id: voice-to-unknown-host
title: "{{ context.msisdn }} goes to {{ context['voice-value'] }}"
severity: high
match:
  event_type: NUMBER_UPDATED
  context.voice-value: {not: {matches: '[@.]example\\.com(:\\d+)?$'}}
""",
    severity="warning",
    lint=True,
)

_FLAGS: Final = re.compile(r"\A\(\?([a-zA-Z]+)\)")
_PLAIN: Final = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\\[^A-Za-z0-9])+")
_MANY: Final = re.compile(r"\{(\d{4,}|\d+,\d{4,})\}")
_ENDS: Final = re.compile(r"\A\^?\(?\.\*|(?<!\\)\.\*\)?\$?\Z")
_LOOSE_DOT: Final = re.compile(r"[A-Za-z0-9](\.)(?:com|net|org|io|app|dev|co|example|internal|local)\b")


class _Advice(NamedTuple):
    code: Code
    summary: str
    help: str


def _find(subject: Subject) -> Iterator[Problem]:
    if not any(test.operator == "matches" for test in tests(subject.rule.match)):
        return
    for place, operand in operands(subject.document.at(("match",)), ("match",), "matches"):
        patterns = operand if isinstance(operand, list) else [operand]
        for position, pattern in enumerate(patterns):
            advice = _advice(str(pattern))
            if advice is not None:
                where: Place = (*place, position) if isinstance(operand, list) else place
                span = subject.document.span_of_value(where)
                yield Problem(advice.code.name, "warning", advice.summary, span, advice.help, rule_id=subject.rule.id)


def _advice(pattern: str) -> _Advice | None:
    flags = _FLAGS.match(pattern)
    body = pattern[flags.end() :] if flags else pattern
    bare = body.removeprefix("^")
    bare, anchored_end = (bare[:-1], True) if bare.endswith("$") and not bare.endswith("\\$") else (bare, False)
    if _PLAIN.fullmatch(bare):
        return _literal(re.sub(r"\\(.)", r"\1", bare), flags, start=body.startswith("^"), end=anchored_end)
    if _ENDS.search(body):
        trimmed = re.sub(r"\A\^?\.\*\??|(?<!\\)\.\*\$?\Z", "", body)
        return _Advice(COSTLY, "a pattern is found anywhere: `.*` at its ends does nothing", f"write `{trimmed}`")
    if _MANY.search(body):
        return _Advice(COSTLY, "the repetition is unrolled a thousand times", "test `length` instead")
    loose = _LOOSE_DOT.search(body)
    if loose is not None:
        mended = f"{body[: loose.start(1)]}\\{body[loose.start(1) :]}"
        return _Advice(LOOSE, f"the dot in `{loose[0]}` fits any character", f"write `{mended}`")
    return None


def _literal(text: str, flags: re.Match[str] | None, *, start: bool, end: bool) -> _Advice | None:
    if flags is not None and flags[1] != "i":
        return None
    operator = {(True, True): "equals", (True, False): "starts_with", (False, True): "ends_with"}.get((start, end))
    quoted = "'" + text.replace("'", "''") + "'"
    folded = ", ignore_case: true" if flags else ""
    help_ = f"write `{operator or 'contains'}: {quoted}{folded}`"
    return _Advice(LITERAL, "the pattern is a plain text", help_)


CHECK: Final = each_rule(_find, COSTLY, LITERAL, LOOSE)
