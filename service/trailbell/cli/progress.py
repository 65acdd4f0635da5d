"""A progress bar on stderr while files are read, where stderr is a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


class Reading(Protocol):
    """Something that knows how far it has read."""

    @property
    def bytes_read(self) -> int:
        """Bytes of the files as they are on disk."""

    @property
    def bytes_total(self) -> int | None:
        """All of them, where that is known."""


class _Following(Progress):
    """A bar that asks its source at every refresh, so that the loop need not tell it anything."""

    def __init__(self, source: Reading, console: Console) -> None:
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        super().__init__(TextColumn("reading history"), *columns, console=console, transient=True, refresh_per_second=8)
        self._source = source
        self._reading = self.add_task("", total=source.bytes_total)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar as it stands now."""
        self.update(self._reading, completed=self._source.bytes_read, total=self._source.bytes_total)
        yield from super().get_renderables()


@contextmanager
def reading(console: Console, source: Reading) -> Iterator[None]:
    """Show how far the source is, until the work is done."""
    if not console.is_terminal:
        yield
        return
    with _Following(source, console):
        yield
