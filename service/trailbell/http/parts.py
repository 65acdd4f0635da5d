"""What the routes stand on: settings, the store to read, the engine's own account of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trailbell.clock import now_us
from trailbell.sources.inbox import Inbox
from trailbell.store.address import Address, folder_of
from trailbell.store.searching import Keeper
from trailbell.tally import Tally
from trailbell_engine.rule import RuleSet

from .observed import Observed
from .settings import HttpSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a route may use.

    Attributes:
        settings: of ``http:``.
        keeper: index, search and read-only connections.
        store: where the store is.
        rules: asks for the rules that run now.
        tally: asks for the engine's counts since its start; None where no engine runs in this process.
        matching: asks for the counts of what the matcher remembers; empty where no engine runs.
        trouble: asks, for at most so many seconds, what keeps the engine from taking events; None if nothing does.
        observed: commits and attempts since the start.
        inboxes: where sent events go, by source.
        waiting: asks how many messages wait at brokers, by source; of those that say so.
        lost: asks what was sent to sources and not heard, by source and reason; of those that say so.
        started_us: when the server was.
    """

    settings: HttpSettings
    keeper: Keeper
    store: Address
    rules: Callable[[], RuleSet]
    tally: Callable[[], Tally] | None = None
    matching: Callable[[], Mapping[str, int]] = dict
    trouble: Callable[[float], str | None] = lambda _patience_s: None
    observed: Observed = field(default_factory=Observed)
    inboxes: Mapping[str, Inbox] = field(default_factory=dict)
    waiting: Callable[[], Mapping[str, int]] = dict
    lost: Callable[[], Mapping[str, Mapping[str, int]]] = dict
    started_us: int = field(default_factory=now_us)

    @property
    def folder(self) -> Path:
        """The state folder."""
        return folder_of(self.store)
