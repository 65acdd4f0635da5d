"""A rule at work: what it does with the events that its ``match`` holds for, and with instants at which none came."""

from __future__ import annotations

from .agenda import GRAIN_BITS, NEVER_US
from .alert import Matched, Output, Overflow, RuleError, TooLate, Untracked
from .alerting import Alerting
from .cells import Cell
from .census import Census
from .conditions.base import NOTED, Step
from .event import Event
from .key import compile_key, compile_key_text, instant_of, key_of_text
from .lookup import Lookups
from .rule import Rule
from .state import State
from .timers import Call, Timers
from .values import Json

_new = tuple.__new__
"""Makes a named tuple at half the cost of calling its class."""


class RuleAtWork:
    """One rule on one state, with what is settled once: how its key is read, where its memories are.

    Attributes:
        rule: the rule.
        census: of the keys it remembers.
    """

    def __init__(self, rule: Rule, state: State, timers: Timers, census: Census) -> None:
        """Set the rule to work.

        Args:
            rule: the rule.
            state: of the engine.
            timers: take the calls it asks for.
            census: of the keys that it remembers already.
        """
        self.rule = rule
        self.census = census
        self._state = state
        self._timers = timers
        self._id = rule.id
        self._condition = rule.condition
        self._cell, self._changed = state.cell, state.changed
        self._step, self._expires_us = rule.condition.step, rule.condition.expires_us
        self._remembers, self._wakes = rule.condition.remembers, rule.condition.wakes
        self._shelf = state.shelf(rule.id, rule.version, "when", rule.condition)
        self._key = compile_key(rule.condition.by)
        self._key_text = compile_key_text(rule.condition.by)
        self._alerting = Alerting(rule)

    def take(self, event: Event, clock_us: int, outputs: list[Output]) -> None:
        """Take an event that the rule matches. What has expired by ``clock_us`` is not there any more."""
        outputs.append(_new(Matched, (self._id, event)))
        try:
            if not self._remembers:
                self._told(self._step(None, event), event, clock_us, outputs)
                return
            cell = self._cell(self._shelf, self._key_text(event))
            memory = cell.memory
            if memory is None or cell.expires_us <= clock_us:
                self._begin(cell, event, clock_us, outputs)
                return
            step = self._step(memory, event)
            if step is NOTED and not self._wakes and event.time_us >= clock_us:
                self._keep_quietly(cell, self._expires_us(memory))
                return
            if step is not NOTED:
                step = self._told(step, event, clock_us, outputs)
            if step.noted:
                self._keep(cell, memory, step, event, clock_us, outputs)
        except Exception as error:  # noqa: BLE001 - one rule's failure on one event must not stop the others
            outputs.append(self._failed(event, error))

    def asked(self, key: str, source: str) -> int | None:
        """The instant by that source's clock at which the key's memory is to be looked at; None for none."""
        cell = self._cell(self._shelf, key)
        return cell.wake_us if cell.memory is not None and cell.source == source else None

    def wake(self, key: str, instant: tuple[int, str], clock_us: int, lookups: Lookups, outputs: list[Output]) -> None:
        """Look at a key's memory at the instant that it asked for, by a source's clock."""
        at_us, source = instant
        cell = self._cell(self._shelf, key)
        if not cell.alive(clock_us):
            return
        by = self._condition.by
        event = lookups.enrich_instant(instant_of(by, key_of_text(by, key), source, at_us))
        cell.wake_us = None
        try:
            step = self._condition.wake(cell.memory, at_us)
            step = self._told(step, event, clock_us, outputs, key_of_text(by, key))
            self._keep(cell, cell.memory, step, event, clock_us, outputs)
        except Exception as error:  # noqa: BLE001 - as above
            outputs.append(self._failed(event, error))

    def _begin(self, cell: Cell, event: Event, clock_us: int, outputs: list[Output]) -> None:
        """The first event of a key, or the first since its memory has expired."""
        memory = self._condition.begin(event)
        step = self._condition.step(memory, event)
        keeps = step.noted and not step.forget
        if keeps and self.census.full(self.rule.max_keys) and not self._counts(cell):
            outputs.append(Untracked(self.rule.id, event))
            return
        if step is not NOTED:
            step = self._told(step, event, clock_us, outputs)
        if keeps or (step.noted and cell.memory is not None):
            cell.wake_us = None
            self._keep(cell, memory, step, event, clock_us, outputs)

    def _counts(self, cell: Cell) -> bool:
        """Whether a memory that has expired stands for a key that is counted."""
        return cell.memory is not None and self.census.counts(cell.expires_us >> GRAIN_BITS)

    def _told(
        self, step: Step, event: Event, clock_us: int, outputs: list[Output], key: dict[str, Json] | None = None
    ) -> Step:
        """Say what a step has to say; if that fails, the step has not been consumed."""
        try:
            self._tell(step, event, clock_us, outputs, key)
        except Exception as error:  # noqa: BLE001 - as above
            outputs.append(self._failed(event, error))
            return Step(noted=step.noted)
        return step

    def _tell(
        self, step: Step, event: Event, clock_us: int, outputs: list[Output], key: dict[str, Json] | None
    ) -> None:
        if step.too_late:
            outputs.append(TooLate(self.rule.id, event))
        if step.overflow:
            outputs.append(Overflow(self.rule.id, event, step.overflow))
        if not step.resolved and step.firing is None:
            return
        key = self._key(event) if key is None else key
        if step.resolved:
            resolved = self._alerting.resolve(key, event.time_us, self._state)
            if resolved is not None:
                outputs.append(resolved)
        if step.firing is not None:
            outputs.append(self._alerting.fire(key, event, clock_us, step.firing, self._state))

    def _keep(self, cell: Cell, memory: object, step: Step, event: Event, clock_us: int, outputs: list[Output]) -> None:
        """Keep the memory as the step has left it."""
        counted = None if cell.memory is None else cell.expires_us >> GRAIN_BITS
        if step.forget:
            if counted is not None:
                self.census.remove(counted)
            cell.memory = cell.wake_us = None
            self._changed(cell)
            return
        expires_us = self._expires_us(memory)
        cell.expires_us = expires_us = NEVER_US if expires_us is None else expires_us
        cell.memory = memory
        if expires_us >> GRAIN_BITS != counted:
            self.census.move(counted, expires_us >> GRAIN_BITS)
        if self._wakes:
            self._ask(cell, event.source)
        self._changed(cell)
        if expires_us <= clock_us and event.time_us < clock_us and not (step.firing or step.too_late or step.resolved):
            outputs.append(TooLate(self.rule.id, event))  # late, and its key is left with what has expired already

    def _keep_quietly(self, cell: Cell, expires_us: int | None) -> None:
        """As ``_keep``, for what nearly always comes of an event: it was noted in a memory that goes on."""
        before_us = cell.expires_us
        cell.expires_us = expires_us = NEVER_US if expires_us is None else expires_us
        if (expires_us ^ before_us) >> GRAIN_BITS:
            self.census.move(before_us >> GRAIN_BITS, expires_us >> GRAIN_BITS)
        self._changed(cell)

    def _ask(self, cell: Cell, source: str) -> None:
        """Ask for the call that the memory wants, unless one is pending that comes first."""
        at_us = self._condition.wakes_us(cell.memory)
        if at_us is not None and (cell.wake_us is None or at_us < cell.wake_us or source != cell.source):
            self._timers.add(source, Call(self.rule.id, self.rule.version, cell.key), at_us)
        cell.wake_us, cell.source = at_us, source

    def _failed(self, event: Event, error: Exception) -> RuleError:
        return RuleError(self.rule.id, event, f"{type(error).__name__}: {error}")
