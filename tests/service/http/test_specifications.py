"""Questions made from the specifications, of all kinds: ours for every route, the vendor's for the Audit API."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from trailbell.http.openapi import document
from trailbell.http.settings import AuditPair, Sender
from trailbell.store.ledger import StoreLedger
from trailbell.testing.vonage_types import EVENT_TYPES
from trailbell_notifiers.secret import Secret

VENDORS = next(
    (file for folder in Path(__file__).parents for file in folder.glob("shared/reference/vonage-audit.openapi.yml")),
    None,
)
OURS = document()
ROUTES = [(path, method) for path, methods in OURS["paths"].items() for method in methods if path != "/v1/dry-runs"]
SHAPES = [content_type_conformance, response_schema_conformance, status_code_conformance]
CALM = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
AUDIT = AuditPair("k", Secret("s"), None)
BASIC = {"Authorization": "Basic azpz"}
BEARER = {"Authorization": "Bearer t"}


@pytest.fixture
def server(running, event):
    """An engine and a server with some events, of which one raised an alert."""
    text = "id: login\ntitle: A login\nseverity: low\nmatch: {event_type: USER_LOGIN}\n"
    sender = Sender(source="app", proof="token", secret=Secret("t"))
    served, database, _ = running(text, audit=(AUDIT,), senders=(sender,))
    ledger = StoreLedger(database)
    with ledger.transaction():
        for number in range(50):
            ledger.record([event(number, ("USER_LOGIN", "NUMBER_UPDATED")[number % 2], user_id=1234567, source_kind=1)])
        ledger.complete("vonage", {}, None)
    return served


def ask(operation, mode, url, headers, checks):
    """Ask whatever the description lets one think of, well or badly, and check every answer."""

    @CALM
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case):
        given_headers = {**dict(case.headers or {}), **headers}
        case.call_and_validate(base_url=url, headers=given_headers, checks=checks, timeout=20)

    one()


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_our_own(server, path, method):
    """No question of any route is a failure of ours; every answer has the shape and status that is described."""
    operation = schemathesis.openapi.from_dict(OURS)[path][method]
    headers = BEARER if path in ("/v1/events", "/v1/logs") else BASIC
    ask(operation, GenerationMode.POSITIVE, server.url, headers, [not_a_server_error, *SHAPES])
    if any(parameter["in"] == "query" for parameter in OURS["paths"][path][method]["parameters"]):
        ask(operation, GenerationMode.NEGATIVE, server.url, headers, [not_a_server_error, *SHAPES])


@pytest.mark.skipif(VENDORS is None, reason="the vendor's specification is not beside this checkout")
@pytest.mark.parametrize(("path", "method"), [("/events", "get"), ("/events", "options"), ("/events/{id}", "get")])
def test_the_vendors(server, path, method):
    """By the vendor's own specification 1.0.4 every answer is one of the Audit API's."""
    vendors = yaml.safe_load(VENDORS.read_text(encoding="utf-8"))
    amended = copy.deepcopy(vendors)
    # The file refuses its own example: every context meets all three of `oneOf`.
    context = amended["components"]["schemas"]["AuditEvent"]["properties"]["context"]
    context["anyOf"] = context.pop("oneOf")
    # `format: date`, with a date and time as its example.
    amended["components"]["schemas"]["AuditEvent"]["properties"]["created_at"].pop("format")
    # It has an error for bad requests and names it nowhere.
    bad = {
        "description": "Bad Request",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBadRequest"}}},
    }
    amended["paths"]["/events"]["get"]["responses"]["400"] = bad
    # The documentation names more event types than the file, and says that the list changes.
    amended["components"]["schemas"]["EventTypes"]["enum"] = sorted(EVENT_TYPES)
    # Of OPTIONS it writes the content of an answer that can have none.
    amended["paths"]["/events"]["options"]["responses"]["204"].pop("content")
    operation = schemathesis.openapi.from_dict(amended)[path][method]
    ask(operation, GenerationMode.POSITIVE, f"{server.url}/beta/audit", BASIC, [not_a_server_error, *SHAPES])
    stranger = {"Authorization": "Basic eDp5"}
    ask(operation, GenerationMode.POSITIVE, f"{server.url}/beta/audit", stranger, [not_a_server_error, *SHAPES])


def test_the_description_names_every_route(server):
    """What the server answers at, but for the pages of people, stands in its description, and the other way round."""
    served = requests.get(f"{server.url}/openapi.json", timeout=10).json()
    assert served == OURS
    for path, methods in OURS["paths"].items():
        reply = requests.request("TRACE", f"{server.url}{path.replace('{id}', 'x')}", timeout=10)
        allowed = {method.strip().lower() for method in reply.headers["Allow"].split(",")}
        assert (reply.status_code, allowed - {"head"}) == (405, set(methods))
