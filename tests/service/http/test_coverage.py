"""``/v1/coverage`` and the metrics of sources: what programs are told of what was read."""

from __future__ import annotations

import pytest
import requests

from trailbell.clock import now_us
from trailbell.store.coverage import Coverage, Episode, Watched
from trailbell.watch.spans import Span
from trailbell_engine.timestamps import HOUR_US, SECOND_US, format_time

RULES = "{id: login, title: t, severity: low, status: experimental, match: {event_type: USER_LOGIN}}"


@pytest.fixture
def served(running):
    """A function: asks a server whose source was read for an hour, an hour ago, and fails since."""
    server, database, _ = running(RULES)
    at_us = now_us() // SECOND_US * SECOND_US
    ledger = Coverage(database)
    with database.transaction():
        ledger.add("okta", Span(at_us - 2 * HOUR_US, at_us - HOUR_US), 0)
        ledger.note(Watched("okta", "okta", at_us, at_us - HOUR_US, at_us - HOUR_US, at_us - HOUR_US))
        ledger.begun(Episode("okta", "failing", at_us - HOUR_US, None, told=True, reason="okta answers 503"))

    def get(path, **params):
        return requests.get(f"{server.url}{path}", params=params, timeout=30)

    get.at_us = at_us
    return get


def test_the_ledger_as_a_document(served):
    """The same as `trailbell coverage --format json`, and whether anybody is told of what a rule sees."""
    document = served("/v1/coverage").json()
    (source,) = document["sources"]
    assert (source["name"], source["state"], source["reason"]) == ("okta", "failing", "okta answers 503")
    (gap,) = source["gaps"]
    assert gap["from"] == format_time(served.at_us - HOUR_US)
    assert gap["why"] == "it could not be read: okta answers 503"
    (rule,) = document["rules"]
    assert (rule["id"], rule["status"], rule["learns"]) == ("login", "experimental", False)


def test_a_window_of_it(served):
    """Up to the end of what was read there is no gap; what is no time is refused."""
    window = {"since": format_time(served.at_us - 2 * HOUR_US), "until": format_time(served.at_us - HOUR_US)}
    (source,) = served("/v1/coverage", **window).json()["sources"]
    assert (source["gaps"], source["share"]) == ([], 1.0)
    assert served("/v1/coverage", since="yesterday").status_code == 400


def test_metrics_of_sources(served):
    """What is wrong, and for how long nothing has come: for alerts of those who have Prometheus."""
    lines = dict(line.rsplit(" ", 1) for line in served("/metrics").text.splitlines() if line[0] != "#")
    assert lines['trailbell_source_trouble{source="okta",trouble="failing"}'] == "1"
    assert lines['trailbell_source_trouble{source="okta",trouble="quiet"}'] == "0"
    assert float(lines['trailbell_source_silent_seconds{source="okta"}']) == pytest.approx(3600, abs=60)


def test_the_page_of_sources(served):
    """People see it without asking."""
    assert "failing" in served("/sources").text
