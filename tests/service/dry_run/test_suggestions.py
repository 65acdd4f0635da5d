"""A suggestion was tried: what it promises is what the changed rule does on the history."""

import pytest
import yaml

import trailbell
from trailbell.dryrun import match_spool

NOISY = """
id: searches
title: t
severity: low
match: {event_type: USER_PRODUCT_SEARCH}
"""
COUNTED = NOISY + "when: {count: {at_least: 2, within: 1h, by: account_id}}\n"


@pytest.fixture
def searches(record):
    """Six days of a bot that searches every half hour, and of a person who does every other day."""
    half_hours = [("bot@example.com", 1_800 * step) for step in range(6 * 48)]
    visits = [("ada@example.com", 172_800 * step + 5) for step in range(3)]
    events = sorted([*half_hours, *visits], key=lambda entry: entry[1])
    return [
        record(number, "USER_PRODUCT_SEARCH", at_s=at_s, user_email=user, source_ip=f"192.0.2.{number % 3}")
        for number, (user, at_s) in enumerate(events, start=1)
    ]


def _changed(text, suggestion):
    document, change = yaml.safe_load(text), yaml.safe_load("{" + suggestion.change + "}")
    if suggestion.kind == "except":
        document["match"] |= change
    else:
        document |= change
    return yaml.safe_dump(document)


@pytest.mark.parametrize("text", [NOISY, COUNTED])
def test_the_suggested_rule_does_what_was_promised(loaded, searches, text):
    """The change is put into the rule, and the rule is run over the whole history."""
    before = trailbell.dry_run(loaded(text), searches, map="vonage").rules[0]
    assert before.verdict in ("noisy", "flood")
    after = trailbell.dry_run(loaded(_changed(text, before.suggestion)), searches, map="vonage").rules[0]
    assert before.suggestion.complete
    assert before.suggestion.of == before.tally.alerts
    assert before.suggestion.alerts == after.tally.alerts
    assert before.suggestion.per_day == pytest.approx(after.per_day)


def test_the_culprit_is_what_is_left_out(loaded, searches):
    """Nearly all alerts are the bot's: `not` names it."""
    entry = trailbell.dry_run(loaded(NOISY), searches, map="vonage").rules[0]
    assert entry.reason == "99% from bot@example.com"
    assert entry.suggestion.change == "not: {user_email: bot@example.com}"


def test_leaving_out_all_there_is_is_no_help(loaded, searches):
    """One account causes everything, as it does where there is one: a rule without it would be off."""
    alone = [record for record in searches if record["user_email"] == "bot@example.com"]
    entry = trailbell.dry_run(loaded(NOISY), alone, map="vonage").rules[0]
    assert entry.reason == "100% from bot@example.com"
    assert entry.suggestion.kind == "suppress"


def test_quiet_rules_get_none(loaded, searches):
    """Who is quiet needs no advice."""
    entry = trailbell.dry_run(loaded(NOISY), searches[:1], map="vonage").rules[0]
    assert (entry.verdict, entry.suggestion) == ("quiet", None)


def test_a_part_of_the_matches_is_said_to_be_a_part(loaded, searches, monkeypatch):
    """Of a rule with very many matches the first ones are tried, and the suggestion says so."""
    monkeypatch.setattr(match_spool, "PER_RULE", 150)
    entry = trailbell.dry_run(loaded(NOISY), searches, map="vonage").rules[0]
    assert not entry.suggestion.complete
    assert "tried on the first 3.1 days" in str(entry.suggestion)
    assert entry.suggestion.of == 150


def test_rules_of_silence_are_left_out(loaded, searches):
    """Whether nothing came cannot be seen in what a rule matched."""
    text = NOISY + "when: {absent: {for: 10m, by: user_email}}\n"
    assert trailbell.dry_run(loaded(text), searches, map="vonage").rules[0].suggestion is None
