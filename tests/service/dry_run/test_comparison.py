"""Two versions of rules over one pass: what is new, gone, moved, reworded, and why."""

import pytest

import trailbell

BASE = """
id: sip
title: "{{ user_email }} moved a route"
severity: low
match: {event_type: NUMBER_UPDATED, source_country: {not_in: [GB, IE]}}
suppress: {for: 1h, by: user_email}
"""
BURST = """
id: burst
title: "{{ user_email }}: {{ count }}"
severity: low
match: {event_type: USER_LOGIN}
when: {count: {at_least: 4, within: 10m, by: user_email}}
"""


@pytest.fixture
def compared(loaded, record):
    """A function: the comparison of two texts of rules over (type, seconds, fields) events."""

    def compare(before, after, events):
        records = [record(number, kind, at_s=at_s, **fields) for number, (kind, at_s, fields) in enumerate(events)]
        first, second = loaded(before), loaded(after)
        report = trailbell.dry_run(second, records, map="vonage", against=first)
        alone = trailbell.dry_run(loaded(before), records, map="vonage")
        was, now = ({stored.alert.id for stored in run.alerts} for run in (alone, report))
        found = report.against
        assert {
            entry.after.alert.id for rule in found.rules for entry in rule.differences if entry.kind == "new"
        } <= now - was
        assert found.total("new") + found.total("moved") == len(now - was)
        assert found.total("gone") + found.total("moved") == len(was - now)
        return found

    return compare


def _differences(comparison):
    return [(entry.kind, entry.cause) for rule in comparison.rules for entry in rule.differences]


def test_the_same_rules_differ_in_nothing(compared):
    """Rules that are merely written elsewhere are not run twice, and have nothing to say."""
    comparison = compared(BASE, "\n\n" + BASE, [("NUMBER_UPDATED", 0, {"source_country": "KP"})])
    assert comparison.altered == []
    assert comparison.rules[0].unaltered == 1


def test_a_wider_match_names_the_test_that_stood_in_the_way(compared):
    """New: the opening event is explained under the version that did not take it."""
    events = [("NUMBER_UPDATED", 0, {"source_country": "IE"}), ("NUMBER_UPDATED", 9_000, {"source_country": "KP"})]
    comparison = compared(BASE, BASE.replace("[GB, IE]", "[GB]"), events)
    assert _differences(comparison) == [("new", "before not matched: source_country IE, in GB, IE")]
    assert [change.text for change in comparison.rules[0].changes] == ["source_country not in: -IE"]
    assert comparison.rules[0].unaltered == 1


def test_a_narrower_match_names_what_it_asks_now(compared):
    """Gone: the same, the other way round."""
    after = BASE.replace("source_country", "source: API, source_country")
    comparison = compared(BASE, after, [("NUMBER_UPDATED", 0, {"source_country": "KP", "source": "CD"})])
    assert _differences(comparison) == [("gone", "now not matched: source CD, is not API")]
    assert comparison.rules[0].changes[0].text == "now asks: source is API"


def test_a_lower_threshold_opens_earlier_and_more(compared):
    """A burst that both see has moved; one that only the lower threshold sees is new. The parameter is the cause."""
    events = [("USER_LOGIN", at_s, {"user_email": "a"}) for at_s in (0, 10, 20, 30)]
    events += [("USER_LOGIN", 9_000 + at_s, {"user_email": "b"}) for at_s in (0, 10)]
    comparison = compared(BURST, BURST.replace("at_least: 4", "at_least: 2"), events)
    assert _differences(comparison) == [
        ("moved", "opens 20s earlier; when.count.at_least 4 → 2"),
        ("new", "when.count.at_least 4 → 2"),
    ]


def test_durations_are_said_as_people_write_them(compared):
    """`within` is microseconds inside and `10m` outside."""
    comparison = compared(BURST, BURST.replace("within: 10m", "within: 1h30m"), [])
    texts = [change.text for change in comparison.rules[0].changes]
    assert texts == ["when.count.within 10m → 1h30m", "suppress.for 10m → 1h30m"]


def test_a_shorter_suppress_unfolds(compared):
    """What was folded is an alert of its own now, and says so."""
    events = [("NUMBER_UPDATED", at_s, {"source_country": "KP"}) for at_s in (0, 1_200)]
    comparison = compared(BASE, BASE.replace("for: 1h", "for: 10m"), events)
    assert _differences(comparison) == [
        ("reworded", "events 2 → 1"),
        ("new", "suppress.for 1h → 10m: before it was folded into the alert before it"),
    ]


def test_other_words_and_severities_are_kept_alerts(compared):
    """The alert is the same, its text is not."""
    after = BASE.replace("moved a route", "moved it").replace("severity: low", "severity: high")
    comparison = compared(BASE, after, [("NUMBER_UPDATED", 0, {"source_country": "KP"})])
    assert _differences(comparison) == [
        ("reworded", "severity low → high; title was: ada@example.com moved a route"),
    ]


def test_added_and_removed_rules(compared):
    """All of their alerts are new or gone, because the rule is."""
    events = [("NUMBER_UPDATED", 0, {"source_country": "KP"})]
    comparison = compared(BASE, BASE.replace("id: sip", "id: sip-2"), events)
    assert {(entry.rule.id, entry.status) for entry in comparison.rules} == {("sip-2", "added"), ("sip", "removed")}
    assert sorted(_differences(comparison)) == [("gone", "the rule is gone"), ("new", "the rule is new")]


def test_causes_are_grouped(compared):
    """One cause is said once, above the alerts that have it."""
    events = [("NUMBER_UPDATED", at_s, {"source_country": "IE"}) for at_s in range(0, 30_000, 4_000)]
    comparison = compared(BASE, BASE.replace("[GB, IE]", "[GB]"), events)
    (group,) = comparison.rules[0].groups
    assert (group.kind, len(group.differences)) == ("new", 8)
