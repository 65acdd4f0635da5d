"""A progress bar on stderr while history is read, where stderr is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from trailbell_engine.counted import counted
from trailbell_engine.timestamps import DAY_US

_MIB = 1024 * 1024


class Reading(Protocol):
    """Files that know how far they are read."""

    @property
    def bytes_read(self) -> int:
        """Bytes of the files as they are on disk."""

    @property
    def bytes_total(self) -> int | None:
        """All of them, where that is known."""

    @property
    def events_read(self) -> int:
        """Records that were handed out."""


class Asking(Protocol):
    """The past of a source, which knows how far it is read; microseconds."""

    since_us: int
    until_us: int
    reached_us: int
    events_read: int


class State(NamedTuple):
    """How far the reading is.

    Attributes:
        done, total: in whatever it is measured by; a total of None is not known.
        text: the same in words.
        events: so far.
    """

    done: float
    total: float | None
    text: str
    events: int


class _Following(Progress):
    """A bar that asks how far it is at every refresh, so that the loop need not tell it anything."""

    def __init__(self, look: Callable[[], State], console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[words]}"), _Left())
        self._look = look  # rich draws once while it is made
        super().__init__(*columns, console=console, transient=True, refresh_per_second=8)
        state = look()
        self._reading = self.add_task("reading history", total=state.total, words=state.text)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar as it stands now."""
        if not self.tasks:
            return
        state = self._look()
        elapsed_s = self.tasks[0].elapsed or 0.0
        rate = f"{state.events / elapsed_s:,.0f} events/s" if elapsed_s >= 0.5 else "… events/s"
        words = f"{state.text} · {counted(state.events, 'event')} · {rate}"
        self.update(self._reading, completed=state.done, total=state.total, words=words)
        yield from super().get_renderables()


class _Left(TimeRemainingColumn):
    """The time that is left, in words; nothing while nobody can say."""

    def render(self, task: object) -> Text:
        """What is left of the task."""
        left = super().render(task)  # type: ignore[arg-type]  # rich's Task; what it is made of is not our business
        return left if "-" in left.plain or not left.plain else left.append(" left")


@contextmanager
def reading(console: Console, source: Reading) -> Iterator[None]:
    """Show how far files are read, until the work is done."""

    def look() -> State:
        done, total = source.bytes_read, source.bytes_total
        of = "" if total is None else f" of {total / _MIB:,.0f}"
        return State(done, total, f"{done / _MIB:,.0f}{of} MiB", source.events_read)

    with _shown(console, look):
        yield


@contextmanager
def asking(console: Console, source: Asking) -> Iterator[None]:
    """Show how far a past is read, in days, until the work is done."""
    days = max(1, -(-(source.until_us - source.since_us) // DAY_US))

    def look() -> State:
        done = (source.reached_us - source.since_us) / DAY_US
        is_over = source.reached_us >= source.until_us
        return State(done, days, f"{days if is_over else int(done)} of {counted(days, 'day')}", source.events_read)

    with _shown(console, look):
        yield


@contextmanager
def _shown(console: Console, look: Callable[[], State]) -> Iterator[None]:
    if not console.is_terminal:
        yield
        return
    with _Following(look, console):
        yield
