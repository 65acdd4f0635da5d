"""Rules that are read again while ``trailbell run`` runs: when their files change, and at SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trailbell.live import Live
from trailbell.rulebook.book import Edition, RuleBook
from trailbell.running.reloader import Reloader
from trailbell.wiring import Receivers, WiringError, check_inhibitions, check_notify
from trailbell_engine.rule import RuleSet

from .early import HangUp


@contextmanager
def reloading(
    paths: Sequence[str], book: RuleBook, edition: Edition, live: Live, who: Receivers, *, watch: bool
) -> Iterator[None]:
    """Keep the rules of a run as their files are.

    Args:
        paths: of the rules.
        book: that has read them.
        edition: that runs.
        live: the run.
        who: can be told; rules that tell somebody else are not taken.
        watch: look at the files; without, they are read again at SIGHUP only.
    """

    def check(rules: RuleSet) -> None:
        check_notify(rules, list(who.channels))
        check_inhibitions(rules, who.inhibitions, who.document)

    reloader = Reloader(paths, book, edition, live.exchange, check=check, refused=(WiringError,), watch=watch)
    reloader.start()
    try:
        before = signal.signal(signal.SIGHUP, lambda _number, _frame: reloader.reload())
        if isinstance(before, HangUp) and before.came:  # perhaps after the rules were read
            reloader.reload()
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)
    finally:
        reloader.stop()
        book.close()
