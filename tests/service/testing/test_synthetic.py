"""The synthetic month: realistic, documented in shape, the same every time, and nobody's data."""

import ipaddress
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date, datetime

import pytest

from trailbell.testing.synthetic import events, month
from trailbell.testing.vonage_types import EVENT_TYPES

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DOCUMENTATION = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
CALLBACK = {"method": {"GET", "POST"}}
CONTEXTS = {
    "NUMBER_UPDATED": {"country", "msisdn", "http", "voice-type", "voice-value"},
    "NUMBER_LINKED": {"country", "account", "msisdn", "applicationId"},
    "NUMBER_UNLINKED": {"country", "account", "msisdn", "applicationId"},
    "APP_CREATE": {"appId", "created"},
}


@pytest.fixture(scope="module")
def made():
    return month(seed=1)


def test_every_event_has_the_documented_shape(made):
    """Field by field, as specification 1.0.4 describes an event."""
    for event in made:
        assert UUID.fullmatch(event["id"])
        assert event["event_type_description"] == EVENT_TYPES[event["event_type"]]
        assert datetime.fromisoformat(event["created_at"]).isoformat() == event["created_at"]  # no zone, whole seconds
        assert event["account_id"] == "abcd1234"
        assert (event["source"], event["source_description"]) in (
            ("CD", "Customer Dashboard"),
            ("DEVAPI", "Developer API"),
        )
        assert re.fullmatch("[A-Z]{2}", event["source_country"])
        assert event["_links"]["self"]["href"].endswith(f"/beta/audit/events/{event['id']}")
        assert isinstance(event["context"], dict)
        if event["source"] == "CD":
            assert isinstance(event["user_id"], int)
            assert re.fullmatch(r"[a-z0-9]+@example\.com", event["user_email"])
        else:
            assert "user_id" not in event
            assert "user_email" not in event


def test_contexts_have_the_documented_fields(made):
    """Those that are documented; ``accountId`` comes with some number updates."""
    for event in made:
        fields = set(event["context"]) - {"accountId"}
        if event["event_type"] in CONTEXTS:
            assert fields == CONTEXTS[event["event_type"]]
        if event["event_type"] == "NUMBER_UPDATED":
            assert event["context"]["voice-type"] in ("tel", "sip", "vxml", "app")
        if event["event_type"] == "APP_CREATE":
            created = event["context"]["created"]
            assert set(created) == {"accountId", "appId", "name", "answer_url", "event_url", "type"}
            assert all(created[name]["method"] in CALLBACK["method"] for name in ("answer_url", "event_url"))


def test_nobodys_data_is_in_it(made):
    """Documentation networks, example domains, numbers that are kept free for drama."""
    for event in made:
        assert any(ipaddress.ip_address(event["source_ip"]) in network for network in DOCUMENTATION)
        text = json.dumps(event["context"])
        assert not re.search(r"https?://(?![a-z0-9.-]*example\.(com|net)[/\"])", text)
        for number in re.findall(r"44\d{10}", text):
            assert number.startswith(("441632960", "442079460", "447700900"))


def test_it_is_in_order_and_of_unique_ids(made):
    """As history is."""
    times = [event["created_at"] for event in made]
    assert times == sorted(times)
    assert times[0] >= "2026-10-01T00:00:00"
    assert times[-1] < "2026-10-31T00:00:00"
    assert len({event["id"] for event in made}) == len(made)


def test_it_follows_from_its_arguments():
    """The same seed, the same month, in another process too; another seed, another month."""
    code = "from trailbell.testing.synthetic import month; import json; print(json.dumps(list(month(seed=7, days=3))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == month(seed=7, days=3).events
    assert month(seed=8, days=3).events != month(seed=7, days=3).events


def test_people_keep_office_hours(made):
    """Sign-ins by day, few at the weekend, some on call at night."""
    logins = [
        event for event in made if event["event_type"] == "USER_LOGIN" and event["user_email"] != "oncall@example.com"
    ]
    by_hour = Counter(int(event["created_at"][11:13]) for event in logins)
    assert sum(by_hour[hour] for hour in range(7, 18)) > 0.9 * len(logins)
    weekend = sum(date.fromisoformat(event["created_at"][:10]).weekday() >= 5 for event in logins)
    assert weekend < 0.05 * len(logins)


def test_the_life_of_numbers_and_applications_makes_sense(made):
    """A number is only linked when it is free; what is cancelled or deleted does not change any more."""
    linked, gone = {}, set()
    for event in made:
        context, kind = event["context"], event["event_type"]
        msisdn = context.get("msisdn")
        if kind == "NUMBER_ASSIGN":
            gone.discard(msisdn)
            linked.pop(msisdn, None)
        assert msisdn is None or msisdn not in gone
        if kind == "NUMBER_LINKED":
            assert linked.get(msisdn) is None
            assert context["applicationId"] not in gone
            linked[msisdn] = context["applicationId"]
        elif kind == "NUMBER_UNLINKED":
            assert linked.pop(msisdn, context["applicationId"]) == context["applicationId"]
        elif kind == "NUMBER_USER_CANCELED":
            gone.add(msisdn)
        elif kind == "APP_DELETE":
            gone.add(context["appId"])
            linked = {number: app for number, app in linked.items() if app != context["appId"]}


def test_every_incident_is_told_with_its_events(made):
    """The ground truth names events of the month, in order, and nobody else's."""
    by_id = {event["id"]: event for event in made}
    names = [incident.name for incident in made.incidents]
    assert len(names) == len(set(names)) == 9
    kinds = {
        incident.name: {by_id[event_id]["event_type"] for event_id in incident.event_ids} for incident in made.incidents
    }
    assert kinds["voice-route-hijacked"] == {"USER_LOGIN", "NUMBER_UPDATED"}
    assert kinds["secret-stolen"] >= {"ACCOUNT_SECRET_CREATE", "NUMBER_UPDATED", "ACCOUNT_SECRET_DELETE"}
    assert kinds["application-deleted"] == {"APP_DELETE"}
    assert kinds["auto-reload-off"] >= {"AUTORELOAD_DISABLE"}
    assert kinds["outsider-created"] >= {"USER_CREATE"}
    assert kinds["settings-by-api"] == {"ACCOUNT_UPDATE_SETTINGS_API"}
    involved = [event_id for incident in made.incidents for event_id in incident.event_ids]
    assert len(involved) == len(set(involved)) < 0.02 * len(made)


@pytest.mark.parametrize("days", [1, 2, 9])
def test_short_periods_work_too(days):
    """All incidents fall into however many days there are."""
    made = month(seed=3, days=days, users=3)
    assert len(made.incidents) == 9
    assert made.events[-1]["created_at"] < f"2026-10-{days + 1:02d}"


def test_more_scale_and_more_users_make_more_events():
    """Within reason."""
    base = len(month(days=5))
    assert len(month(days=5, scale=4)) > 2 * base
    assert len(month(days=5, users=48)) > 2 * base


def test_the_bulk_mode_writes_as_many_as_asked(tmp_path):
    """As NDJSON of some 600 bytes a line, the same every time."""
    file = tmp_path / "events.ndjson"
    command = [sys.executable, "-m", "trailbell.testing.synthetic", "--events", "5000", "-o", str(file)]
    subprocess.run(command, check=True, timeout=60)
    written = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert written == list(events(5000))
    assert 450 < file.stat().st_size / 5000 < 750
