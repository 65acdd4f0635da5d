"""Alertmanager's API, version 2, as far as it reads: ``amtool`` and dashboards made for it work on our alerts.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell import __version__
from trailbell.clock import now_us
from trailbell.store.alerts import StoredAlert
from trailbell_engine.rule import RuleSet, Words
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json
from trailbell_notifiers.channels.alertmanager.labels import NEVER, fingerprint, labels_of
from trailbell_notifiers.policy.matchers import Matcher, MatcherError, parse_matcher
from trailbell_notifiers.policy.routing import labels_of as own_labels_of

from .alerts import AlertFilters, find_alerts
from .answers import ALERTMANAGER, RefusalError, answer, resource
from .deliveries import deliveries_of
from .parts import Parts
from .silences import known_silences

_NEWEST: Final = 1_000
"""Open alerts that are looked at; Alertmanager has no pages."""


def alertmanager_routes(parts: Parts) -> list[BaseRoute]:
    """Alerts and status."""
    return [
        resource(f"{ALERTMANAGER}/alerts", GET=partial(_alerts, parts)),
        resource(f"{ALERTMANAGER}/status", GET=partial(_status, parts)),
    ]


async def _alerts(parts: Parts, request: Request) -> Response:
    matchers = [_matcher(text) for text in request.query_params.getlist("filter")]
    active, silenced = _wanted(request, "active"), _wanted(request, "silenced")
    found = await run_in_threadpool(_documents, parts, matchers)
    return answer([document for document in found if (silenced if document["status"]["silencedBy"] else active)])


def _documents(parts: Parts, matchers: list[Matcher]) -> list[dict[str, Json]]:
    stored = find_alerts(parts.keeper.readers, AlertFilters(state="open"), _NEWEST)
    at_us, rules = now_us(), parts.rules()
    silences = [one for one in known_silences(parts.keeper.readers, parts.folder) if one.phase(at_us) == "active"]
    documents = []
    for one in stored:
        words = words_of(rules, one.alert.rule_id)
        labels = labels_of(one.alert, words)
        if all(matcher.holds({name: (value,) for name, value in labels.items()}) for matcher in matchers):
            covering = [silence.id for silence in silences if silence.covers(own_labels_of(one.alert, words))]
            documents.append(_document(parts, one, labels, covering))
    return documents


def _wanted(request: Request, name: str) -> bool:
    given = request.query_params.get(name) or "true"
    if given not in ("true", "false"):
        raise RefusalError(400, f"{name} is true or false")
    return given == "true"


def words_of(rules: RuleSet, rule_id: str) -> Words:
    """The words of a rule; of one that runs no more, none."""
    return next((rule.words for rule in rules if rule.id == rule_id), Words(title=rule_id))


def _document(parts: Parts, stored: StoredAlert, labels: dict[str, str], silenced_by: list[str]) -> dict[str, Json]:
    alert, wording = stored
    told = dict.fromkeys(str(delivery["receiver"]) for delivery in deliveries_of(parts.keeper.readers, alert.id))
    opened_at = format_time(alert.opened_at_us)
    return {
        "labels": labels,
        "annotations": {"summary": wording["title"], "description": wording["summary"], "alert_id": alert.id},
        "startsAt": opened_at,
        "endsAt": NEVER,
        "updatedAt": format_time(alert.last_at_us),
        "fingerprint": fingerprint(labels),
        "generatorURL": f"{parts.settings.public_url}/alerts/{alert.id}",
        "receivers": [{"name": name} for name in told],
        "status": {
            "state": "suppressed" if silenced_by else "active",
            "silencedBy": silenced_by,
            "inhibitedBy": [],
        },
    }


def _matcher(text: str) -> Matcher:
    try:
        return parse_matcher(text)
    except MatcherError as error:
        raise RefusalError(400, f"bad matcher format: {error}") from None


async def _status(parts: Parts, _request: Request) -> Response:
    return answer(
        {
            "cluster": {"status": "disabled", "name": "", "peers": []},
            "config": {"original": ""},
            "uptime": format_time(parts.started_us),
            "versionInfo": {
                "version": f"trailbell {__version__}",
                **dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), ""),
            },
        }
    )
