"""Vendors' sources by the configuration: a run tells of an alert, doctor whether the token works; no secret shows."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

import pytest

from trailbell.clock import now_us
from trailbell.sources.kinds import SettingsError, maker_of
from trailbell.store.database import open_database
from trailbell.testing.vendor_logs import (
    TOKEN,
    FakeAuth0,
    FakeCloudflare,
    FakeGitHub,
    FakeGoogleReports,
    FakeOkta,
    FakeSlackAudit,
    FakeVendorLog,
)
from trailbell.testing.webhook import SECRET, FakeWebhook
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import MINUTE_US, SECOND_US, format_time

RULE = """
id: it-happened
title: "{{{{ {who} }}}} did it"
severity: high
match: {{event_type: {event_type}}}
"""
AGO_US = 20 * MINUTE_US
WHO = "ann@acme.example"


class Vendor(NamedTuple):
    """A vendor as the configuration knows it.

    Attributes:
        kind: of the source.
        fake: plays its API.
        settings: below `sources:`, but for the address.
        path: follows the fake's address.
        record: what its log holds at a time, microseconds.
        event_type: of that record.
        who: the field that says who did it.
    """

    kind: str
    fake: type[FakeVendorLog]
    settings: dict[str, str]
    path: str
    record: Callable[[int], dict]
    event_type: str
    who: str


VENDORS = {
    vendor.kind: vendor
    for vendor in (
        Vendor(
            "okta",
            FakeOkta,
            {"token": "${VENDOR_TOKEN}"},
            "",
            lambda at: {
                "uuid": "e1",
                "eventType": "user.session.start",
                "published": format_time(at),
                "actor": {"alternateId": WHO},
            },
            "user.session.start",
            "actor.alternateId",
        ),
        Vendor(
            "auth0",
            FakeAuth0,
            {"token": "${VENDOR_TOKEN}"},
            "",
            lambda at: {"log_id": "9001", "type": "s", "date": format_time(at), "user_name": WHO},
            "s",
            "user_name",
        ),
        Vendor(
            "github",
            FakeGitHub,
            {"organization": "acme", "token": "${VENDOR_TOKEN}"},
            "",
            lambda at: {"_document_id": "e1", "action": "repo.create", "@timestamp": at // 1000, "actor": WHO},
            "repo.create",
            "actor",
        ),
        Vendor(
            "slack_audit",
            FakeSlackAudit,
            {"token": "${VENDOR_TOKEN}"},
            "",
            lambda at: {
                "id": "e1",
                "action": "user_login",
                "date_create": at // SECOND_US,
                "entity": {},
                "actor": {"user": {"email": WHO}},
            },
            "user_login",
            "actor.user.email",
        ),
        Vendor(
            "cloudflare",
            FakeCloudflare,
            {"account": "acc", "token": "${VENDOR_TOKEN}"},
            "/client/v4",
            lambda at: {
                "id": "e1",
                "action": {"type": "create", "time": format_time(at)},
                "account": {},
                "actor": {"email": WHO},
                "resource": {},
            },
            "create",
            "actor.email",
        ),
        Vendor(
            "gworkspace",
            FakeGoogleReports,
            {"key_file": "key.json", "subject": "audit@acme.example"},
            "",
            lambda at: {
                "id": {"uniqueQualifier": "e1", "time": format_time(at), "applicationName": "login"},
                "actor": {"email": WHO},
                "events": [{"name": "login_success"}],
            },
            "login_success",
            "actor.email",
        ),
    )
}


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """A function: the configuration file with those sources, and with receivers."""

    def write(sources, rule="", **receivers):
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / "rule.yaml").write_text(rule or RULE.format(event_type="x", who="actor"))
        file = tmp_path / "trailbell.yaml"
        file.write_text(
            f"rules: rules/\nsources: {json.dumps(sources)}\nreceivers: {json.dumps(receivers)}\n"
            + (f"route: {{receiver: {next(iter(receivers))}}}\n" if receivers else "")
        )
        return file

    monkeypatch.chdir(tmp_path)
    return write


@pytest.fixture(params=VENDORS)
def vendor(request):
    """Each vendor there is."""
    return VENDORS[request.param]


@pytest.fixture
def log(vendor):
    """Its log, in which something happened a while ago."""
    with vendor.fake() as fake:
        fake.add(vendor.record(now_us() - AGO_US))
        yield fake


@pytest.fixture
def told(vendor, log, configured, google_key, monkeypatch):
    """A function: a configuration that reads that log with a token, and tells a receiver."""

    def write(token, name=None, **receivers):
        monkeypatch.setenv("VENDOR_TOKEN", token)
        if vendor.kind == "gworkspace":
            google_key(token)
        rule = RULE.format(event_type=vendor.event_type, who=vendor.who)
        settings = vendor.settings | {"url": log.base_url + vendor.path, "since": "1h"}
        sources = {vendor.kind: settings} if name is None else {name: {vendor.kind: settings}}
        return configured(sources, rule, **receivers)

    return write


def test_what_happens_at_a_vendor_reaches_a_receiver_once(told, vendor, trailbell):
    """From the address and the token in the configuration to the message; a second run has nothing to tell."""
    with FakeWebhook() as hook:
        file = told(TOKEN, team={"webhook": {"url": hook.url, "secret": SECRET, "allow_cidrs": ["127.0.0.0/8"]}})
        code, out, err = trailbell("run", "--once", "-c", file)
        assert code == 0, err
        assert f"{WHO} did it" in out
        assert TOKEN not in out + err
        code, out, err = trailbell("run", "--once", "-c", file)
        assert (code, out) == (0, "")
        assert [f"{WHO} did it" in json.dumps(one.document) for one in hook.deliveries] == [True]
    with closing(open_database(file.parent / ".trailbell", write=False)) as store:
        stored = store.rows("SELECT source, event_type FROM input WHERE kind = 0")
    assert stored == [(vendor.kind, vendor.event_type)]


def test_the_past_of_a_vendor_is_a_history_like_a_file(told, vendor, log, trailbell, tmp_path):
    """The same records from the vendor and from a file make the same report; nothing is stored, nobody is told."""
    log.add(*[_next(vendor, minutes) for minutes in (30, 50, 90)])
    preset = _preset(vendor)
    name = None if preset == vendor.kind else preset  # events of a file have the name of its map
    file = told(TOKEN, name, team={"slack": {"token": "${NOT_SET}", "channel": "#x"}})
    code, out, err = trailbell("dry-run", "-c", file, "--source", preset, "--since", "1h", "--format", "json")
    assert (code, err) == (0, "")
    records = sorted(log.records[:-1], key=_time_of(vendor))
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))
    written = trailbell("dry-run", "-c", file, "-e", "events.ndjson", "--map", preset, "--format", "json")
    assert written[0] == 0
    document, expected = json.loads(out), json.loads(written[1])
    assert (document["events"]["read"], len(document["alerts"])) == (3, 3)
    assert document | {"elapsed_s": 0} == expected | {"elapsed_s": 0}
    assert not (file.parent / ".trailbell").exists()


def _preset(vendor):
    return vendor.kind.removesuffix("_audit")


def _next(vendor, minutes):
    """A record of so many minutes ago, with an id of its own."""
    text = json.dumps(vendor.record(now_us() - minutes * MINUTE_US))
    return json.loads(text.replace('"e1"', f'"e{minutes}"').replace('"9001"', f'"90{minutes}"'))


def _time_of(vendor):
    """How records of a vendor are put in order of time."""
    (path,) = PRESETS[_preset(vendor)].time[:1]

    def time_of(record):
        for segment in path.segments:
            record = record[segment]
        return str(record)

    return time_of


def test_doctor_says_that_a_token_works_and_how_old_the_newest_event_is(told, vendor, trailbell):
    """Nothing is stored by looking."""
    file = told(TOKEN)
    code, out, err = trailbell("doctor", "-c", file)
    assert code == 0, out + err
    assert "it may be read; the newest event looked at is 20m" in out
    assert TOKEN not in out + err
    assert not (file.parent / ".trailbell").exists()


def test_doctor_says_that_a_token_does_not_work(told, vendor, trailbell):
    """In the vendor's words, without the token."""
    file = told("wrong-token")
    code, out, err = trailbell("doctor", "-c", file)
    assert code == 1
    assert f"source {vendor.kind}" in out
    assert "401" in out
    assert "Bad credentials" in out
    assert "wrong-token" not in out + err


def test_doctor_looks_into_folders_and_files(tmp_path, configured, trailbell):
    """A bucket that is not there is to be mended; a log file without events is well."""
    (tmp_path / "app.log").write_text("")
    file = configured(
        {"cloudtrail": {"url": str(tmp_path / "nowhere")}, "app": {"files": {"paths": [str(tmp_path / "app.log")]}}}
    )
    code, out, _ = trailbell("doctor", "-c", file)
    assert code == 1
    assert "nowhere is not there" in out
    assert "it has nothing new" in out


@pytest.mark.parametrize("wrong", ["2x", "", "0s", "99999w", "-5m"])
@pytest.mark.parametrize("kind", ["okta", "cloudtrail", "vonage"])
def test_a_duration_that_is_none_is_refused_with_its_place(configured, trailbell, kind, wrong):
    """Exit 3, whichever source it is."""
    own = {"okta": {"url": "https://acme.okta.com", "token": "t"}, "cloudtrail": {"url": "/x"}, "vonage": {}}[kind]
    file = configured({kind: own | {"poll_every": wrong}})
    code, _, err = trailbell("run", "--once", "-c", file)
    assert code == 3
    assert "trailbell.yaml:2" in err


@pytest.mark.parametrize("kind", sorted(VENDORS.keys() - {"gworkspace"}))  # its key, a file, comes first
def test_an_address_that_would_give_the_token_away(kind):
    """Is refused when the source is made, in words."""
    settings = {"token": "t" * 20, "organization": "acme", "account": "a", "url": "http://vendor.example"}
    own = maker_of(kind).SCHEMA["properties"]
    with pytest.raises(SettingsError, match="unencrypted"):
        maker_of(kind).build("x", {name: settings[name] for name in own if name in settings}, {}, once=True)
