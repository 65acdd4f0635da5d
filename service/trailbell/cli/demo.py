"""``trailbell demo``: the main job, offline, in a minute. The servers are fakes; everything else is the product."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue

import click
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from trailbell.audit.client import AuditClient
from trailbell.audit.credentials import Credentials
from trailbell.clock import now_us
from trailbell.demo import STORY
from trailbell.live import Live
from trailbell.outgoing import NewAlert
from trailbell.replay import dry_run_source
from trailbell.sources.polling import Pace, Polling
from trailbell.sources.vonage import VonageSource
from trailbell.store.database import open_database
from trailbell.testing.slack import TOKEN, FakeSlack, SlackMessage
from trailbell.testing.synthetic import Month, month
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.wiring import Receivers
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import DAY_US, SECOND_US, format_time, from_datetime
from trailbell_notifiers.channel import build_channel
from trailbell_notifiers.policy.routing import parse_route
from trailbell_notifiers.secret import Secret

from .cards import card
from .consoles import out
from .exits import Exit
from .loading import load_or_fail
from .table import print_report

_PATIENCE_S = 20.0
_BETWEEN_S = 1.1
"""Between two acts of the story: the Audit API tells time in seconds."""
_QUIET_S = 3.0
"""The demo ends when Slack has been quiet for so long."""


@click.command(name="demo")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another month.")
@click.option("--keep", is_flag=True, help="Go on until ^C instead of ending after the attack.")
def command(seed: int, *, keep: bool) -> int:
    """See it work, offline.

    Starts a fake Vonage Audit API with a made-up company's month and a fake Slack on loopback ports; dry-runs the
    shipped rules over the month; then runs them live while somebody attacks the account.
    """
    console = out()
    rules = load_or_fail(["pack:vonage"]).rules
    today = datetime.now(UTC).date()
    history = month(seed=seed, start=today - timedelta(days=30))
    with ExitStack() as stack:
        # The days of this month that are still to come are left out: they have not happened yet.
        past = [event for event in history if event["created_at"] < format_time(now_us())[:19]]
        api = stack.enter_context(FakeAuditApi(past))
        _history(console, rules, api, history, today)
        arrived: Queue[SlackMessage] = Queue()
        slack = stack.enter_context(FakeSlack(posted=arrived.put, channels={"C0123456789": "security"}))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trailbell-demo-")))
        _live(console, rules, api, slack, arrived, folder, keep=keep)
    _goodbye(console)
    return Exit.OK


def _chapter(console: Console, title: str, words: str) -> None:
    console.print()
    console.print(Rule(Text(title, "bold"), align="left", style="dim"))
    console.print(Text(words, "dim"))
    console.print()


def _client(api: FakeAuditApi) -> AuditClient:
    return AuditClient(credentials=Credentials(KEY, SECRET), base_url=api.base_url)


def _history(console: Console, rules: RuleSet, api: FakeAuditApi, history: Month, today: date) -> None:
    _chapter(
        console,
        "1  What would the rules have told me last month?",
        f"A fake Audit API at {api.base_url} holds a month of a made-up company: {len(history):,} events, "
        f"{len(history.incidents)} incidents among them. The rules of pack:vonage are dry-run over it.",
    )
    since_us = from_datetime(datetime(today.year, today.month, today.day, tzinfo=UTC)) - 30 * DAY_US
    with _client(api) as client:
        source = VonageSource(client, Polling(window_us=30 * DAY_US), since_us=since_us, pace=Pace(follow=False))
        print_report(console, dry_run_source(rules, source, lambda: "vonage"))
    console.print(Text("\nIncidents that were planted:", "bold"))
    for incident in history.incidents:
        console.print(Text(f"  {format_time(incident.started_us)[:16]}  ", "dim").append(incident.summary, "not dim"))


def _live(
    console: Console,
    rules: RuleSet,
    api: FakeAuditApi,
    slack: FakeSlack,
    arrived: Queue[SlackMessage],
    folder: Path,
    *,
    keep: bool,
) -> None:
    _chapter(
        console,
        "2  And now for real",
        f"The same engine polls the fake API every second and tells a fake Slack at {slack.api_url}. "
        "grace@example.com sets up a number. Then somebody signs in as her.",
    )
    settings = {"token": Secret(TOKEN), "channel": "#security", "api_url": slack.api_url}
    channels = {"security-slack": build_channel({"name": "security-slack", "slack": settings})}
    receivers = Receivers(channels, parse_route({"receiver": "security-slack"}, list(channels)))
    database = open_database(folder)
    stopping = threading.Event()
    with _client(api) as client:
        polling = Polling(interval_us=SECOND_US, overlap_us=60 * SECOND_US, lateness_us=0)
        source = VonageSource(client, polling, since_us=now_us() - 2 * SECOND_US, pace=Pace(sleep=stopping.wait))
        with (
            Live(rules, database, receivers, told=_nothing, attempted=_nothing) as live,
            ThreadPoolExecutor(1, "engine") as executor,
        ):
            engine = executor.submit(live.run, [source])
            try:
                for happen in STORY:
                    api.add(happen(now_us()))
                    stopping.wait(_BETWEEN_S)
                _show(console, arrived, keep=keep)
            finally:
                stopping.set()
            engine.result()
    database.close()


def _show(console: Console, arrived: Queue[SlackMessage], *, keep: bool) -> None:
    """Draw messages as they arrive, until Slack has been quiet for a while."""
    shown, deadline_s = 0, time.monotonic() + _PATIENCE_S
    while keep or time.monotonic() < deadline_s:
        try:
            message = arrived.get(timeout=0.1)
        except Empty:
            continue
        console.print(card(message.payload))
        console.print()
        shown += 1
        deadline_s = time.monotonic() + _QUIET_S
    if not shown:
        console.print(Text("No message arrived within 20 s; is this machine very busy?", "yellow"))


def _nothing(_: Sequence[NewAlert] | object) -> None:
    """The demo watches Slack, not the engine."""


def _goodbye(console: Console) -> None:
    _chapter(
        console, "3  Your turn", "A working folder of your own, with rules to edit and tests that show what they do:"
    )
    for line in ("trailbell init alerts", "cd alerts && trailbell check && trailbell test"):
        console.print(Text("  $ ", "dim").append(line, "bold not dim"))
