"""Health, metrics, alerts, rules, deliveries, dry-runs, and Alertmanager's API as its own tool reads it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
import requests

from trailbell.clock import now_us
from trailbell.http.exposition import Family, Sample, exposition
from trailbell.http.settings import Sender
from trailbell.store.decisions import Decisions
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_notifiers.delivery.outbox import Delivery
from trailbell_notifiers.groups.group import Note
from trailbell_notifiers.secret import Secret

RULES = """
id: login
title: "{{ event.user_email }} signed in"
severity: high
match: {event_type: USER_LOGIN}
"""
SENDER = Sender(source="app", proof="token", secret=Secret("t"))
_LABEL = r'[a-z_]+="([^"\\\n]|\\[\\"n])*"'
_LINE = re.compile(rf"# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{{{_LABEL}(,{_LABEL})*\}})? [0-9.e+-]+")


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Wherever the store is."""
    return request.param


@pytest.fixture
def served(running, record):
    """A function: a server whose engine has taken some logins; ask it for a path."""
    server, database, live = running(RULES, senders=(SENDER,))
    events = [record(number, "USER_LOGIN", user_email=f"user{number % 5}@example.com") for number in range(10)]
    headers = {"Authorization": "Bearer t"}
    assert requests.post(f"{server.url}/v1/events", json=events, headers=headers, timeout=10).status_code == 202

    def get(path, **keywords):
        return requests.get(f"{server.url}{path}", timeout=60, **keywords)

    get.server, get.database, get.live = server, database, live
    return get


def test_health(served):
    """The process answers; and it does its work: engine, store and sources are named."""
    assert served("/healthz").json() == {"status": "ok"}
    ready = served("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert [source["name"] for source in ready.json()["sources"]] == ["app"]


def test_not_ready_without_an_engine(served, monkeypatch):
    """When the engine has stopped, the process still answers, and says that it is not ready."""
    monkeypatch.setattr("trailbell.http.health.PATIENCE_S", 0.2)
    served.live.stop()
    assert served("/healthz").status_code == 200

    reply = served("/readyz")
    while reply.status_code == 200:
        reply = served("/readyz")
    assert (reply.status_code, reply.json()["status"]) == (503, "failing")
    assert "engine" in reply.json()["problem"]


def test_metrics(served):
    """Every line is of the text format; what was read, found and committed is counted."""
    reply = served("/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = reply.text.splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert "trailbell_events_read_total 10" in lines
    assert 'trailbell_rule_matched_total{rule="login"} 10' in lines
    assert any(re.fullmatch(r"trailbell_commit_seconds_count [1-9]\d*", line) for line in lines)
    assert any(line.startswith('trailbell_source_lag_seconds{source="app"} ') for line in lines)


PATTERN_RULE = """
id: numbered
title: An account with a number for a name signed in
severity: high
match: {event_type: USER_LOGIN, user_email: {matches: "^[0-9]+@"}}
"""


def test_metrics_of_what_the_matcher_remembers(running, record):
    """Each new value is a miss, a value seen before is none, and what is remembered stays below its limit."""
    server, _, _ = running(PATTERN_RULE, senders=(SENDER,))
    events = [record(number, "USER_LOGIN", user_email=f"user{number % 5}@example.com") for number in range(10)]
    requests.post(f"{server.url}/v1/events", json=events, headers={"Authorization": "Bearer t"}, timeout=10)

    text = requests.get(f"{server.url}/metrics", timeout=60).text
    counted = {name: int(value) for name, value in re.findall(r"^trailbell_matching_(\w+) (\d+)$", text, re.MULTILINE)}
    assert (counted["misses_total"], counted["clears_total"]) == (5, 0)
    assert 0 < counted["memory_bytes"] < counted["memory_limit_bytes"]


def test_labels_are_escaped():
    """What stands in labels cannot end them."""
    family = Family("trailbell_x", "gauge", "Two\nlines.", [Sample(1.5, {"rule": 'a"b\\c\nd'})])
    assert exposition([family]) == (
        '# HELP trailbell_x Two\\nlines.\n# TYPE trailbell_x gauge\ntrailbell_x{rule="a\\"b\\\\c\\nd"} 1.5\n'
    )


def test_alerts_page_by_page(served):
    """Alerts come newest first, each once, page after page; one by itself tells why."""
    seen, cursor = [], ""
    while True:
        page = served("/v1/alerts", params={"limit": 1, "cursor": cursor}).json()
        seen += page["alerts"]
        cursor = page["next"]
        if cursor is None:
            break
    whole = served("/v1/alerts").json()["alerts"]
    assert seen == whole
    assert len(whole) >= 1
    alert = served(f"/v1/alerts/{whole[0]['id']}").json()
    assert alert["why"]
    assert alert["events"][0]["event_type"] == "USER_LOGIN"
    assert served("/v1/alerts", params={"severity": "low"}).json()["alerts"] == []
    assert served("/v1/alerts", params={"since": "2027-01-01T00:00:00Z"}).json()["alerts"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=x", "cursor=WzFd", "severity=loud", "since=now"])
def test_bad_questions(served, query):
    """They are told as RFC 9457 has it."""
    reply = served(f"/v1/alerts?{query}")
    assert (reply.status_code, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert reply.json()["title"] == "Bad Request"


def test_rules_and_deliveries(served):
    """The rules that run, with their counts; nobody was told, so there are no deliveries."""
    (rule,) = served("/v1/rules").json()["rules"]
    assert (rule["id"], rule["severity"], rule["matched"]) == ("login", "high", 10)
    assert served("/v1/rules/login").json() == rule
    assert served("/v1/rules/none").status_code == 404
    assert served("/v1/deliveries").json() == {"deliveries": [], "next": None}


def test_a_message_about_a_group_tells_of_each_of_its_alerts(recorded, serving):
    """It has the id of one of them; who asks for another one is shown it, too."""
    database = recorded([])
    row = Delivery(id="dlv_1", alert_id="lead", receiver="siem", thread="g", body=b"{}", created_us=0, not_before_us=0)
    told = [Note(alert_id, "told", "", "siem", thread="g") for alert_id in ("lead", "other")]
    with database.transaction():
        StoreOutbox(database).add([row, replace(row, id="dlv_2", alert_id="third", thread="h")])
        Decisions(database).add([*told, Note("held", "silenced", "", "siem", thread="g")])
    server = serving()[1]

    def ids(**params):
        found = requests.get(f"{server.url}/v1/deliveries", params=params, timeout=10).json()["deliveries"]
        return [one["id"] for one in found]

    assert (ids(alert="lead"), ids(alert="other"), ids(alert="third")) == (["dlv_1"], ["dlv_1"], ["dlv_2"])
    assert (ids(alert="held"), ids(alert="other", state="sent"), ids(receiver="siem")) == ([], [], ["dlv_2", "dlv_1"])


def test_a_dry_run(served):
    """Rules over the recorded history, as the command line tells it; bad rules are told with their problems."""
    url = f"{served.server.url}/v1/dry-runs"
    report = requests.post(url, json={"rules": RULES, "since": "2026-11-01T00:00:00Z"}, timeout=120).json()
    assert report["schema"] == 1
    assert report["events"]["read"] == 10
    assert report["rules"][0]["matched"] == 10
    refused = requests.post(url, json={"rules": "id: x\nnonsense: 1"}, timeout=120)
    assert refused.status_code == 422
    assert "unknown-key" in refused.json()["problems"]
    assert "/tmp" not in refused.json()["problems"]
    for wrong in ({}, [], {"rules": " "}, {"rules": "x", "path": "/etc"}):
        assert requests.post(url, json=wrong, timeout=10).status_code == 400


def test_strangers_sites_are_kept_out(served):
    """Another host name, or a page of another site that wants something done, is refused."""
    assert served("/v1/alerts", headers={"Host": "evil.example"}).status_code == 421
    url = f"{served.server.url}/v1/dry-runs"
    headers = {"Origin": "http://evil.example"}
    assert requests.post(url, json={"rules": "x"}, headers=headers, timeout=10).status_code == 403


def test_tokens(running):
    """Where tokens are configured, everything but health asks for one."""
    server, _, _ = running(tokens=(Secret("one"), Secret("two")))
    assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
    for path in ("/v1/alerts", "/metrics", "/api/v2/alerts", "/openapi.json"):
        assert requests.get(f"{server.url}{path}", timeout=10).status_code == 401
        assert requests.get(f"{server.url}{path}", auth=("me", "one"), timeout=10).status_code == 200
        headers = {"Authorization": "Bearer two"}
        assert requests.get(f"{server.url}{path}", headers=headers, timeout=10).status_code == 200


@pytest.mark.skipif(shutil.which("amtool") is None and not os.environ.get("CI"), reason="amtool is not installed")
def test_amtool(served):
    """Alertmanager's own tool finds our alerts, filters them, and reads our status."""

    def amtool(*arguments):
        command = ["amtool", f"--alertmanager.url={served.server.url}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    assert "login" in amtool("alert", "query", "-o", "simple")
    assert "user" in amtool("alert", "query", "severity=high", "-o", "json")
    assert amtool("alert", "query", "severity=low", "-o", "json").strip() == "[]"
    assert amtool("cluster", "show")


@pytest.mark.skipif(shutil.which("amtool") is None and not os.environ.get("CI"), reason="amtool is not installed")
def test_amtool_silences(served):
    """Alertmanager's own tool makes a silence, finds it, sees what it hides, and ends it."""

    def amtool(*arguments):
        command = ["amtool", f"--alertmanager.url={served.server.url}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    made = amtool("silence", "add", "alertname=login", "--comment=maintenance", "--author=ada", "--duration=1h").strip()
    assert made in amtool("silence", "query")
    assert served("/v1/silences").json()["silences"][0]["matchers"] == ['rule="login"']
    assert amtool("alert", "query", "-o", "json").strip() == "[]"
    assert "login" in amtool("alert", "query", "--silenced", "-o", "simple")
    amtool("silence", "expire", made)
    assert "login" in amtool("alert", "query", "-o", "simple")
    assert served(f"/v1/silences/{made}").json()["state"] == "expired"


def _in_days(days):
    return format_time(now_us() + days * DAY_US)


def test_silences(served):
    """A silence is made, told, and ended; one that would hide everything, or nothing, is refused."""
    url = f"{served.server.url}/v1/silences"
    wanted = {"matchers": ['rule="login"'], "ends_at": _in_days(1), "author": "ada", "comment": "why"}
    made = requests.post(url, json=wanted, timeout=10)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    assert served(made.headers["Location"]).json() == made.json()
    assert requests.delete(f"{url}/{made.json()['id']}", timeout=10).status_code == 204
    for change in (
        {"matchers": []},
        {"matchers": ["rule!=x"]},
        {"matchers": ["rule=~.+"]},
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"ends_at": _in_days(91)},
        {"author": 7},
        {"comment": " "},
    ):
        assert requests.post(url, json=wanted | change, timeout=10).status_code == 400
    assert requests.post(url, data="{}", headers={"Content-Type": "text/plain"}, timeout=10).status_code == 415
    assert requests.delete(f"{url}/none", timeout=10).status_code == 404
