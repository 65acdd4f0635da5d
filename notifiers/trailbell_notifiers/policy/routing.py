"""Which receivers hear of an alert, and why: the names a rule gives, or a walk through a tree of routes.

The walk is Alertmanager's: depth first, left to right; a route is entered if all its matchers hold; its children are
tried before itself; the first child that takes the alert ends the search unless it says ``continue``; a route none of
whose children takes it is the match itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from trailbell_engine.alert import Alert
from trailbell_engine.rule import Words
from trailbell_engine.values import Json
from trailbell_notifiers.words.sandbox import show

from .matchers import Labels, Matcher, MatcherError, parse_matcher
from .plan import AT_ONCE, KEYS, Plan, PlanError, read_plan

OWN_LABELS: Final = ("rule", "severity", "event_type", "tag", "owner", "source", "state")
"""Labels of every alert. A field of the key is a label by its path, unless its name is one of these."""

_MATCHERS: Final = {
    "type": "array",
    "items": {"type": "string"},
    "description": 'All must hold: `severity="critical"`, `tag=~"attack.*"`.',
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Who is told. The first matching child takes the alert, unless it says `continue`.",
    "properties": {
        "receiver": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minItems": 1,
            "description": "One, or several that are all told; the parent's, if left out.",
        },
        "matchers": _MATCHERS,
        "continue": {"type": "boolean", "default": False, "description": "Go on to the routes after this one."},
        **KEYS,
        "routes": {"type": "array", "items": {"$ref": "#/$defs/route"}},
    },
    "additionalProperties": False,
}
"""JSON Schema (2020-12) of a route, to be placed at ``#/$defs/route``."""


class RouteError(ValueError):
    """A route cannot be read.

    Attributes:
        place: of the fault, as keys and indexes from the top route: ``("routes", 1, "matchers", 0)``.
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, place: tuple[str | int, ...], help_: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.help = help_


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree; its receivers and its plan are inherited from the parent when it is read."""

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = False
    routes: tuple[Route, ...] = ()
    plan: Plan = AT_ONCE
    also: tuple[str, ...] = ()

    @property
    def receivers(self) -> tuple[str, ...]:
        """All who are told."""
        return (self.receiver, *self.also)


NOTIFY: Final = "notify"
"""The path of receivers that a rule itself names."""


class Decision(NamedTuple):
    """One receiver that is told.

    Attributes:
        reason: in words: ``route 2.1: severity="critical"``.
        path: of the route by its matchers, from the top: what stays the same when routes are moved about.
        plan: how it is told.
        place: of the route in the tree, numbers from 1; empty for the top route, and where the rule names the receiver.
    """

    receiver: str
    reason: str
    path: str = ""
    plan: Plan = AT_ONCE
    place: tuple[int, ...] = ()


def parse_route(config: Mapping[str, Any], receivers: Sequence[str], intervals: Sequence[str] = ()) -> Route:
    """The tree of a configuration that is valid against ``SCHEMA``.

    Args:
        config: the top route.
        receivers: the names that exist.
        intervals: the names of ``time_intervals`` that exist.

    Raises:
        RouteError: for an unknown name, a bad matcher or a bad time, with its place.
    """
    if config.get("matchers"):
        raise RouteError(
            "the top route takes every alert, so it has no matchers",
            ("matchers",),
            "move them into one of its `routes`",
        )
    if not config.get("receiver"):
        raise RouteError("the top route needs a receiver", (), f"one of: {', '.join(receivers) or 'none is defined'}")
    known = _Known(receivers, intervals)
    return _route(config, Route("", plan=AT_ONCE), known, ())


class _Known(NamedTuple):
    """The names that a route may use."""

    receivers: Sequence[str]
    intervals: Sequence[str]


def _route(config: Mapping[str, Any], parent: Route, known: _Known, place: tuple[str | int, ...]) -> Route:
    written = config.get("receiver") or list(parent.receivers)
    names, receivers = [written] if isinstance(written, str) else written, known.receivers
    for name in names:
        if name not in receivers:
            raise RouteError(f"there is no receiver `{name}`", (*place, "receiver"), f"one of: {', '.join(receivers)}")
    matchers = []
    for position, text in enumerate(config.get("matchers", ())):
        try:
            matchers.append(parse_matcher(text))
        except MatcherError as error:
            raise RouteError(str(error), (*place, "matchers", position), error.help) from error
    try:
        plan = read_plan(config, parent.plan, receivers, known.intervals)
    except PlanError as error:
        raise RouteError(str(error), (*place, *error.place), error.help) from error
    also = tuple(names[1:])
    route = Route(names[0], tuple(matchers), bool(config.get("continue", False)), plan=plan, also=also)
    children = enumerate(config.get("routes", ()))
    routes = tuple(_route(child, route, known, (*place, "routes", position)) for position, child in children)
    return replace(route, routes=routes)


def decide(route: Route | None, labels: Labels, notify: Sequence[str] = ()) -> list[Decision]:
    """Who is told of an alert with these labels, each receiver once, in order.

    Args:
        route: the top of the tree; None if there is none.
        labels: of the alert, see ``labels_of``.
        notify: the receivers the rule itself names; they win over the tree.
    """
    if notify:
        plan = AT_ONCE if route is None else replace(route.plan, mute=(), active=())
        reason = "the rule names it in `notify`"
        return [Decision(receiver, reason, NOTIFY, plan) for receiver in dict.fromkeys(notify)]
    if route is None:
        return []
    decisions: dict[str, Decision] = {}
    for decision in _walk(route, labels, (), ""):
        decisions.setdefault(decision.receiver, decision)
    return list(decisions.values())


def places(route: Route, labels: Labels) -> frozenset[tuple[int, ...]]:
    """Where the walk ends: each route that takes an alert with these labels, though it tell nobody anew."""
    return frozenset(decision.place for decision in _walk(route, labels, (), ""))


def _walk(route: Route, labels: Labels, place: tuple[int, ...], parent: str) -> Iterator[Decision]:
    path = f"{parent}/{{{', '.join(map(str, route.matchers))}}}" if place else "{}"
    taken = False
    for position, child in enumerate(route.routes, start=1):
        if all(matcher.holds(labels) for matcher in child.matchers):
            taken = True
            yield from _walk(child, labels, (*place, position), path)
            if not child.continue_:
                break
    if not taken:
        for receiver in route.receivers:
            yield Decision(receiver, _reason(route, place), path, route.plan, place)


def _reason(route: Route, place: tuple[int, ...]) -> str:
    if not place:
        return "the top route: no other route takes it" if route.routes else "the top route"
    number = ".".join(map(str, place))
    return f"route {number}: {', '.join(map(str, route.matchers)) or 'takes every alert'}"


def labels_of(alert: Alert, words: Words) -> dict[str, tuple[str, ...]]:
    """What matchers look at: rule, severity, event_type, tag, owner, source, state, and the fields of the key."""
    labels = {name: _values(value) for name, value in alert.key.items()}
    return labels | {
        "rule": (alert.rule_id,),
        "severity": (alert.severity,),
        "event_type": (alert.opener.event_type,),
        "tag": words.tags,
        "owner": (words.owner,),
        "source": (alert.opener.source,),
        "state": (alert.state,),
    }


def _values(value: Json) -> tuple[str, ...]:
    if value is None:
        return ("",)
    return tuple(map(show, value)) if isinstance(value, list) else (show(value),)
