"""What every condition is: a frozen configuration, the memory of one key, and the step that changes it.

``begin`` makes a key's memory, ``step(memory, event) -> Step`` takes one event into it and says what came of that. A
condition owns no keys, no clock and no history: the pipeline hands it the memory of one key and one matching event.
A step changes the memory in place, since windows may be large and most events change little; it does so last, after
everything that can fail. A store sees the memory as plain JSON, by ``freeze`` and ``thaw``.
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
    """What came of one event.

    Attributes:
        firing: set if the condition holds now.
        noted: the memory has changed.
        forget: nothing of the memory matters any more.
        too_late: the event was older than all that its key still remembers, and changed nothing.
        resolved: what the open alert told of is over.
        overflow: how many entries were given up because the key holds as many as it may.
    """

    firing: Firing | None = None
    noted: bool = True
    forget: bool = False
    too_late: bool = False
    resolved: bool = False
    overflow: int = 0


NOTED: Final = Step()
"""The event was noted, and nothing else: what nearly always comes of one. It is told by identity."""
PASSED_OVER: Final = Step(noted=False)
"""The event has nothing that the condition looks at."""
TOO_LATE: Final = Step(noted=False, too_late=True)


class Condition(Protocol):
    """A condition's configuration, with its logic as methods that only read it."""

    @property
    def by(self) -> tuple[Path, ...]:
        """The key: memories, firings and folding are per value of these paths."""

    @property
    def remembers(self) -> bool:
        """Whether there is a memory at all; if not, ``step`` is handed None."""

    @property
    def wakes(self) -> bool:
        """Whether it may fire because nothing came."""

    @property
    def default_suppress_us(self) -> int:
        """How long firings fold when the rule does not say."""

    def begin(self, event: Event) -> Any:
        """The memory of a key of which this is the first event, which is not noted in it yet."""

    def step(self, memory: Any, event: Event) -> Step:
        """Take one matching event."""

    def expires_us(self, memory: Any) -> int | None:
        """The event time from which the memory can change nothing any more; None keeps it for ever."""

    def wakes_us(self, memory: Any) -> int | None:
        """The event time at which the memory is to be looked at even if nothing comes; None if it is not."""

    def wake(self, memory: Any, time_us: int) -> Step:
        """Look at a memory at the instant it asked for: every event before it has been taken."""

    def freeze(self, memory: Any) -> Json:
        """The memory as JSON, written or copied at once."""

    def thaw(self, state: Json) -> Any:
        """The memory of which ``freeze`` made the JSON, which nobody else uses."""

    def to_json(self) -> Json:
        """The configuration, as the rule's version is hashed from it."""

    def describe_state(self, state: Json) -> str:
        """What a frozen memory says, on one line for people: how far it is, what it still needs. Times in UTC."""


class Remembering:
    """The part of a condition whose memory is JSON as it is."""

    __slots__ = ()

    @property
    def remembers(self) -> bool:
        """It does."""
        return True

    @property
    def wakes(self) -> bool:
        """It may."""
        return True

    def freeze(self, memory: Any) -> Json:
        """The memory itself."""
        return memory

    def thaw(self, state: Json) -> Any:
        """The JSON itself."""
        return state

    def describe_state(self, state: Json) -> str:
        """The state as JSON, for a condition that has no words of its own."""
        text = canonical(state)
        return text if len(text) <= STATE_SHOWN else text[: STATE_SHOWN - 1] + "…"


class EventDriven(Remembering):
    """The part of a condition that only events move: it asks for no call."""

    __slots__ = ()

    @property
    def wakes(self) -> bool:
        """It does not."""
        return False

    def wakes_us(self, memory: Any) -> int | None:  # noqa: ARG002 - the protocol's signature
        """It asks for no call."""
        return None

    def wake(self, memory: Any, time_us: int) -> Step:  # noqa: ARG002 - the protocol's signature
        """Nothing changes because time passes."""
        return PASSED_OVER


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
        lasting: its firings last until a step says ``resolved``.
    """

    name: str
    summary: str
    build: Callable[..., Condition]
    parameters: tuple[Parameter, ...] = ()
    facts: tuple[str, ...] = ("count",)
    check: Callable[[Mapping[str, Any]], Flaw | None] = field(default=lambda _: None)
    silent: Callable[[Any], bool] = field(default=lambda _: False)
    remembers: bool = True
    lasting: bool = False


BY = Parameter(
    "by", "paths", "the key: state and alerts are kept apart per value of these paths; a missing one is null"
)
