"""``watch:`` and ``source_alerts:`` of a configuration: what is understood, and what is refused with its place."""

from __future__ import annotations

import pytest

from trailbell.configuration.config import ConfigError, load_config
from trailbell.watch.limits import Limits
from trailbell_engine.timestamps import HOUR_US, MINUTE_US


@pytest.fixture
def config(tmp_path):
    """A function: the configuration of a text."""

    def read(text, **environ):
        file = tmp_path / "trailbell.yaml"
        file.write_text(text, encoding="utf-8")
        return load_config(file, environ)

    return read


def test_what_holds_when_nothing_is_said(config):
    """Failing and lagging are told, quiet is not; one that is asked seldom lags later."""
    read = config("sources: {vonage: {}, slow: {vonage: {poll_every: 10m}}}")
    assert read.limits["vonage"] == Limits("vonage", None, None, 15 * MINUTE_US, 5 * MINUTE_US)
    assert read.limits["slow"].lag_after_us == 30 * MINUTE_US
    assert read.running_rules == (*read.rules, "pack:trailbell")


def test_every_setting(config):
    """As it is written; the source itself does not see them."""
    read = config(
        "sources: {vonage: {since: 1d, watch: {quiet_after: 2h, lag_after: never, failing_after: 1m, severity: low,"
        " quiet_during: {days: mon-fri, hours: '08:00-18:00'}}}}"
    )
    limits = read.limits["vonage"]
    assert limits[3:] == (None, MINUTE_US, "low")
    assert (limits.quiet_after_us, str(limits.quiet_during.hours[0])) == (2 * HOUR_US, "08:00-18:00")
    assert dict(read.sources[0].settings) == {"since": "1d"}


def test_senders_are_watched_as_well(config):
    """Those that push are the ones that fall silent without an error."""
    read = config("http: {senders: [{source: app, token: 0123456789abcdef, watch: {quiet_after: 1h}}]}")
    assert read.limits["app"].quiet_after_us == HOUR_US


def test_the_rules_can_be_switched_off(config):
    """In the file or in the environment; and they run once if they are named."""
    assert "pack:trailbell" not in config("source_alerts: false").running_rules
    assert "pack:trailbell" not in config("{}", TRAILBELL_SOURCE_ALERTS="false").running_rules
    assert config("rules: ['pack:trailbell']").running_rules == ("pack:trailbell",)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("sources: {vonage: {watch: {quiet_after: soon}}}", "bad-value", "quiet_after"),
        ("sources: {vonage: {watch: {quiet_afer: 2h}}}", "unknown-key", "quiet_afer"),
        ("sources: {vonage: {watch: {lag_after: 20000d}}}", "bad-duration", "at most ten years"),
        ("sources: {eu: {vonage: {watch: {quiet_during: {hours: '25:00-26:00'}}}}}", "bad-value", "hours"),
        ("sources: {vonage: {watch: {quiet_during: {timezone: Mars/North}}}}", "bad-schedule", "Mars/North"),
        ("sources: {vonage: {watch: {severity: awful}}}", "bad-value", "must be info"),
        ("sources: {trailbell: {vonage: {}}}", "bad-value", "no source can be called"),
        ("http: {senders: [{source: trailbell, token: abc}]}", "bad-value", "no source can be called"),
        ("{sources: {vonage: {}}, http: {senders: [{source: vonage, token: abc}]}}", "bad-value", "read already"),
    ],
)
def test_what_is_refused(config, text, code, words):
    """Each with one problem at its place."""
    with pytest.raises(ConfigError) as refused:
        config(text)
    (problem,) = refused.value.problems
    assert (problem.code, problem.span.line) == (code, 1)
    assert words in problem.summary
