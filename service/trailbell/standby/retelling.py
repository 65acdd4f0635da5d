"""A stored delivery, or many, as a message again: for a fallback, which speaks another form, and for a digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trailbell.store.alerts import Alerts
from trailbell.store.database import Database
from trailbell.store.decisions import Decisions
from trailbell.telling import presentation
from trailbell_engine.alert import SEVERITIES
from trailbell_engine.counted import counted
from trailbell_engine.rule import RuleSet, Words
from trailbell_notifiers.delivery.outbox import Delivery
from trailbell_notifiers.message import MEMBERS_KEPT, Member, Message, Place, compose


class Retelling:
    """Writes messages from what the store holds now, with the words that people were to be told."""

    def __init__(self, database: Database, rules: Callable[[], RuleSet]) -> None:
        """Read from here.

        Args:
            database: the store.
            rules: those that run, for their runbooks and owners.
        """
        self._database = database
        self._alerts = Alerts(database)
        self._decisions = Decisions(database)
        self._rules = rules

    def told(self, delivery: Delivery) -> dict[str, str]:
        """The alerts that a delivery tells of, each with the severity that escalation may have given it by then."""
        rows: list[tuple[Any, ...]] = [(delivery.receiver, delivery.thread, delivery.number, delivery.alert_id)]
        if delivery.kind == "digest":
            folded = "SELECT receiver, thread, number, alert_id FROM outbox WHERE reference = ? AND state = 'folded'"
            rows = self._database.rows(folded, (delivery.id,))
        told: dict[str, str] = {}
        for *message, alert_id in rows:
            told |= self._decisions.told_by(*message) or {alert_id: ""}
        return told

    def again(self, delivery: Delivery, change: str) -> Message | None:
        """What a delivery tells, for another receiver; None if it tells of no stored alert.

        Args:
            delivery: from the outbox.
            change: why it is told there, in words.
        """
        told = self.told(delivery)
        members = self._members(told)
        if not members:
            return None
        lead = next((member for member in members if member.alert.id == delivery.alert_id), members[0])
        place = Place(
            members=tuple(members),
            alert_count=len(told),
            number=delivery.number,
            thread=delivery.thread,
            change=change,
        )
        return compose(lead.alert, lead.words, lead.presentation, delivery.kind, place)

    def digest(self, deliveries: Sequence[Delivery], thread: str) -> Message | None:
        """One message of many deliveries: how many of which rule, and the newest alerts; None if none is stored.

        Args:
            deliveries: in order.
            thread: of the digest.
        """
        ids = list(dict.fromkeys(delivery.alert_id for delivery in reversed(deliveries)))
        newest = {one.alert_id: one for one in deliveries}
        severities = {id_: self._severity(newest[id_]) for id_ in ids[:MEMBERS_KEPT]}
        members = self._members(severities)
        if not members:
            return None
        rules: Counter[str] = Counter()
        for start in range(0, len(ids), 500):
            rules.update(self._rules_of(ids[start : start + 500]))
        counts = ", ".join(f"{count} of {rule_id}" for rule_id, count in rules.most_common())
        lead = max(members, key=lambda member: (SEVERITIES.index(member.alert.severity), member.alert.opened_at_us))
        waiting = counted(len(deliveries), "message was", "messages were")
        change = f"{waiting} waiting; this one stands for all of them. Alerts by rule: {counts}"
        place = Place(members=tuple(members), alert_count=len(ids), thread=thread, change=change)
        return compose(lead.alert, lead.words, lead.presentation, "digest", place)

    def _severity(self, delivery: Delivery) -> str:
        return self._decisions.told_by(delivery.receiver, delivery.thread, delivery.number).get(delivery.alert_id, "")

    def _rules_of(self, ids: Sequence[str]) -> Iterable[str]:
        marks = ", ".join("?" * len(ids))
        rows: list[tuple[Any, ...]] = self._database.rows(
            f"SELECT rule_id FROM alert WHERE id IN ({marks})",  # noqa: S608 - question marks
            tuple(ids),
        )
        return (rule_id for (rule_id,) in rows)

    def _members(self, told: Mapping[str, str]) -> list[Member]:
        members = []
        for alert_id in list(told)[:MEMBERS_KEPT]:
            stored = self._alerts.get(alert_id)
            if stored is None:
                continue
            wording, rules, alert = presentation(stored.wording), self._rules(), stored.alert
            words = rules[alert.rule_id].words if alert.rule_id in rules else Words(wording.title)
            severity = next((one for one in SEVERITIES if one == told[alert_id]), alert.severity)
            members.append(Member(replace(alert, severity=severity), words, wording))
        return members
