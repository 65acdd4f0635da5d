"""``/v1/rules``: the rules that run, and what each has done since the engine started."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.tally import RuleTally
from trailbell_engine.rule import Rule
from trailbell_engine.values import Json

from .answers import RefusalError, answer, require_json, resource
from .parts import Parts


def rule_routes(parts: Parts) -> list[BaseRoute]:
    """The list, and one."""
    return [
        resource("/v1/rules", GET=partial(_list, parts)),
        resource("/v1/rules/{rule_id}", GET=partial(_one, parts)),
    ]


def rule_document(rule: Rule, parts: Parts) -> dict[str, Json]:
    """A rule, with its counts where an engine runs in this process."""
    words = rule.words
    document: dict[str, Json] = {
        "id": rule.id,
        "version": rule.version,
        "severity": rule.severity,
        "status": rule.status,
        "title": words.title,
        "description": words.description,
        "tags": list(words.tags),
        "owner": words.owner,
        "runbook": words.runbook,
        "when": rule.condition.to_json(),
        "notify": list(rule.notify),
        "file": rule.origin.file,
        "line": rule.origin.line,
    }
    if parts.tally is None:
        return document
    tally = parts.tally().rules.get(rule.id) or RuleTally()
    return document | {
        "matched": tally.matched,
        "alerts": tally.alerts,
        "suppressed": dict(tally.suppressed),
        "errors": sum(tally.errors.values()),
    }


async def _list(parts: Parts, request: Request) -> Response:
    require_json(request)
    return answer({"rules": [rule_document(rule, parts) for rule in parts.rules()]})


async def _one(parts: Parts, request: Request) -> Response:
    require_json(request)
    rule_id = request.path_params["rule_id"]
    rule = next((rule for rule in parts.rules() if rule.id == rule_id), None)
    if rule is None:
        raise RefusalError(404, f"there is no rule {rule_id}")
    return answer(rule_document(rule, parts))
