"""Is everything in order: one finding per thing looked at. ``doctor`` prints them."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import Final, Literal, NamedTuple, TypeAlias

import apsw

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.matching import event_types
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.receipt import Delivered
from trailbell_rules.load import Loaded

from .audit.client import AuditClient
from .audit.errors import AuditError
from .clock import now_us
from .configuration.config import Config
from .http.settings import HttpSettings
from .sources.base import Source
from .sources.brokers.source import BrokerSource
from .sources.errors import SourceError
from .sources.feeds import FeedSource
from .sources.following import FollowSource
from .sources.kinds import SettingsError, maker_of
from .sources.objects import ObjectSource
from .sources.syslog.source import SyslogSource
from .sources.windows import WindowSource
from .store.address import place
from .store.database import NoStoreError, StoreError, open_database
from .store.ledger import StoreLedger
from .store.outbox import StoreOutbox
from .store.sqlite import SAFE_SQLITE
from .watch.ahead import WAY_OUT, ahead

_BATCHES_LOOKED_AT: Final = 50

State: TypeAlias = Literal["ok", "note", "wrong"]


class Finding(NamedTuple):
    """What was looked at and found; ``help`` says what to do about it."""

    state: State
    subject: str
    words: str
    help: str = ""


def platform_findings() -> Iterator[Finding]:
    """Python and SQLite."""
    yield Finding("ok", "python", platform.python_version())
    version = apsw.sqlite_lib_version()
    if apsw.SQLITE_VERSION_NUMBER >= SAFE_SQLITE:
        yield Finding("ok", "sqlite", f"{version}, without the WAL-reset bug of 3.7.0 to 3.51.2")
    else:
        yield Finding(
            "wrong", "sqlite", f"{version} can corrupt the store (WAL-reset bug)", "install apsw 3.51.3 or later"
        )


def rule_findings(loaded: Loaded) -> Iterator[Finding]:
    """The rules: do they load."""
    errors, warnings = len(loaded.errors), len(loaded.problems) - len(loaded.errors)
    counts = (len(loaded.rules), "rule"), (len(loaded.tests), "test"), (errors, "error"), (warnings, "warning")
    words = ", ".join(counted(number, noun) for number, noun in counts)
    yield Finding("wrong" if errors else "ok", "rules", words, "`trailbell check` shows them" if errors else "")


def store_findings(config: Config) -> Iterator[Finding]:
    """The store: is it there, whole and ours, and what is in it."""
    try:
        database = open_database(config.store, write=False)
    except NoStoreError:
        yield Finding("note", "store", f"none in {place(config.store)} yet", "`trailbell run` makes it")
        return
    except StoreError as error:
        yield Finding("wrong", "store", error.message, error.help)
        return
    try:
        damage = database.damage()
        (events,) = database.one("SELECT count(*) FROM input WHERE kind = 0") or (0,)
        (aside,) = database.one("SELECT count(*) FROM quarantine") or (0,)
        (alerts,) = database.one("SELECT count(*) FROM alert") or (0,)
        counts = StoreOutbox(database).counts()
        failures = StoreOutbox(database).failures()
        ledger = StoreLedger(database)
        left = ledger.left()
        there = {name: reached_us for name, reached_us in ledger.watermarks().items() if name not in left}
    finally:
        database.close()
    if damage is not None:
        yield Finding("wrong", "store", damage, database.REMEDY)
    held = f"{counted(events, 'event')}, {counted(alerts, 'alert')}, {counted(aside, 'record')} in quarantine"
    yield Finding("ok", "store", f"{place(config.store)}: {held}")
    for name, words in ahead(there, now_us()).items():
        yield Finding("wrong", f"source {name}", words, WAY_OUT)
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    yield Finding("wrong" if counts["dead"] + counts["parked"] else "ok", "outbox", states or "empty")
    for receiver, reason, count in failures:
        yield Finding("wrong", f"outbox {receiver}", f"{count:,} not delivered: {reason}")


def api_findings(client: AuditClient, rules: RuleSet, subject: str = "audit api") -> Iterator[Finding]:
    """An account of the Audit API: does it let us in, and does it know the event types that rules ask for."""
    try:
        known = {kind.type for kind in client.event_types()}
        page = client.page(size=1)
    except AuditError as error:
        yield Finding("wrong", subject, error.message, error.help)
        return
    yield Finding("ok", subject, f"{counted(len(known), 'event type')}, {counted(page.total or 0, 'event')}")
    for rule in rules:
        unknown = sorted((event_types(rule.match) or frozenset()) - known)
        if unknown:
            words = f"{rule.id} asks for {', '.join(unknown)}, which the API does not list"
            yield Finding("note", "event types", words, "the vendor's list changes; check the spelling")


def server_findings(settings: HttpSettings | None) -> Iterator[Finding]:
    """The HTTP server: are its libraries there, its certificate, and its address."""
    if settings is None:
        return
    try:
        from .http.server import ListenError, probe
    except ModuleNotFoundError as error:
        yield Finding("wrong", "http", f"the server needs {error.name}", "pip install 'trailbell[server]'")
        return
    where = f"{settings.host}:{settings.port}"
    try:
        probe(settings)
    except ListenError as error:
        if error.taken:
            yield Finding("note", "http", f"somebody listens on {where}: `trailbell run` itself, if it runs")
        else:
            yield Finding("wrong", "http", str(error), error.help)
    else:
        yield Finding("ok", "http", f"{where} can be listened on")


def source_findings(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The sources other than the Audit API: do they let us in, and how old is the newest event of the last hour.

    Sources that hand out what they are asked for only once are not asked for it: brokers tell how much waits there, and
    where others send to us we see whether we can listen.
    """
    for name, kind, settings, _ in config.sources:
        if kind == "vonage":
            continue
        subject = f"source {name}"
        try:
            # Where a source looks back at all, an hour is enough to see whether it may.
            recent = {**settings, "since": "1h"} if "since" in maker_of(kind).SCHEMA["properties"] else settings
            source = maker_of(kind).build(name, recent, environ, once=True)
            if isinstance(source, WindowSource | FeedSource | ObjectSource | FollowSource):
                yield Finding("ok", subject, _newest(source))
            elif isinstance(source, BrokerSource | SyslogSource):
                yield Finding("ok", subject, str(source.probe()))
            else:
                yield Finding("note", subject, f"{kind}; its settings are right, it is not asked")
        except (SettingsError, SourceError) as error:
            yield Finding("wrong", subject, str(error), error.help)


def _newest(source: Source) -> str:
    """What the first answers of a source show."""
    newest_us = None
    with closing(source.batches(None)) as batches:
        for batch in islice(batches, _BATCHES_LOOKED_AT):
            times_us = [item.time_us for item in batch.inputs if isinstance(item, Event) and not item.untimed]
            newest_us = max([*times_us, *([] if newest_us is None else [newest_us])], default=None)
    if newest_us is None:
        return "it may be read; it has nothing new"
    age_us = max(0, now_us() - newest_us)
    return f"it may be read; the newest event looked at is {format_duration(age_us - age_us % SECOND_US)} old"


def receiver_findings(channels: Mapping[str, Channel]) -> Iterator[Finding]:
    """The receivers: can they be reached with these settings. Nothing is sent to anybody."""
    if not channels:
        yield Finding("note", "receivers", "none: alerts are stored and printed", "add some below `receivers:`")
    for name, channel in channels.items():
        receipt = channel.probe()
        if isinstance(receipt, Delivered):
            yield Finding("ok", f"receiver {name}", receipt.reference)
        else:
            yield Finding("wrong", f"receiver {name}", receipt.reason)
