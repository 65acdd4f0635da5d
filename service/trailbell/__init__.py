"""Trailbell: alerting rules for audit events.

``load_rules(path)`` reads rules, ``dry_run(rules, events)`` runs them over history, ``Engine(rules).process(event)``
feeds them one event at a time. Everything is imported when it is first asked for.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["Alert", "Engine", "Event", "InvalidRules", "Report", "RuleSet", "__version__", "dry_run", "load_rules"]

TYPE_CHECKING = False  # type checkers know the name. To import `typing` takes longer than all that happens here
if TYPE_CHECKING:
    from typing import Any

    from trailbell_engine.alert import Alert
    from trailbell_engine.event import Event
    from trailbell_engine.rule import RuleSet

    from .api import Engine, InvalidRules, dry_run, load_rules
    from .report import Report

_PLACES = {
    "Alert": "trailbell_engine.alert",
    "Event": "trailbell_engine.event",
    "RuleSet": "trailbell_engine.rule",
    "Report": "trailbell.report",
    "Engine": "trailbell.api",
    "InvalidRules": "trailbell.api",
    "dry_run": "trailbell.api",
    "load_rules": "trailbell.api",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'trailbell' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
