"""Runs ``trailbell run`` again and again in processes that are killed: a program, started by the tests of this folder.

Everything is imported once; each run is a fork, so that a start takes milliseconds and the kills fall into the work.
It reads lines ``POINT<tab>TURN``, starts a run that dies by SIGKILL when the point is reached for the TURN-th time,
answers ``started PID``, and when the run has ended ``ended STATUS``: its exit code, or minus the signal. At the point
``a tracer`` the run stops itself (SIGSTOP) before it does anything.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

from trailbell import drive, outgoing
from trailbell.cli import run as _imported  # noqa: F401 - so that no run has to
from trailbell.cli.main import run
from trailbell.configuration.config import load_config
from trailbell.loading import load
from trailbell.running import loop
from trailbell.sources import reader
from trailbell.sources.files import FileSource
from trailbell.store.database import Database
from trailbell.store.ledger import StoreLedger
from trailbell.store.outbox import StoreOutbox
from trailbell.wiring import receivers
from trailbell_engine import alerting
from trailbell_notifiers.channels import webhook

BATCH = 25
"""Inputs of a batch of a file: small, so that there are many commits."""


class Death:
    """SIGKILL when ``reached`` is called for the ``turn``-th time."""

    def __init__(self, turn):
        self.turn = turn
        self.calls = 0

    def reached(self):
        self.calls += 1
        if self.calls == self.turn:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, owner, name):
        original = getattr(owner, name)

        def wrapped(*arguments, **keywords):
            self.reached()
            return original(*arguments, **keywords)

        setattr(owner, name, wrapped)

    def after(self, owner, name):
        original = getattr(owner, name)

        def wrapped(*arguments, **keywords):
            result = original(*arguments, **keywords)
            if result:
                self.reached()
            return result

        setattr(owner, name, wrapped)


def no_file_may_grow_beyond(death):
    """``turn`` KiB: what is written behind them fails with EFBIG, as on a disk with a quota."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (death.turn << 10, resource.RLIM_INFINITY))


POINTS = {
    "nowhere": lambda _: None,
    "an event was decided on": lambda death: death.before(outgoing.Outgoing, "take"),
    "a batch is written, before its commit": lambda death: death.before(StoreLedger, "_write_state"),
    "a batch is committed": lambda death: death.before(outgoing.Outgoing, "committed"),
    "a delivery is leased": lambda death: death.after(StoreOutbox, "claim"),
    "a message is sent": lambda death: death.after(webhook.Webhook, "send"),
    "an outcome is recorded": lambda death: death.after(StoreOutbox, "record"),
    "it is noted as sent": lambda _: None,  # of the mutant that does so
    "a file is as long as it may be": no_file_may_grow_beyond,
    "a tracer": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
}


def the_checkpoint_goes_first(_):
    def commit(group, pipeline, ledger, sink, *watch):
        with ledger._database.transaction():
            for source, checkpoint in drive._reached(group).items():
                ledger.complete(source, {}, checkpoint)
        drive.commit(group, pipeline, ledger, sink, *watch)

    loop.commit = commit


def sent_is_noted_before_it_is_sent(death):
    made, send, outboxes = StoreOutbox.__init__, webhook.Webhook.send, []

    def remember(outbox, database):
        made(outbox, database)
        outboxes.append(outbox)

    def early(channel, body, attempt, now_s):
        database = outboxes[-1]._database
        with database.transaction():
            database.execute("UPDATE outbox SET state = 'sent' WHERE id = ?", (attempt.delivery_id,))
        death.reached()
        return send(channel, body, attempt, now_s)

    StoreOutbox.__init__, webhook.Webhook.send = remember, early


def ids_of_alerts_are_random(_):
    alerting.alert_id = lambda *_: random.randbytes(16).hex()


def there_is_no_transaction(_):
    @contextmanager
    def transaction(database):
        with database.lock:
            yield
            for participant in database.participants:
                participant.before_commit()
        for participant in database.participants:
            participant.after_commit(done=True)

    Database.transaction = transaction


MUTANTS = {
    "none": lambda _: None,
    "the checkpoint goes first": the_checkpoint_goes_first,
    "sent is noted before it is sent": sent_is_noted_before_it_is_sent,
    "ids of alerts are random": ids_of_alerts_are_random,
    "there is no transaction": there_is_no_transaction,
}


def main(mutant):
    reader.HISTORY_BATCH = BATCH
    _warm()
    for line in sys.stdin:
        point, turn = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            _run(mutant, point, int(turn))
        sys.stdout.write(f"started {child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"ended {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _warm():
    """Do once what every start does, so that the forks find it done: imports, schemas, compiled patterns."""
    config = load_config(Path("trailbell.yaml"), os.environ)
    receivers(config)
    load(config.rules)
    list(FileSource(["events"]).batches())


def _run(mutant, point, turn):
    """One run, in a process of its own; what it prints goes into the file ``log``."""
    random.seed()
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    death = Death(turn)
    POINTS[point](death)
    MUTANTS[mutant](death)
    try:
        code = run(["run", "--events", "events"])
    except BaseException:  # noqa: BLE001 - whatever it is, it belongs into the log of the run
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
