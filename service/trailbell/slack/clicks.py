"""What becomes of a click: is it ours, may they, and then the same operation as on the command line."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from trailbell.clock import now_us
from trailbell.operations import submit
from trailbell.store.alerts import Alerts, StoredAlert
from trailbell.store.cards import Card, Cards
from trailbell.store.database import Database
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.rule import RuleSet, Words
from trailbell_engine.timestamps import HOUR_US, SECOND_US
from trailbell_notifiers.channels.slack.actions import SPANS_US, ForgedError, Wanted, read
from trailbell_notifiers.channels.slack.bot import Place, SlackBot, place_of
from trailbell_notifiers.policy.matchers import Matcher
from trailbell_notifiers.policy.routing import labels_of
from trailbell_notifiers.policy.silences import new_silence
from trailbell_notifiers.receipt import Delivered

from .people import People, Who, who_of
from .reasons import reasons

REMEMBERED: Final = 1_000
"""Clicks by which repeats are known."""
_DOES: Final = {"acknowledge": "acknowledge", "release": "unacknowledge", "resolve": "resolve"}
_DEED: Final = {"acknowledge": "acknowledge", "release": "acknowledge", "resolve": "resolve", "explain": "explain"}

log = logging.getLogger("trailbell")


class Click(NamedTuple):
    """A click that is ours.

    Attributes:
        who: clicked.
        wanted: what for.
        card: of which message.
        bot: that sent it.
        reference: of the message, or of the thread it is in.
        at_us: when, by Slack's clock.
    """

    who: Who
    wanted: Wanted
    card: Card
    bot: SlackBot
    reference: str
    at_us: int


class Clicks:
    """Does what is clicked. One thread at a time."""

    def __init__(
        self,
        bots: Mapping[str, SlackBot],
        key: bytes,
        state: Path,
        database: Database,
        rules: Callable[[], RuleSet],
        heard: Callable[[], object],
    ) -> None:
        """Wire the parts.

        Args:
            bots: receivers with buttons, by name.
            key: by which buttons are signed.
            state: the state folder, where wishes are left.
            database: the store.
            rules: those that run.
            heard: called when a wish was left, for the engine to take it up.
        """
        self._bots = bots
        self._key = key
        self._state = state
        self._rules = rules
        self._heard = heard
        self._cards = Cards(database)
        self._alerts = Alerts(database)
        self._outbox = StoreOutbox(database)
        self._people = {name: People(bot.api) for name, bot in bots.items()}
        self._done: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def take(self, payload: Mapping[str, Any]) -> None:
        """Do what a click asks for, or tell whoever clicked why not. What cannot be read is left."""
        channel, who = str(payload["channel"]["id"]), who_of(payload)
        clicked = payload.get("message") or {}
        place = Place(channel, str(clicked.get("thread_ts") or clicked.get("ts") or ""))
        for action in payload.get("actions", ()):
            value = str((action.get("selected_option") or action).get("value") or "")
            if not value:
                continue  # a button that is a link: Slack has opened it
            try:
                click = self._click(value, place, who, str(action.get("action_ts", "")))
            except ForgedError as error:
                log.warning("Slack: a click of %s was refused: %s", who, error)
                self._whisper(channel, who, f"Nothing was done: {error}.")
                continue
            self._do(click, channel, str(action.get("action_ts", "")))

    def _click(self, value: str, place: Place, who: Who, at: str) -> Click:
        wanted = read(value, self._key, time.time())
        for card in self._cards.of_thread(wanted.thread):
            bot = self._bots.get(card.queue.receiver)
            sent = place_of(self._outbox.reference(card.queue, card.thread))  # None while that is being recorded
            if bot is not None and (sent is None or sent.channel == place.channel):
                return Click(who, wanted, card, bot, str(place), _time_us(at))
        raise ForgedError("this message is not known here any more")

    def _do(self, click: Click, channel: str, at: str) -> None:
        if not self._may(click):
            log.warning("Slack: %s may not %s", click.who, click.wanted.verb)
            self._whisper(channel, click.who, _refusal(click), click.bot)
            return
        if not self._first(click.wanted.verb, click.wanted.span, click.card.thread, click.who.id, at):
            return
        alerts = [stored for id_ in click.card.content["ids"] if (stored := self._alerts.get(id_)) is not None]
        match click.wanted.verb:
            case "explain":
                self._explain(click, alerts)
            case "silence":
                self._silence(click, alerts)
            case _:
                self._handle(click, alerts)

    def _may(self, click: Click) -> bool:
        verb, allow = click.wanted.verb, click.bot.allow
        names = allow.names(verb)
        if names is None or click.who.id in names:
            return True
        people = self._people[click.bot.name]
        email = people.email(click.who.id) if any("@" in name for name in names) else ""
        return allow.allow(verb, click.who.id, email, people.groups(click.who.id, allow.groups(verb)))

    def _first(self, *identity: str) -> bool:
        """Whether this click was not seen before: Slack repeats what it believes was lost."""
        if identity in self._done:
            return False
        self._done[identity] = None
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        return True

    def _handle(self, click: Click, alerts: list[StoredAlert]) -> None:
        for stored in alerts:
            if stored.alert.state == "open":
                do = _DOES[click.wanted.verb]
                submit(self._state, do, author=str(click.who), comment="", subject=stored.alert.id)
        self._heard()
        log.info("Slack: %s wants to %s %s", click.who, click.wanted.verb, click.card.thread[:12])

    def _silence(self, click: Click, alerts: list[StoredAlert]) -> None:
        if not alerts:
            return
        ends_us = click.at_us + SPANS_US[click.wanted.span]
        matchers = matchers_of(click.card, alerts[0], self._rules())
        author = str(click.who)
        silence = new_silence(
            matchers, starts_us=click.at_us, ends_us=ends_us, author=author, comment="from Slack", origin="slack"
        )
        submit(self._state, "silence", author=author, comment=silence.comment, silence=silence)
        self._heard()
        log.info("Slack: %s silences %s until %d", click.who, silence, ends_us // SECOND_US)

    def _explain(self, click: Click, alerts: list[StoredAlert]) -> None:
        if not alerts or not self._first("explained", click.card.thread, str(click.card.version)):
            return
        receipt = click.bot.reply(reasons(alerts, self._rules()), click.reference, time.time())
        if not isinstance(receipt, Delivered):
            log.warning("Slack: the explanation was not posted: %s", receipt.reason)

    def _whisper(self, channel: str, who: Who, words: str, bot: SlackBot | None = None) -> None:
        """Tell one person alone. Whether it arrives is of no matter."""
        found = bot or next((one for one in self._bots.values() if one.channel == channel), None)
        if found is not None:
            found.api.call("chat.postEphemeral", {"channel": channel, "user": who.id, "text": words, "parse": "none"})


def matchers_of(card: Card, newest: StoredAlert, rules: RuleSet) -> list[str]:
    """What a silence from this message is about: the labels of the group, or the rule and what it counts by."""
    group = {name: value for name, value in card.content["group"].items() if value}
    if group:
        return [str(Matcher(name, "=", value)) for name, value in group.items()]
    alert = newest.alert
    labels = labels_of(alert, rules[alert.rule_id].words if alert.rule_id in rules else Words(""))
    return [str(Matcher(name, "=", value)) for name in ("rule", *alert.key) for value in labels[name]]


def _refusal(click: Click) -> str:
    deed = _DEED.get(click.wanted.verb, "silence")
    return f"Nothing was done: you are not among those who may {deed} here. Whoever runs trailbell can change `allow`."


def _time_us(at: str) -> int:
    """When Slack says it was, if that is about now: the same for every repeat of a click."""
    current_us = now_us()
    try:
        said_us = round(float(at) * SECOND_US)
    except ValueError:
        return current_us
    return said_us if abs(said_us - current_us) < HOUR_US else current_us
