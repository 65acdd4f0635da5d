"""The page: everything a report says, drawn by one template with autoescape, in one file under a strict policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from trailbell import __version__
from trailbell.dryrun.coverage import day_text
from trailbell.dryrun.culprits import Culprit
from trailbell.dryrun.numbers import rate_text
from trailbell.dryrun.samples import slack_of
from trailbell.report import Report, RuleReport
from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import SEVERITIES
from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import DAY_US, SECOND_US, format_time
from trailbell_engine.values import canonical

from . import cards, charts

if TYPE_CHECKING:
    from jinja2 import Template

_HERE: Final = Path(__file__).parent
RULES_SHOWN: Final = 100
"""Rules with a part of their own; the table has all."""
ALERTS_SHOWN: Final = 8
"""Alerts listed for a rule, the newest."""
DIFFERENCES_SHOWN: Final = 6
"""Alerts listed of those that differ for one reason."""
CULPRITS_SHOWN: Final = 6


class _Line(NamedTuple):
    """An alert on one line."""

    at: str
    severity: str
    title: str
    key: str
    events: int


class _Detail(NamedTuple):
    """What is shown of one rule alone."""

    entry: RuleReport
    alerts: tuple[_Line, ...]
    more: int
    sample: tuple[cards.Part, ...]
    culprits: tuple[tuple[str, tuple[Culprit, ...]], ...]


def as_html(report: Report) -> str:
    """The report as one HTML document. The same report gives the same bytes."""
    style, script = _text("style.css"), _text("sort.js")
    return _template().render(
        report=report,
        version=__version__,
        policy=_policy(style, script),
        style=style,
        script=script,
        window=_window(report),
        alerts_chart=charts.alerts_chart(report),
        events_chart=charts.events_chart(report),
        heat=charts.heat(report),
        folded=sum(sum(entry.tally.suppressed.values()) for entry in report.rules),
        fired=sum(bool(entry.tally.alerts) for entry in report.rules),
        rows=sorted(report.by_urgency, key=lambda entry: entry.verdict == "never-fired" and not entry.not_evaluated),
        details=list(_details(report)),
        culprits=[(kind, tuple(report.culprits.top(kind, CULPRITS_SHOWN))) for kind in ("user", "address", "country")],
        rules_shown=RULES_SHOWN,
        differences_shown=DIFFERENCES_SHOWN,
    )


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, sent or embedded; the one style and the one script are named by their hashes."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@lru_cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@lru_cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals |= {
        "rate": rate_text,
        "sparkline": charts.sparkline,
        "severities": tuple(reversed(SEVERITIES)),
        "weekdays": charts.WEEKDAYS,
        "counted": counted,
        "share": share,
        "bar_text": bar_text,
    }
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "minute": lambda time_us: format_time(time_us)[:16].replace("T", " "),
        "seconds": lambda span_us: format_duration(span_us // SECOND_US * SECOND_US),
    }
    return environment.from_string(_text("page.html.j2"))


def bar_text(bar_us: int) -> str:
    """What one bar of a chart stands for: ``hour``, ``day``, ``3 days``."""
    days = bar_us // DAY_US
    return "hour" if days < 1 else "day" if days == 1 else f"{days} days"


def share(part: float, whole: float) -> str:
    """A part in percent with two decimals, for the length of a bar; something is never nothing."""
    return f"{max(0.4, 100 * part / whole):.2f}" if part and whole else "0"


def _window(report: Report) -> str:
    covered = report.coverage
    if covered.first_us is None or covered.last_us is None:
        return "no events"
    first, last = day_text(covered.first_us // DAY_US), day_text(covered.last_us // DAY_US)
    return first if first == last else f"{first} → {last}"


def _details(report: Report) -> Iterator[_Detail]:
    by_rule: dict[str, list[StoredAlert]] = {}
    for stored in report.alerts:
        by_rule.setdefault(stored.alert.rule_id, []).append(stored)
    shown = [entry for entry in report.by_urgency if entry.tally.matched or entry.not_evaluated][:RULES_SHOWN]
    for entry in shown:
        alerts = by_rule.get(entry.rule.id, [])
        newest = tuple(_line(stored) for stored in reversed(alerts[-ALERTS_SHOWN:]))
        sample = cards.parts(slack_of(alerts[0], entry.rule)) if alerts else ()
        culprits = ((kind, tuple(report.culprits.of(entry.rule.id, kind)[:4])) for kind in ("user", "address"))
        found = tuple((kind, values) for kind, values in culprits if values)
        yield _Detail(entry, newest, len(alerts) - len(newest), sample, found)


def _line(stored: StoredAlert) -> _Line:
    alert = stored.alert
    key = ", ".join(
        f"{name} {value if isinstance(value, str) else canonical(value)}" for name, value in alert.key.items()
    )
    at = format_time(alert.opened_at_us)[:16].replace("T", " ")
    return _Line(at, alert.severity, stored.wording["title"], key, alert.event_count)
