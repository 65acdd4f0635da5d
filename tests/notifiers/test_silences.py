"""Which silences there may be: with an end, with a reason, and about something."""

from __future__ import annotations

import pytest

from trailbell_engine.timestamps import DAY_US
from trailbell_notifiers.policy.silences import LONGEST_US, SilenceError, new_silence


def _silence(*matchers, lasts_us=DAY_US, comment="work", **others):
    return new_silence(matchers, starts_us=0, ends_us=lasts_us, author="ada", comment=comment, **others)


@pytest.mark.parametrize(
    ("matchers", "words"),
    [
        (["severity!=low"], "where the label is missing"),
        (["user_email=~.*"], "where the label is missing"),
        (["severity=~.+"], "every alert that has a severity"),
        (["severity!~''", "rule=~.+"], "every alert that has a rule and severity"),
        (["severity=~.+", "rule!=lockout"], "every alert that has a rule and severity"),
    ],
)
def test_one_that_is_about_nothing_in_particular(matchers, words):
    """What holds on any value, and where there is none, hides what nobody thought of."""
    with pytest.raises(SilenceError, match=words):
        _silence(*matchers)


@pytest.mark.parametrize("matchers", [["severity=low"], ["rule=~mail.+"], ["owner=ada", "severity=~.+"]])
def test_one_that_names_something(matchers):
    """One matcher that asks for a value is enough."""
    assert _silence(*matchers).ends_us == DAY_US


def test_who_means_it_says_so():
    """During maintenance everything may be silenced."""
    assert str(_silence("severity=~.+", sweeping=True)) == 'severity=~".+"'
    with pytest.raises(SilenceError, match="where the label is missing"):
        _silence("severity=~.*", sweeping=True)


def test_none_lasts_for_ever():
    """What is to be quiet for longer is configured, where others see it."""
    assert _silence("rule=x", lasts_us=LONGEST_US).ends_us == LONGEST_US
    with pytest.raises(SilenceError, match="it would last 91 days, and 90 are the most") as caught:
        _silence("rule=x", lasts_us=LONGEST_US + DAY_US)
    assert "configuration" in caught.value.help
    assert _silence("rule=x", lasts_us=1_000 * DAY_US, origin="config").origin == "config"


@pytest.mark.parametrize("comment", ["", " \t"])
def test_somebody_says_why(comment):
    """Whoever finds an alert silenced wants to know."""
    with pytest.raises(SilenceError, match="nobody says why"):
        _silence("rule=x", comment=comment)
