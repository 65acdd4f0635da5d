"""Is everything in order: one finding per thing looked at. ``doctor`` prints them."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

import apsw

from trailbell_engine.matching import event_types
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.receipt import Delivered
from trailbell_rules.load import Loaded

from .audit.client import AuditClient
from .audit.errors import AuditError
from .config import Config
from .store.alerts import Alerts
from .store.database import SAFE_SQLITE, StoreError, open_database
from .store.outbox import StoreOutbox

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
    words = f"{len(loaded.rules)} rules, {len(loaded.tests)} tests, {errors} errors, {warnings} warnings"
    yield Finding("wrong" if errors else "ok", "rules", words, "`trailbell check` shows them" if errors else "")


def store_findings(config: Config) -> Iterator[Finding]:
    """The store: is it there, whole and ours, and what is in it."""
    if not (config.state / "trailbell.db").exists():
        yield Finding("note", "store", f"none in {config.state}/ yet", "`trailbell run` makes it")
        return
    try:
        database = open_database(config.state, write=False)
    except StoreError as error:
        yield Finding("wrong", "store", error.message, error.help)
        return
    try:
        (verdict,) = database.one("PRAGMA quick_check(1)") or ("no answer",)
        (events,) = database.one("SELECT count(*) FROM input WHERE kind = 0") or (0,)
        (aside,) = database.one("SELECT count(*) FROM quarantine") or (0,)
        alerts = len(Alerts(database).all())
        counts = StoreOutbox(database).counts()
        failures = StoreOutbox(database).failures()
    finally:
        database.close()
    if verdict != "ok":
        yield Finding("wrong", "store", f"damaged: {verdict}", "restore it from a backup; nothing was changed")
    yield Finding(
        "ok", "store", f"{config.state}/: {events:,} events, {alerts:,} alerts, {aside:,} records in quarantine"
    )
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    yield Finding("wrong" if counts["dead"] + counts["parked"] else "ok", "outbox", states or "empty")
    for receiver, reason, count in failures:
        yield Finding("wrong", f"outbox {receiver}", f"{count:,} not delivered: {reason}")


def api_findings(client: AuditClient, rules: RuleSet) -> Iterator[Finding]:
    """The Audit API: does it let us in, and does it know the event types that rules ask for."""
    try:
        known = {kind.type for kind in client.event_types()}
        page = client.page(size=1)
    except AuditError as error:
        yield Finding("wrong", "audit api", error.message, error.help)
        return
    yield Finding("ok", "audit api", f"{len(known)} event types, {page.total or 0:,} events")
    for rule in rules:
        unknown = sorted((event_types(rule.match) or frozenset()) - known)
        if unknown:
            words = f"{rule.id} asks for {', '.join(unknown)}, which the API does not list"
            yield Finding("note", "event types", words, "the vendor's list changes; check the spelling")


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
