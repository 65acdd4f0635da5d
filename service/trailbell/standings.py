"""How the alerts of a message stand: looked after, silenced, over, and by whose doing; read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trailbell_engine.rule import RuleSet, Words
from trailbell_notifiers.channels.living import OPEN, Standing
from trailbell_notifiers.policy.routing import labels_of
from trailbell_notifiers.policy.silences import Silence, covering

from .store.alerts import StoredAlert
from .store.handlings import Handling, Handlings


class Situation(NamedTuple):
    """What is known of a message's alerts.

    Attributes:
        standing: of all of them.
        acknowledged_ids: those somebody looks after.
        firings: of all, in all.
        last_us: event time of the newest firing.
    """

    standing: Standing
    acknowledged_ids: frozenset[str]
    firings: int
    last_us: int


def situation_of(
    alerts: Sequence[StoredAlert], handlings: Handlings, silences: Sequence[Silence], rules: RuleSet, now_us: int
) -> Situation:
    """How alerts stand now.

    Args:
        alerts: at least one.
        handlings: what people have done.
        silences: stored ones and those of the configuration.
        rules: that run, for the labels.
        now_us: the time, for silences.
    """
    deeds = {stored.alert.id: handlings.of(stored.alert.id) for stored in alerts}
    acknowledged = {id_: deed for id_, done in deeds.items() if (deed := _acknowledged(done)) is not None}
    open_ = [stored for stored in alerts if stored.alert.state == "open"]
    return Situation(
        _standing(alerts, open_, acknowledged, deeds, [_silence(one, silences, rules, now_us) for one in open_]),
        frozenset(acknowledged),
        sum(stored.alert.firings for stored in alerts),
        max(stored.alert.last_at_us for stored in alerts),
    )


def _standing(
    alerts: Sequence[StoredAlert],
    open_: Sequence[StoredAlert],
    acknowledged: dict[str, Handling],
    deeds: dict[str, list[Handling]],
    silences: Sequence[Silence | None],
) -> Standing:
    if not open_:
        ends = [deed for done in deeds.values() for deed in done if deed.what == "resolved"]
        last = max(ends, key=lambda deed: deed.at_us, default=None)
        if last is None:
            return Standing("resolved", at_us=max(stored.alert.last_at_us for stored in alerts))
        return Standing("resolved", last.author, last.at_us, last.comment)
    quiet = [silence for silence in silences if silence is not None]
    if len(quiet) == len(open_):
        first = min(quiet, key=lambda silence: silence.ends_us)
        return Standing("silenced", first.author, first.ends_us, first.comment)
    if all(stored.alert.id in acknowledged for stored in open_):
        deed = max((acknowledged[stored.alert.id] for stored in open_), key=lambda deed: deed.at_us)
        return Standing("acknowledged", deed.author, deed.at_us, deed.comment)
    return OPEN


def _acknowledged(deeds: Sequence[Handling]) -> Handling | None:
    last = next((deed for deed in reversed(deeds) if deed.what != "resolved"), None)
    return last if last is not None and last.what == "acknowledged" else None


def _silence(stored: StoredAlert, silences: Sequence[Silence], rules: RuleSet, now_us: int) -> Silence | None:
    words = rules[stored.alert.rule_id].words if stored.alert.rule_id in rules else Words("")
    return covering(silences, labels_of(stored.alert, words), now_us)
