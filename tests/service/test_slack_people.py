"""What listening to Slack stands on: the key of its buttons, and who somebody is."""

from __future__ import annotations

import pytest

from trailbell.slack.buttons import clickable, with_buttons
from trailbell.slack.key import FILE, signing_key
from trailbell.slack.people import KEPT_S, People, Who, who_of
from trailbell.testing.slack import ADA, BOB, FakeSlack
from trailbell_notifiers.channel import build_channel
from trailbell_notifiers.channels.slack.api import SlackApi
from trailbell_notifiers.secret import Secret


@pytest.fixture
def slack():
    """A fake Slack."""
    with FakeSlack() as server:
        yield server


def test_the_key_is_made_once_and_for_us_alone(tmp_path):
    """Random, the same at the next start, and nobody else may read it; a damaged one is made anew."""
    key = signing_key(tmp_path)
    assert len(key) == 32
    assert signing_key(tmp_path) == key
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / FILE).write_bytes(key[:5])
    assert len(signing_key(tmp_path)) == 32
    assert signing_key(tmp_path) != key


def test_no_key_where_there_are_no_buttons(tmp_path):
    """A receiver without an app token, or a webhook, needs none."""
    plain = build_channel({"name": "a", "slack": {"token": "xoxb-1", "channel": "C1"}})
    hook = build_channel({"name": "b", "slack": {"webhook_url": "https://hooks.example.com/x"}})
    both = build_channel({"name": "c", "slack": {"token": "xoxb-1", "channel": "C1", "app_token": "xapp-1"}})
    assert clickable({"a": plain, "b": hook, "c": both}) == {"c": both}
    with with_buttons({"a": plain, "b": hook}, tmp_path)(None, None):
        assert not (tmp_path / FILE).exists()


def test_who_somebody_is(slack):
    """Address and groups come from Slack, are asked for once, and asked again after a while."""
    at = [0.0]
    people = People(SlackApi(Secret(slack.token), slack.api_url), lambda: at[0])
    for _ in range(2):
        assert people.email(ADA.id) == ADA.email
        assert people.groups(ADA.id, ["S0SEC", "S0OPS"]) == ["S0SEC"]
        assert people.groups(BOB.id, ["S0SEC"]) == []
    asked = len(slack.requests)
    assert asked == 3
    at[0] = KEPT_S
    assert people.email(ADA.id) == ADA.email
    assert len(slack.requests) == asked + 1


def test_somebody_slack_says_nothing_about(slack, caplog):
    """Without the scopes nobody is in a group, and the log says which question was refused."""
    slack.people_allowed = False
    people = People(SlackApi(Secret(slack.token), slack.api_url))
    assert people.email(ADA.id) == ""
    assert people.groups(ADA.id, ["S0SEC"]) == []
    assert "users.info" in caplog.text
    assert "missing_scope" in caplog.text


def test_a_name_that_people_choose_cannot_pass_for_an_id():
    """The id comes last, and what is invisible or long is taken out of the name."""
    assert str(who_of({"user": {"id": "U0EVE", "username": "ada (U0ADA)\u202e\n"}})) == "ada (U0ADA) (U0EVE)"
    assert len(who_of({"user": {"id": "U0EVE", "name": "x" * 500}}).name) == 60
    assert str(Who("U0EVE", "")) == "U0EVE"
