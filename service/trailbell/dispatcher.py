"""Sender threads: one for each queue of the outbox, so that a slow receiver keeps nobody else waiting."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.channels.living import Living
from trailbell_notifiers.delivery.outbox import Queue
from trailbell_notifiers.delivery.sender import Sender, Sent, Wait

from .refresh import Forgetful, Refresh
from .revising import Revise, Revisions
from .standby.attendant import Attendant
from .store.database import StoreError
from .store.outbox import StoreOutbox

_LONGEST_SLEEP_S: Final = 5.0
"""A sender looks again at least this often: the wall clock, by which retries are due, may have been set."""


_AFTER_FAULT_US: Final = 5 * SECOND_US
_GRACE_US: Final = 120 * SECOND_US
"""For so long beyond its patience a drain waits for what was due: longer than any timeout of a channel."""

log = logging.getLogger("trailbell")


class Dispatcher:
    """Sends what the outbox holds until it is stopped."""

    def __init__(
        self,
        outbox: StoreOutbox,
        channels: Mapping[str, Channel],
        *,
        now_us: Callable[[], int],
        attempted: Callable[[Sent], None],
        attendant: Attendant | None = None,
        revisions: Revisions | None = None,
        keep_asked: bool = False,
    ) -> None:
        """Take the outbox over: leases of earlier runs are void from here on.

        Args:
            outbox: the outbox table.
            channels: the receivers by name; deliveries of one that is not configured any more stay where they are.
            now_us: the clock.
            attempted: called with every attempt, on a sender's thread.
            attendant: looks after queues between attempts; without, there is neither fallback nor digest.
            revisions: by which sent messages are kept true; without, they stay as they were sent.
            keep_asked: a pause for which a receiver asked an earlier run holds; else all that waits is tried at once.
        """
        self._outbox = outbox
        self._channels = channels
        self._now_us = now_us
        self._attempted = attempted
        self._attendant = attendant
        self._revisions = revisions
        self._revise_us: dict[Queue, int | None] = {}
        self._epoch = outbox.next_epoch(now_us(), keep_asked=keep_asked)
        # Senders wait for work, drains for what senders have done. With one condition for both, each sender that lay
        # down would wake the others, which would find nothing to do and wake it in turn.
        self._lock = threading.Lock()
        self._work, self._done = threading.Condition(self._lock), threading.Condition(self._lock)
        self._stopping = False
        self._added = 0
        self._threads: dict[Queue, threading.Thread] = {}
        self._busy: set[Queue] = set()
        self._died = False
        self._fault: StoreError | None = None

    def wake(self) -> None:
        """Deliveries were added: start senders for new queues, and wake the sleeping ones."""
        queues = [queue for queue in self._outbox.queues() if queue.receiver in self._channels]
        forgetful = [
            Queue(name, target)
            for name, channel in self._channels.items()
            if isinstance(channel, Forgetful | Living)
            for target in channel.targets
        ]
        with self._lock:
            self._added += 1
            for queue in (*queues, *forgetful):
                if queue not in self._threads and not self._stopping:
                    name = f"send {queue.receiver} {queue.target}".rstrip()
                    thread = threading.Thread(target=self._serve, args=(queue,), name=name, daemon=True)
                    self._threads[queue] = thread
                    thread.start()
            self._work.notify_all()

    def stop(self) -> None:
        """Finish the attempts that are under way, and no more."""
        with self._lock:
            self._stopping = True
            self._work.notify_all()
        for thread in self._threads.values():
            thread.join()

    def drain(self, patience_us: int) -> bool:
        """Wait until nothing is due within ``patience_us`` from now any more.

        Returns:
            Whether everything has arrived that could: nothing waits for a receiver that is configured, and nothing
            died in this run.

        Raises:
            StoreError: if outcomes cannot be stored any more.
        """
        deadline_us = self._now_us() + patience_us
        while True:
            if self._fault is not None:
                raise self._fault
            queues = [queue for queue in self._outbox.queues() if queue.receiver in self._channels]
            now_us = self._now_us()
            dues = [self._outbox.next_due_us(queue, now_us, self._epoch) for queue in queues]
            with self._lock:
                # An open queue without a due time has its lease out.
                busy = bool(self._busy) or None in dues or self._revises()
            waiting = [due for due in dues if due is not None and due <= deadline_us]
            if not busy and not waiting:
                return not queues and not self._died
            if self._now_us() > deadline_us + _GRACE_US:
                return False
            with self._lock:
                self._done.wait(0.05 if busy else max(0.0, (min(waiting) - self._now_us()) / SECOND_US) + 0.01)

    def _step(self, sender: Sender, queue: Queue) -> Sent | Wait:
        """One step. What nobody foresaw (a full disk, a fault of a channel) is logged, and tried again in a while."""
        try:
            return self._attended(sender, queue)
        except StoreError as error:
            log.error("sending to %s: %s", queue.receiver, error.message)  # noqa: TRY400 - in words
            self._fault = error
        except Exception as error:  # noqa: BLE001 - a sender that ends would leave its queue waiting for ever
            log.error("sending to %s failed: %s: %s", queue.receiver, type(error).__name__, error)  # noqa: TRY400 - in words
        with contextlib.suppress(Exception):  # a store that takes nothing now keeps the lease until the next run
            self._outbox.abandon(queue, self._epoch)
        return Wait(self._now_us() + _AFTER_FAULT_US)

    def _attended(self, sender: Sender, queue: Queue) -> Sent | Wait:
        """One step, and what there is to do before and after it."""
        if self._attendant is None:
            return sender.step(queue)
        held_us = self._attendant.before(queue, self._now_us())
        outcome = Wait(held_us) if held_us is not None else sender.step(queue)
        sent = outcome if isinstance(outcome, Sent) else None
        if self._attendant.after(queue, sent, self._now_us()):
            self.wake()
        return outcome

    def _refresh(self, refresh: Refresh, queue: Queue) -> None:
        """What nobody foresaw is logged here too; the next turn comes."""
        try:
            refresh.step(queue)
        except Exception as error:  # noqa: BLE001 - as above
            log.error("refreshing %s failed: %s: %s", queue.receiver, type(error).__name__, error)  # noqa: TRY400 - in words

    def _revises(self) -> bool:
        now_us = self._now_us()
        return any(due_us is not None and due_us <= now_us for due_us in self._revise_us.values())

    def _revise(self, revise: Revise | None, queue: Queue) -> int | None:
        """When to come again for that; what nobody foresaw is logged here too."""
        try:
            return None if revise is None else revise.step(queue)
        except Exception as error:  # noqa: BLE001 - as above
            log.error("changing messages of %s failed: %s: %s", queue.receiver, type(error).__name__, error)  # noqa: TRY400 - in words
            return self._now_us() + _AFTER_FAULT_US

    def _serve(self, queue: Queue) -> None:
        channel = self._channels[queue.receiver]
        sender = Sender(channel, self._outbox, self._now_us, self._epoch)
        refresh = Refresh(channel, self._outbox, self._now_us)
        revise = None if self._revisions is None else Revise(channel, self._revisions, self._now_us)
        while True:
            with self._lock:
                if self._stopping:
                    return
                seen = self._added
                self._busy.add(queue)
            outcome = self._step(sender, queue)
            revise_us: int | None = 0 if revise is not None else None
            if isinstance(outcome, Sent):
                self._attempted(outcome)
            else:
                self._refresh(refresh, queue)
                revise_us = self._revise(revise, queue)
            with self._lock:
                self._revise_us[queue] = revise_us
                self._busy.discard(queue)
                self._died |= isinstance(outcome, Sent) and outcome.delivery.state == "dead"
                self._done.notify_all()
                if isinstance(outcome, Sent) or self._stopping or self._added != seen:
                    continue
                pause_s = _LONGEST_SLEEP_S
                for until_us in (outcome.until_us, revise_us):
                    if until_us is not None:
                        pause_s = min(pause_s, max(0.001, (until_us - self._now_us()) / SECOND_US))
                self._work.wait(pause_s)
