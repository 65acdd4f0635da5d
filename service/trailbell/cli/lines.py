"""An alert on one line."""

from __future__ import annotations

import click

from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import Severity
from trailbell_engine.timestamps import format_time

from .printable import printable

_COLOUR: dict[Severity, str] = {"info": "cyan", "low": "blue", "medium": "yellow", "high": "red", "critical": "magenta"}


def alert_line(stored: StoredAlert, told: str) -> str:
    """Time, severity, title, id, and who is told; coloured, which ``click.echo`` takes back where nobody sees it."""
    alert = stored.alert
    severity = click.style(f"{alert.severity:<8}", fg=_COLOUR[alert.severity], bold=True)
    title = printable(str(stored.wording["title"]))
    arrow = click.style(f"  → {told}" if told else "", dim=True)
    return f"{format_time(alert.opened_at_us)}  {severity}  {title}  {click.style(alert.id[:12], dim=True)}{arrow}"
