"""Rules that change while they run: seen, read, checked and compiled beside the engine, then exchanged in one step.

A thread looks at the files every second, and at once when it is asked to. What has changed is read when it has held
still for a moment: a tool that writes many files is not watched half-way. The engine shares the interpreter with this
thread and comes first: while there is much to do here, the interpreter changes hands often.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Final

from trailbell.garbage import not_collecting
from trailbell.rulebook.book import Edition, RuleBook, UnsoundRules
from trailbell.rulebook.differences import differences
from trailbell.rulebook.survey import Survey, survey
from trailbell_engine.rule import RuleSet
from trailbell_rules.problem import Problem

log: Final = logging.getLogger("trailbell")

EVERY_S: Final = 1.0
"""How often the files are looked at."""
STILL_S: Final = 0.2
"""For so long a change must hold still before it is read."""
_SHARE: Final = 50
"""At most one part in so many of a processor's time is spent on looking: large trees are looked at less often."""
_UNSETTLED_S: Final = 2.5
"""After so long a file that was read just after it was written is read once more."""
_SWITCH_S: Final = 0.0002
"""How soon the engine gets the interpreter back while rules are compiled. By default it is 5 ms, and the engine gives
it away several times for each event: whenever it speaks to the disk."""
_SHOWN: Final = 3
"""Problems that are shown of rules that cannot be taken."""


class Reloader:
    """Watches the rules of a run. Start it, and stop it when the run ends."""

    def __init__(
        self,
        paths: Sequence[str],
        book: RuleBook,
        edition: Edition,
        exchange: Callable[[RuleSet], object],
        *,
        check: Callable[[RuleSet], object] = lambda _: None,
        refused: tuple[type[Exception], ...] = (),
        watch: bool = True,
    ) -> None:
        """Prepare.

        Args:
            paths: of the rules.
            book: that reads them; used by this thread alone from now on.
            edition: which is running.
            exchange: makes the engine run other rules; called on this thread, and waits until they run.
            check: looks at rules before they are taken; raises one of ``refused`` if they do not fit the rest.
            refused: errors that keep rules from being taken.
            watch: look at the files; without, they are read only when that is asked for.
        """
        self._paths = paths
        self._book = book
        self._rules, self._files, self._settled = edition.rules, edition.files, edition.settled
        self._exchange = exchange
        self._check = check
        self._refused = refused
        self._watches = watch
        self._complaint = ""
        self._wishes: SimpleQueue[None] = SimpleQueue()  # its `put` may interrupt itself; an Event's `set` hangs then
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="rules", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def reload(self) -> None:
        """Read the rules now, whether or not a file seems to have changed. For threads and signal handlers."""
        self._wishes.put(None)

    def stop(self) -> None:
        """Watch no more. What is being compiled is not exchanged any more."""
        self._stopping = True
        self._wishes.put(None)
        self._thread.join()

    def _watch(self) -> None:
        seen: Survey = {}  # the first look finds what has changed since the rules were read
        pause_s, read_s = EVERY_S, time.monotonic()
        while not self._stopping:
            asked = self._asked(pause_s if self._watches else None)
            if self._stopping:
                return
            started_s = time.thread_time()
            now = self._survey()
            pause_s = max(EVERY_S, _SHARE * (time.thread_time() - started_s))
            again = not self._settled and time.monotonic() - read_s > _UNSETTLED_S
            if not asked and not again and now == seen:
                continue
            seen, wished = self._held_still(now)
            read_s = time.monotonic()
            self._read(asked=asked or wished)

    def _asked(self, within_s: float | None) -> bool:
        """Whether somebody wishes that the rules are read, or does within so long. Many wishes are one."""
        try:
            self._wishes.get(timeout=within_s)
        except Empty:
            return False
        while not self._wishes.empty():
            self._wishes.get()
        return True

    def _survey(self) -> Survey:
        return survey(self._paths, self._files)

    def _held_still(self, seen: Survey) -> tuple[Survey, bool]:
        """Wait until nothing has changed for a moment, or somebody wishes otherwise; say whether somebody does."""
        while not (wished := self._asked(STILL_S)) and (now := self._survey()) != seen:
            seen = now
        return seen, wished

    def _read(self, *, asked: bool) -> None:
        """Read, and take what is new. If anything is wrong, the rules that run go on; it is said once, or if asked."""
        started_s = time.perf_counter()
        try:
            with _courteous():
                edition = self._book.edition()
                self._settled = edition.settled
                found = differences(self._rules, edition.rules)
                if found:
                    self._check(edition.rules)
                    if not self._stopping:
                        self._exchange(edition.rules)
        except UnsoundRules as error:
            words = _words(error.problems)
            self._settled = words == self._complaint  # it may have been mended within the moment of its last change
            self._complain(words, asked=asked)
            return
        except self._refused as error:
            self._complain(f"{error}", asked=asked)
            return
        except CancelledError:
            return  # the run is over
        except Exception as error:
            self._settled = False  # it may pass
            if repr(error) != self._complaint:
                log.exception("the rules could not be read again; those that ran go on")
            self._complaint = repr(error)
            return
        self._rules, self._files, self._complaint = edition.rules, edition.files, ""
        if found or asked:
            log.info("reloaded: %s, in %.1f s", found, time.perf_counter() - started_s)

    def _complain(self, words: str, *, asked: bool) -> None:
        if asked or words != self._complaint:
            log.error("the rules have changed and cannot be taken; those that ran go on: %s", words)
        self._complaint = words


def _words(problems: Sequence[Problem]) -> str:
    shown = "; ".join(f"{problem.span.file}:{problem.span.line}: {problem.summary}" for problem in problems[:_SHOWN])
    return shown if len(problems) <= _SHOWN else f"{shown}; and {len(problems) - _SHOWN} more"


@contextmanager
def _courteous() -> Iterator[None]:
    """Let the engine come first: the interpreter changes hands soon, and nobody stops to look for garbage."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(min(before_s, _SWITCH_S))
    try:
        with not_collecting():
            yield
    finally:
        sys.setswitchinterval(before_s)
