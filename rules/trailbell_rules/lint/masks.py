"""``mask-as-value``: a network, or an address of mail with a ``*``, where a plain value stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import islice
from typing import Final

from trailbell_engine.values import Json, canonical
from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .located import Claim, Node

CODE: Final = Code(
    name="mask-as-value",
    summary="A network, or a text such as `*@example.com`, stands where values are compared as they stand.",
    why="`equals` and `in` compare whole values. No address is the text `10.0.0.0/8`, so the rule never fires; with "
    "`not_in` it fires on everything, the office included.",
    bad="""\
# rules/login-from-elsewhere.yaml
id: login-from-elsewhere
title: "{{ user_email }} signed in from {{ source_ip }}"
severity: medium
match:
  event_type: USER_LOGIN
  source_ip: {not_in: [203.0.113.0/24]}
""",
    good="""\
# rules/login-from-elsewhere.yaml
id: login-from-elsewhere
title: "{{ user_email }} signed in from {{ source_ip }}"
severity: medium
match:
  event_type: USER_LOGIN
  source_ip: {not_cidr: 203.0.113.0/24}
""",
    severity="warning",
    lint=True,
)

_ADDRESS: Final = re.compile(r"(?i)(?:source|src|client|remote|peer|caller|actor)[-_]?ip$|ip[-_]?addr(?:ess)?$")
"""Names of fields that hold one address. A field that is called `ip` alone may hold a network, as allow lists do."""
_LOOKED_AT: Final = 1_000
"""Values of a list: where one is a mask, others at its beginning are, too."""


def _find(subject: Subject) -> Iterator[Problem]:
    for claim in _every(subject.match):
        found = next((advice for value in _values(claim) if (advice := _advice(claim, value))), None)
        if found is not None:
            yield subject.warning(CODE.name, claim.place, *found)


def _every(node: Node) -> Iterator[Claim]:
    if isinstance(node, Claim):
        yield node
    else:
        for part in node.parts:
            yield from _every(part)


def _values(claim: Claim) -> Iterator[Json]:
    if claim.test.operator == "equals":
        yield claim.test.operand
    elif claim.test.operator == "in":
        yield from islice(claim.test.operand, _LOOKED_AT)


def _advice(claim: Claim, value: Json) -> tuple[str, str] | None:
    """What is wrong with a value, and what to write instead."""
    if not isinstance(value, str):
        return None
    if value.startswith("*@"):
        test = f"ends_with: {canonical(value[1:])}"
        said = f"{canonical(value)} is compared as it stands: `*` is no wildcard here"
        return said, f"write `not: {{{test}}}`" if claim.negated else f"write `{test}`"
    if "/" in value and _ADDRESS.search(str(claim.test.path)) and _is_network(value):
        said = f"{canonical(value)} is a network, and is compared as a text"
        return said, f"write `{'not_cidr' if claim.negated else 'cidr'}: …`"
    return None


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


CHECK: Final = each_rule(_find, CODE)
