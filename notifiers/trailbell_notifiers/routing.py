"""Which receivers hear of an alert, and why: the names a rule gives, or a walk through a tree of routes.

The walk is Alertmanager's: depth first, left to right; a route is entered if all its matchers hold; its children are
tried before itself; the first child that takes the alert ends the search unless it says ``continue``; a route none of
whose children takes it is the match itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from trailbell_engine.alert import Alert
from trailbell_engine.rule import Words
from trailbell_engine.values import Json

from .matchers import Labels, Matcher, MatcherError, parse_matcher
from .sandbox import show

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
        "receiver": {"type": "string", "description": "The parent's, if left out."},
        "matchers": _MATCHERS,
        "continue": {"type": "boolean", "default": False, "description": "Go on to the routes after this one."},
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
    """A node of the tree; ``receiver`` is inherited from the parent when it is read."""

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = False
    routes: tuple[Route, ...] = ()


class Decision(NamedTuple):
    """One receiver that is told, and the reason in words: ``route 2.1: severity="critical"``."""

    receiver: str
    reason: str


def parse_route(config: Mapping[str, Any], receivers: Sequence[str]) -> Route:
    """The tree of a configuration that is valid against ``SCHEMA``.

    Args:
        config: the top route.
        receivers: the names that exist.

    Raises:
        RouteError: for an unknown receiver or a bad matcher, with its place.
    """
    if config.get("matchers"):
        raise RouteError(
            "the top route takes every alert, so it has no matchers",
            ("matchers",),
            "move them into one of its `routes`",
        )
    if not config.get("receiver"):
        raise RouteError("the top route needs a receiver", (), f"one of: {', '.join(receivers) or 'none is defined'}")
    return _route(config, "", receivers, ())


def _route(config: Mapping[str, Any], inherited: str, receivers: Sequence[str], place: tuple[str | int, ...]) -> Route:
    receiver = config.get("receiver") or inherited
    if receiver not in receivers:
        raise RouteError(f"there is no receiver `{receiver}`", (*place, "receiver"), f"one of: {', '.join(receivers)}")
    matchers = []
    for position, text in enumerate(config.get("matchers", ())):
        try:
            matchers.append(parse_matcher(text))
        except MatcherError as error:
            raise RouteError(str(error), (*place, "matchers", position), error.help) from error
    children = enumerate(config.get("routes", ()))
    routes = tuple(_route(child, receiver, receivers, (*place, "routes", position)) for position, child in children)
    return Route(receiver, tuple(matchers), bool(config.get("continue", False)), routes)


def decide(route: Route | None, labels: Labels, notify: Sequence[str] = ()) -> list[Decision]:
    """Who is told of an alert with these labels, each receiver once, in order.

    Args:
        route: the top of the tree; None if there is none.
        labels: of the alert, see ``labels_of``.
        notify: the receivers the rule itself names; they win over the tree.
    """
    if notify:
        return [Decision(receiver, "the rule names it in `notify`") for receiver in dict.fromkeys(notify)]
    if route is None:
        return []
    decisions: dict[str, Decision] = {}
    for decision in _walk(route, labels, ()):
        decisions.setdefault(decision.receiver, decision)
    return list(decisions.values())


def _walk(route: Route, labels: Labels, place: tuple[int, ...]) -> Iterator[Decision]:
    taken = False
    for position, child in enumerate(route.routes, start=1):
        if all(matcher.holds(labels) for matcher in child.matchers):
            taken = True
            yield from _walk(child, labels, (*place, position))
            if not child.continue_:
                break
    if not taken:
        yield Decision(route.receiver, _reason(route, place))


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
