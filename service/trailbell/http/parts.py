"""What the routes stand on: settings, the store to read, the engine's own account of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trailbell.clock import now_us
from trailbell.sources.inbox import Inbox
from trailbell.store.search_keeper import SearchKeeper
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
        folder: the state folder.
        rules: asks for the rules that run now.
        tally: asks for the engine's counts since its start; None where no engine runs in this process.
        trouble: asks, for at most so many seconds, what keeps the engine from taking events; None if nothing does.
        observed: commits and attempts since the start.
        inboxes: where sent events go, by source.
        started_us: when the server was.
    """

    settings: HttpSettings
    keeper: SearchKeeper
    folder: Path
    rules: Callable[[], RuleSet]
    tally: Callable[[], Tally] | None = None
    trouble: Callable[[float], str | None] = lambda _patience_s: None
    observed: Observed = field(default_factory=Observed)
    inboxes: Mapping[str, Inbox] = field(default_factory=dict)
    started_us: int = field(default_factory=now_us)
