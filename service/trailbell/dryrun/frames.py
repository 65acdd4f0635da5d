"""A report as a data frame, for notebooks: with pandas, or with polars where pandas is not installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trailbell_engine.timestamps import to_datetime
from trailbell_engine.values import Json, canonical

if TYPE_CHECKING:
    from trailbell.report import Report


def frame(report: Report, of: str) -> Any:
    """One row per alert or rule.

    Raises:
        ImportError: if neither library is installed.
        ValueError: if ``of`` is neither ``alerts`` nor ``rules``.
    """
    if of not in ("alerts", "rules"):
        raise ValueError(f"a frame is of alerts or rules, and not of {of!r}")
    rows = _alerts(report) if of == "alerts" else _rules(report)
    for library in ("pandas", "polars"):
        if find_spec(library) is not None:
            return import_module(library).DataFrame(rows)
    raise ImportError("to_frame() needs pandas or polars: pip install pandas")


def _alerts(report: Report) -> list[dict[str, Any]]:
    rows = []
    for stored in report.alerts:
        alert = stored.alert
        row: dict[str, Any] = {
            "id": alert.id,
            "rule_id": alert.rule_id,
            "severity": alert.severity,
            "title": stored.wording["title"],
            "summary": stored.wording["summary"],
            "key": canonical(dict(alert.key)),
            "opened_at": to_datetime(alert.opened_at_us),
            "last_at": to_datetime(alert.last_at_us),
            "count": alert.event_count,
            "firings": alert.firings,
            "state": alert.state,
        }
        rows.append(row)
    return rows


def _rules(report: Report) -> list[dict[str, Json]]:
    names = ("id", "version", "severity", "matched", "alerts", "per_day", "peak_per_hour", "verdict", "reason")
    documents = (entry.to_json() for entry in report.rules)
    return [{name: document[name] for name in names} for document in documents]
