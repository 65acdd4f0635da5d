"""Rules that change while they run: taken whole or not at all, between two events, and nobody forgets."""

from __future__ import annotations

import sys
import threading
import weakref

import pytest

from trailbell.explaining import why_not_stored
from trailbell.rulebook import stamps
from trailbell.store.alerts import Alerts
from trailbell.store.contents import Contents
from trailbell.store.events import RecordedEvent
from trailbell.store.rule_versions import RuleVersions
from trailbell.wiring import WiringError, check_notify
from trailbell_engine.timestamps import SECOND_US

PATIENCE_S = 10
LOGIN = """
id: login
title: "{{ user_email }} signed in"
severity: low
match: {event_type: USER_LOGIN}
"""
BURST = """
id: burst
title: "{{ count }} at once"
severity: low
match: {event_type: NUMBER_UPDATED}
when: {count: {at_least: 3, within: 1h}}
"""
CHANGED = """
id: route-changed
title: from {{ change.old }} to {{ change.new }}
severity: high
match: {event_type: NUMBER_UPDATED}
when: {changed: {of: context.voice-type, by: context.msisdn}}
"""


@pytest.fixture
def route(event):
    """A function: a number's route as of an event."""
    return lambda number, kind: event(number, context={"msisdn": "447700900001", "voice-type": kind})


def test_a_new_rule_speaks_from_the_next_event_on(reloading, heard, event):
    """What a file says when it is saved, holds for the events that come then."""
    run = reloading(BURST)
    assert run.take(event(1, "USER_LOGIN")) == []
    run.write(LOGIN, "login.yaml")
    assert heard.wait("reloaded").startswith("reloaded: 1 new (login), 1 unchanged, in ")
    assert run.take(event(2, "USER_LOGIN")) == ["ada@example.com signed in"]


def test_a_rule_that_is_gone_ends(reloading, heard, event):
    """It opens nothing more, its file's end is its end, and its open alert stays as it is."""
    run = reloading(BURST)
    run.write(LOGIN, "login.yaml")
    heard.wait("1 new")
    assert len(run.take(event(1, "USER_LOGIN"))) == 1
    (run.folder / "login.yaml").unlink()
    heard.wait("reloaded: 1 removed (login), 1 unchanged")
    assert len(run.take(event(2, "USER_LOGIN"))) == 1
    assert [stored.alert.state for stored in Alerts(run.database).all()] == ["open"]


def test_a_window_that_is_half_full_stays_so(reloading, heard, event):
    """A rule beside which another changes goes on where it is; so does one that only got other words."""
    run = reloading(BURST + "---" + LOGIN)
    assert run.take(event(1), event(2)) == []
    run.write("# moved\n" + LOGIN + "---" + BURST.replace("at once", "in an hour"))
    heard.wait("reloaded: 1 in other words (burst), 1 unchanged")
    assert run.take(event(3)) == ["3 in an hour"]


@pytest.mark.parametrize(
    "rewritten",
    [
        "\n# a comment\n" + BURST + "---" + LOGIN,
        LOGIN + "---" + BURST,
        BURST.replace("{count: {at_least: 3, within: 1h}}", "\n  count:\n    within: 60m\n    at_least: 3")
        + "---"
        + LOGIN,
        LOGIN.replace("match: {event_type: USER_LOGIN}", 'match: {"event_type": "USER_LOGIN"}') + "---" + BURST,
    ],
    ids=["comments", "order", "layout", "quotes"],
)
def test_another_form_of_the_same_rules_alerts_nobody_again(reloading, heard, event, rewritten):
    """Reformatted and reordered, rules are the same: their windows, their open alerts, and the ids of these."""
    run = reloading(BURST + "---" + LOGIN)
    assert len(run.take(event(1), event(2), event(3))) == 1
    before = [stored.alert.id for stored in Alerts(run.database).all()]
    run.write(rewritten)
    run.reloader.reload()
    heard.wait("2 unchanged")
    assert len(run.take(event(4), event(5), event(6))) == 1
    (stored,) = Alerts(run.database).all()
    assert ([stored.alert.id], stored.alert.firings) == (before, 2)


def test_a_new_rule_learns_before_it_speaks(reloading, heard, route):
    """Of what the store holds, while events go on."""
    run = reloading(LOGIN)
    assert run.take(route(1, "app"), route(2, "sip")) == []
    run.write(CHANGED, "changed.yaml")
    heard.wait("have learned from the store's 2 events")
    heard.wait("reloaded: 1 new (route-changed)")
    assert run.take(route(3, "app")) == ["from sip to app"]


def test_a_change_of_what_decides_begins_anew_and_learns(reloading, heard, route):
    """The new version knows what its match would have seen."""
    run = reloading(CHANGED)
    assert run.take(route(1, "sip")) == []
    run.write(CHANGED.replace("NUMBER_UPDATED}", "NUMBER_UPDATED, source_country: GB}"))
    heard.wait("reloaded: 1 changed (route-changed), 0 unchanged")
    assert run.take(route(2, "app")) == ["from sip to app"]


ABSENT = "{id: quiet, title: quiet, severity: low, match: {event_type: A}, when: {absent: {for: 10m}}}"


def test_timers_are_taken_over_and_those_of_rules_that_are_gone_are_not(reloading, heard, event):
    """A silence that a rule waits for is noticed after a reload, too; of a changed rule, by its new version."""
    run = reloading(ABSENT + "\n---\n" + ABSENT.replace("quiet", "other"))
    run.take(event(0, "A"))
    run.write(ABSENT + "\n---\n" + ABSENT.replace("quiet", "other").replace("10m", "20m"))
    heard.wait("1 changed (other), 1 unchanged")
    assert run.take(event(1, "B", at_s=11 * 60)) == ["quiet"]
    assert run.take(event(2, "B", at_s=21 * 60)) == ["quiet", "other"]


def test_events_that_are_held_are_judged_by_the_rules_of_their_turn(reloading, heard, event):
    """What waits for order is not lost by an exchange; a rule that came meanwhile sees it."""
    run = reloading(BURST, lateness_us=60 * SECOND_US)
    assert run.take(event(3), event(1), event(2, "USER_LOGIN"), event(4)) == []
    run.write(LOGIN, "login.yaml")
    heard.wait("1 new")
    assert run.take(event(100, "ANY")) == ["ada@example.com signed in", "3 at once"]


def test_rules_with_an_error_are_not_taken_and_it_is_said_once(reloading, heard, event):
    """The old ones go on, all of them; the place is named; when it is mended, everything is taken."""
    run = reloading(BURST)
    run.write(LOGIN, "a.yaml")
    heard.wait("1 new")
    run.write("id: bad\ntitle: t\nseverity: lwo\nmatch: {}\n", "b.yaml")
    run.write(LOGIN.replace("signed in", "came"), "a.yaml")
    complaint = heard.wait("cannot be taken")
    assert f'{run.folder}/b.yaml:3: "severity" must be info, low, medium, high or critical' in complaint
    assert run.take(event(1, "USER_LOGIN")) == ["ada@example.com signed in"]
    run.write("id: bad\ntitle: t\nseverity: low\nmatch: {event_type: X}\n", "b.yaml")
    heard.wait("reloaded: 1 in other words (login), 1 new (bad), 1 unchanged")
    assert run.take(event(2, "USER_LOGIN"))[1:] == ["ada@example.com came"]
    assert len([message for message in heard.messages if "cannot be taken" in message]) == 1


def test_rules_that_do_not_fit_the_configuration_are_not_taken(reloading, heard, event):
    """A receiver that nobody defined would never hear of an alert."""

    def check(rules):
        check_notify(rules, ["siem"])

    run = reloading(LOGIN, check=check, refused=(WiringError,))
    run.write(LOGIN + "notify: [seim]\n")
    assert "login notifies 'seim', and no receiver is called so" in heard.wait("cannot be taken")
    assert run.take(event(1, "USER_LOGIN")) == ["ada@example.com signed in"]


def test_a_folder_that_is_gone_takes_no_rules_with_it(reloading, heard, event):
    """An unmounted disk is no wish to be told of nothing."""
    run = reloading(LOGIN)
    run.folder.rename(run.folder.with_name("elsewhere"))
    assert "no such file or folder" in heard.wait("cannot be taken")
    assert run.take(event(1, "USER_LOGIN")) == ["ada@example.com signed in"]


def test_the_content_of_a_list_is_taken_and_nobody_forgets(reloading, heard, event):
    """A list in a file is data: its rules keep their version, and with it what they remember."""
    run = reloading(BURST)
    (run.folder / "vips.txt").write_text("ada@example.com\n")
    run.write("lists: {vips: {file: vips.txt}}\n", "_lists.yaml")
    run.write(BURST.replace("NUMBER_UPDATED}", "NUMBER_UPDATED, user_email: {in: vips}}"))
    heard.wait("1 changed (burst)")
    version = next(iter(run.live.rules)).version
    assert run.take(event(1), event(2, user_email="bob@example.com")) == []
    (run.folder / "vips.txt").write_text("bob@example.com\n")
    heard.wait("reloaded: other content of the list vips, 1 unchanged")
    assert next(iter(run.live.rules)).version == version
    assert run.take(*(event(number, user_email="bob@example.com") for number in (3, 4))) == ["3 at once"]
    assert Contents(run.database).differing(run.live.rules.lookups.digests) == []


def test_the_content_of_a_lookup_is_taken(reloading, heard, event):
    """The rows of the new file are beside the next event."""
    run = reloading(BURST)
    (run.folder / "people.csv").write_text("email,team\nada@example.com,ops\n")
    run.write("lookups: {people: {file: people.csv, key: user_email, on: email}}\n", "_lookups.yaml")
    run.write(LOGIN.replace("USER_LOGIN}", "USER_LOGIN, lookup.people.team: sales}"), "login.yaml")
    heard.wait("1 new")
    assert run.take(event(1, "USER_LOGIN")) == []
    (run.folder / "people.csv").write_text("email,team\nada@example.com,sales\n")
    heard.wait("other content of the lookup people")
    assert len(run.take(event(2, "USER_LOGIN"))) == 1


def test_a_definition_changes_the_rules_that_use_it(reloading, heard, event):
    """A schedule or predicate is part of what decides."""
    run = reloading(BURST)
    run.write("predicates: {odd: {user_email: nobody}}\n", "_p.yaml")
    run.write(LOGIN.replace("{event_type: USER_LOGIN}", "{use: odd}"), "login.yaml")
    heard.wait("1 new")
    run.write("predicates: {odd: {user_email: ada@example.com}}\n", "_p.yaml")
    heard.wait("1 changed (login), 1 unchanged")
    assert len(run.take(event(1, "ANY"))) == 1


def test_a_store_knows_which_rules_decided_over_which_event(reloading, heard, event):
    """Each exchange is recorded at its place among the inputs, for `why-not`."""
    run = reloading(LOGIN)
    run.take(event(1), event(2))
    run.write(BURST, "burst.yaml")
    heard.wait("1 new")
    burst = run.live.rules["burst"]
    run.take(event(3))
    (run.folder / "burst.yaml").unlink()
    heard.wait("1 removed")
    run.take(event(4))
    versions = RuleVersions(run.database)
    assert [versions.ran_at(run.live.rules["login"], seq) for seq in (1, 2, 3, 4)] == [True] * 4
    assert [versions.ran_at(burst, seq) for seq in (1, 2, 3, 4)] == [False, False, True, False]
    answers = [why_not_stored(burst, RecordedEvent(n, event(n)), run.database, None).answer for n in (1, 3, 4)]
    words = ("it did: the event is part of alert", "it did: the event opened alert", "ran no more")
    assert [word in answer for word, answer in zip(words, answers, strict=True)] == [True] * 3, answers


def test_asked_to_it_reads_again_though_nothing_changed(reloading, heard):
    """SIGHUP is answered in any case."""
    run = reloading(LOGIN, watch=False)
    run.write(BURST, "burst.yaml")
    run.reloader.reload()
    heard.wait("reloaded: 1 new (burst), 1 unchanged")
    before = len(heard.messages)
    run.reloader.reload()
    heard.wait("reloaded: 2 unchanged", before)


def test_a_wish_may_come_in_the_midst_of_another(reloading, heard):
    """Signals interrupt each other's handlers: a lock held by the first would never be let go."""
    run = reloading(BURST)

    def wish():
        sys.setprofile(interrupt)
        run.reloader.reload()
        sys.setprofile(None)

    def interrupt(_frame, what, _argument):
        if what == "call":
            run.reloader.reload()  # not traced: Python traces no tracer

    thread = threading.Thread(target=wish, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    heard.wait("reloaded: 1 unchanged")


def test_a_change_within_the_same_moment_is_seen(reloading, heard, monkeypatch):
    """A file system's clock goes in steps; of two changes within one step, the second shows in no stamp."""
    run = reloading(LOGIN)
    stamp = stamps.Stamp(0, 0, 0, 0)
    monkeypatch.setattr("trailbell.running.reloader._UNSETTLED_S", 0.05)
    run.write(BURST, "burst.yaml")
    heard.wait("1 new")
    monkeypatch.setattr("trailbell.running.reloader.survey", lambda *_: {"all": stamp})  # nothing shows any more
    run.write(BURST.replace("at once", "together"), "burst.yaml")
    heard.wait("1 in other words (burst)")


def test_a_rule_file_cut_at_any_byte_loses_nothing(reloading, heard, event):
    """A file is written again and again, cut off at every byte, while events flow: whole rules judge each once."""
    stays = LOGIN.replace("id: login", "id: stays")
    run = reloading(stays)
    text = LOGIN.encode()
    stop, sent = threading.Event(), []

    def flow():
        while not stop.is_set():
            number = len(sent) + 1
            sent.append(event(number, "USER_LOGIN"))
            assert run.source.give(sent[-1]).wait(30)

    sender = threading.Thread(target=flow)
    sender.start()
    for end in range(len(text) + 1):
        (run.folder / "cut.yaml").write_bytes(text[:end])
        before = len(heard.messages)
        run.reloader.reload()
        heard.wait("", before)
    stop.set()
    sender.join()
    alerts = Alerts(run.database).all()
    assert [stored.alert.event_ids for stored in alerts if stored.alert.rule_id == "stays"] == [
        (one.id,) for one in sent
    ]
    login = run.live.rules["login"]
    for stored in alerts:
        (row,) = run.database.rows("SELECT seq FROM input WHERE id = ?", (stored.alert.event_ids[0],))
        assert stored.alert.rule_id == "stays" or RuleVersions(run.database).ran_at(login, row[0])


def test_exchanged_rules_leave_nothing_behind(reloading, heard, event):
    """However often rules are exchanged, those that are gone take no memory."""
    run = reloading(BURST + "---" + LOGIN)
    gone = []
    for number in range(3):
        run.take(event(2 * number, "USER_LOGIN"), event(2 * number + 1))
        gone += [weakref.ref(run.live.rules), weakref.ref(run.live._loop.pipeline._matcher)]
        before = len(heard.messages)
        run.write(BURST + "---" + LOGIN.replace("USER_LOGIN}", f"USER_LOGIN, n: {number}}}"))
        heard.wait("1 changed", before)
    assert [one() for one in gone] == [None] * 6
