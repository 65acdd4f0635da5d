"""What every condition is: a frozen configuration, a pure step, and a small JSON state per key.

``step(state, event) -> Step(state, firing)``. A condition owns no keys, no clock and no history: the pipeline hands it
the state of one key and one matching event, and stores what it gives back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.values import Json, canonical

STATE_SHOWN: Final = 160
"""Characters of a state that is shown as it is."""

ParameterKind: TypeAlias = Literal[
    "path", "paths", "duration", "count", "number", "share", "speed", "boolean", "choice", "predicate", "steps"
]
"""How a parameter is written: ``duration`` gives microseconds, ``count`` a whole number of at least 1, ``share`` a
number from 0 to 1 (also written ``20%``), ``speed`` km/h, ``choice`` one of the parameter's words, ``steps`` a tuple of
``sequence.SequenceStep``."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a condition: from this line come its schema, its check and its documentation."""

    name: str
    kind: ParameterKind
    summary: str
    required: bool = False
    default: Json = None
    choices: tuple[str, ...] = ()


class Flaw(NamedTuple):
    """What is wrong between parameters that are well-formed one by one.

    Attributes:
        summary: one sentence.
        at: where, below the condition: a parameter, or deeper; empty for the condition itself.
        help: what to write instead.
    """

    summary: str
    at: tuple[str | int, ...] = ()
    help: str = ""


class Firing(NamedTuple):
    """The condition holds now.

    Attributes:
        event_ids: the contributing events in event order.
        facts: what was measured, for templates and ``explain``; JSON.
        why: one sentence, actual against threshold; where there is none, the match is described.
        lasting: it goes on until a step says ``resolved``.
        times_us: when each of the events happened; none where all of them are of the time of the firing.
    """

    event_ids: tuple[str, ...]
    facts: Mapping[str, Json] = {}
    why: str = ""
    lasting: bool = False
    times_us: tuple[int, ...] = ()


class Step(NamedTuple):
    """The outcome of one event.

    Attributes:
        state: the key's new state; None forgets the key.
        firing: set if the condition holds now.
        too_late: the event was older than all that its key still remembers, and changed nothing.
        resolved: what the open alert told of is over.
        overflow: how many entries were given up because the key holds as many as it may.
    """

    state: Json
    firing: Firing | None = None
    too_late: bool = False
    resolved: bool = False
    overflow: int = 0


class Condition(Protocol):
    """A condition's configuration, with its logic as methods that only read it."""

    @property
    def by(self) -> tuple[Path, ...]:
        """The key: state, firings and folding are per value of these paths."""

    @property
    def default_suppress_us(self) -> int:
        """How long firings fold when the rule does not say."""

    def step(self, state: Json, event: Event) -> Step:
        """Take one matching event; ``state`` is what the last step of this key returned, or None."""

    def expires_us(self, state: Json) -> int | None:
        """The event time from which this state can change nothing any more; None keeps it for ever."""

    def wakes_us(self, state: Json) -> int | None:
        """The event time at which this state wants to be looked at again even if nothing comes; None if it does not."""

    def wake(self, state: Json, time_us: int) -> Step:
        """Look at a state at the instant it asked for: every event before it has been taken."""

    def to_json(self) -> Json:
        """The configuration, as the rule's version is hashed from it."""

    def describe_state(self, state: Json) -> str:
        """What a key's state says, on one line for people: how far it is, and what it still needs. Times in UTC."""


class Described:
    """The part of a condition that has no words of its own for its state: people see the state itself."""

    __slots__ = ()

    def describe_state(self, state: Json) -> str:
        """The state as JSON."""
        text = canonical(state)
        return text if len(text) <= STATE_SHOWN else text[: STATE_SHOWN - 1] + "…"


class EventDriven(Described):
    """The part of a condition that only events move: it asks for no call."""

    __slots__ = ()

    def wakes_us(self, state: Json) -> int | None:  # noqa: ARG002 - the protocol's signature
        """It asks for no call."""
        return None

    def wake(self, state: Json, time_us: int) -> Step:  # noqa: ARG002 - the protocol's signature
        """Nothing changes because time passes."""
        return Step(state)


@dataclass(frozen=True, slots=True)
class ConditionSpec:
    """A condition's declaration: schema, validation and reference documentation derive from it.

    Attributes:
        name: the key below ``when``.
        summary: what it fires on, one sentence.
        parameters: besides ``by``, which every condition takes.
        build: makes the configuration from keyword arguments named as the parameters (and ``by``).
        facts: what a firing measured, by the names that templates use.
        check: finds what is wrong between parameters; None if nothing is.
        silent: whether a firing can come because nothing came, so that its words can speak of the key alone.
        remembers: earlier events matter; without memory there is nothing to learn from history.
    """

    name: str
    summary: str
    build: Callable[..., Condition]
    parameters: tuple[Parameter, ...] = ()
    facts: tuple[str, ...] = ("count",)
    check: Callable[[Mapping[str, Any]], Flaw | None] = field(default=lambda _: None)
    silent: Callable[[Any], bool] = field(default=lambda _: False)
    remembers: bool = True


BY = Parameter(
    "by", "paths", "the key: state and alerts are kept apart per value of these paths; a missing one is null"
)
