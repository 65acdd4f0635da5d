"""All that looks at a dry-run while it goes: recorder, funnels, another version, messages, what might help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from trailbell.drive import Sink
from trailbell.memory import MemoryLedger
from trailbell.recorder import Recorder
from trailbell.report import Extras
from trailbell.sources.judged import Judge
from trailbell.wording import Wording
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.policy.silences import Silence

from .comparison import compare, differing
from .coverage import coverage
from .funnel import Funnel, Funnels
from .match_spool import MatchSpool
from .message_preview import MessagePreview
from .messages import Messages
from .shadow import Shadow
from .sinks import Sinks
from .suggestion import Noisy, Suggestion, suggestions
from .verdict import judge as verdict_on
from .witness import Witness

if TYPE_CHECKING:
    from trailbell.replay import Wanted


class Parts:
    """What looks at one run, as far as it is wanted.

    Attributes:
        pipeline: runs the rules.
        ledger: their memory.
        recorder: what the rules made of the history.
    """

    def __init__(
        self, rules: RuleSet, lateness_us: dict[str, int], wanted: Wanted, stack: ExitStack, judge: Judge | None
    ) -> None:
        """Wire the parts.

        Args:
            rules: to run.
            lateness_us: per source of events.
            wanted: what is to be looked at.
            stack: closes what needs to be closed.
            judge: has asked the rules already, of events that say so.
        """
        self._rules = rules
        self._wanted = wanted
        self.pipeline = Pipeline(rules, lateness_us, None if judge is None else judge.given(0))
        self.ledger = MemoryLedger()
        self.recorder = Recorder(Wording(rules).of)
        self._spool = stack.enter_context(MatchSpool()) if wanted.suggest else None
        self._funnels = Funnels(rules, self.pipeline, lateness_us) if wanted.funnel else None
        self._shadow = self._shadowed(wanted.against[1], lateness_us, judge) if wanted.against else None
        self._preview: MessagePreview | None = None
        self._witness = self._called(*wanted.why_not) if wanted.why_not else None

    def _shadowed(self, before: RuleSet, lateness_us: dict[str, int], judge: Judge | None) -> Shadow:
        return Shadow(differing(before, self._rules), lateness_us, None if judge is None else judge.given(1))

    def _called(self, rule_id: str, event_id: str) -> Witness:
        return Witness(self._rules[rule_id], event_id, self._rules.lookups, self.ledger)

    def preview(self, silences: Sequence[Silence], *, ticks: bool) -> None:
        """Follow the messages, if that is wanted.

        Args:
            silences: of the store, beside those of the configuration.
            ticks: the history holds those of the clock.
        """
        told = self._wanted.told
        if told is None:
            return
        self._preview = self.recorder.follower = MessagePreview(
            self._rules,
            told.receivers,
            told.kinds,
            self.recorder.alerts,
            configured=told.configured,
            silences=silences,
            ticks=ticks,
            sent=told.sent,
        )

    def watches(self, event_type: str) -> bool:
        """Whether any part looks into events of that type."""
        if self._funnels is not None or self._witness is not None:
            return True  # they ask about events that match nothing, too
        shadow = self._shadow
        return self.pipeline.watches(event_type) or (shadow is not None and shadow.watches(event_type))

    def settle(self) -> None:
        """The history has ended for good."""
        if self._preview is not None:
            self._preview.settle()

    def sink(self) -> Sink:
        """The recorder alone, or with those that look over its shoulder."""
        others = [sink for sink in (self._funnels, self._shadow, self._witness) if sink is not None]
        of_outputs = [self._spool] if self._spool is not None else []
        return Sinks([self.recorder, *others], of_outputs) if others or of_outputs else self.recorder

    def extras(self, *, hurry: bool) -> Extras:
        """What they saw; in a hurry, without trying anything."""
        extras = Extras()
        extras.max_per_day = self._wanted.max_per_day
        extras.messages = None if self._preview is None else self._preview.messages()
        extras.suggestions = {} if self._spool is None or hurry else self._suggestions(self._spool)
        if self._witness is not None:
            route = self._wanted.told.receivers.route if self._wanted.told is not None else None
            extras.why_not = self._witness.answer(self.recorder.alerts, route)
        if self._funnels is not None:
            extras.funnels = self._drawn(self._funnels, extras.messages)
        if self._shadow is not None and self._wanted.against is not None:
            name, before = self._wanted.against
            extras.against = compare(name, before, self._rules, self._shadow.recorder.alerts, self.recorder.alerts)
        return extras

    def _drawn(self, funnels: Funnels, messages: Messages | None) -> dict[str, Funnel]:
        return {rule.id: funnels.of(rule, self.recorder.tally, messages) for rule in self._rules}

    def _suggestions(self, spool: MatchSpool) -> dict[str, Suggestion]:
        """What would help the noisy rules; nothing, if the user will not wait for it."""
        tally = self.recorder.tally
        span_days = coverage(tally.first_us, tally.last_us, tally.per_hour).span_days
        try:
            return suggestions(self._rules, list(self._noisy(span_days)), spool, tally.first_us or 0, span_days)
        except KeyboardInterrupt:
            return {}

    def _noisy(self, span_days: float) -> Iterator[Noisy]:
        opened_us: dict[str, list[int]] = {}
        for head in self.recorder.alerts.heads():
            opened_us.setdefault(head.rule_id, []).append(head.opened_at_us)
        for rule in self._rules:
            counts = self.recorder.tally.of(rule.id)
            culprit = self.recorder.culprits.main(rule.id, counts.alerts)
            if verdict_on(counts, counts.alerts / span_days, culprit)[0] in ("noisy", "flood"):
                yield Noisy(rule, counts.matched, opened_us[rule.id], culprit)
