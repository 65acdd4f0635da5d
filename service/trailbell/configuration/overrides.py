"""``TRAILBELL_…``: settings of the environment, which win over the file; each also as ``TRAILBELL_…_FILE``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trailbell.store.address import is_url
from trailbell_engine.durations import parse_duration
from trailbell_rules.problem import Problem, Span

from .environment import setting

_DURATIONS: Final = ("since", "poll_every", "lateness", "overlap")
_SWITCHES: Final = ("source_alerts", "rule_cache", "watch_rules")
_MAY_BE_ZERO: Final = ("lateness", "overlap")


def overridden(values: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The settings of a file with those of the environment laid over them, and what is wrong with the latter.

    ``TRAILBELL_STATE``; ``TRAILBELL_RULES``, joined by commas; ``TRAILBELL_SOURCE_ALERTS``,
    ``TRAILBELL_RULE_CACHE`` and ``TRAILBELL_WATCH_RULES``, ``true`` or ``false``;
    ``TRAILBELL_SOURCES_VONAGE_SINCE``, ``…_POLL_EVERY``, ``…_LATENESS``, ``…_OVERLAP`` and ``…_URL``, of which any
    makes the Audit API a source. Relative paths are relative to the working folder.
    """
    result = dict(values)
    state, rules = setting("TRAILBELL_STATE", environ), setting("TRAILBELL_RULES", environ)
    if state:
        result["state"] = state if is_url(state) else str(Path.cwd() / state)
    if rules:
        paths = [path.strip() for path in rules.split(",") if path.strip()]
        result["rules"] = [path if path.startswith("pack:") else str(Path.cwd() / path) for path in paths]
    switches, problems = _switches(environ)
    result |= switches
    vonage, more = _vonage(environ)
    problems += more
    if vonage:
        sources = result.get("sources") or {}
        result["sources"] = {**sources, "vonage": {**(sources.get("vonage") or {}), **vonage}}
    return result, problems


def _switches(environ: Mapping[str, str]) -> tuple[dict[str, bool], list[Problem]]:
    found: dict[str, bool] = {}
    problems = []
    for name in _SWITCHES:
        variable = f"TRAILBELL_{name.upper()}"
        value = setting(variable, environ)
        if value in ("true", "false"):
            found[name] = value == "true"
        elif value:
            span = Span(variable, 1, 1, 1, 1)
            problems.append(Problem("bad-value", "error", f"{variable} is {value!r}", span, "write true or false"))
    return found, problems


def _vonage(environ: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    found: dict[str, str] = {}
    problems = []
    for name in (*_DURATIONS, "url"):
        variable = f"TRAILBELL_SOURCES_VONAGE_{name.upper()}"
        value = setting(variable, environ)
        if not value:
            continue
        found[name] = value
        zero = name in _MAY_BE_ZERO and value == "0s"
        if name in _DURATIONS and not zero and parse_duration(value) is None:
            summary = f"{variable} is {value!r}, which is no duration"
            span = Span(variable, 1, 1, 1, 1)
            problems.append(Problem("bad-duration", "error", summary, span, "write 90s, 10m, 1h30m or 2d"))
    return found, problems
