"""What a schema cannot say of ``trailbell.yaml``: names that must be defined, and values that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from trailbell.sources.kinds import maker_of
from trailbell.sources.vonage_settings import SHORTEST_US, duration_us
from trailbell.watch.events import SOURCE as OWN_SOURCE
from trailbell.watch.limits import watch_problems
from trailbell_engine.durations import format_duration
from trailbell_rules.document import Document, Place
from trailbell_rules.problem import Problem

from .policy import PolicyError, read_policy
from .receivers import options_of, without_options
from .sources import sources_of


def problems_of(document: Document) -> Iterator[Problem]:
    """Everything that is wrong with a configuration that its schema accepts, with its place."""
    for check in (_receiver_problems, _policy_problems, _duration_problems, _name_problems, _watch_problems):
        yield from check(document)


def _receiver_problems(document: Document) -> list[Problem]:
    """What the schema leaves open: that there is one channel, and only one, and that the fallback is another one."""
    problems = []
    receivers = document.value.get("receivers", {})
    for name, receiver in receivers.items():
        fallback = options_of(receiver).fallback
        if fallback and (fallback == name or fallback not in receivers):
            who = "itself" if fallback == name else f"{fallback!r}, and no receiver is called so"
            span = document.span_of_value(("receivers", name, "fallback"))
            help_ = f"the others are: {', '.join(sorted(set(receivers) - {name})) or 'none'}"
            problems.append(
                Problem("bad-route", "error", f"the receiver {name!r} has as its fallback {who}", span, help_)
            )
        channels = list(without_options(receiver))
        if len(channels) != 1:
            words = f"has {len(channels)} channels: {', '.join(channels)}" if channels else "has no channel"
            span = document.span_of_value(("receivers", name))
            help_ = "make a receiver of each; a route may name several" if channels else "write one: `slack: {…}`"
            problems.append(Problem("bad-value", "error", f'"{name}" {words}', span, help_))
    return problems


def _policy_problems(document: Document) -> list[Problem]:
    """What a schema cannot say of delivery: names that nobody defined, matchers and times that are none."""
    try:
        read_policy(document.value, list(document.value.get("receivers", {})))
    except PolicyError as error:
        return [Problem("bad-route", "error", str(error), document.span_of_value(error.place), error.help)]
    return []


def _duration_problems(document: Document) -> list[Problem]:
    """What a pattern cannot say of durations: that one is too short to poll by, or longer than ten years."""
    problems = []
    for source in sources_of(document.value.get("sources", {})):
        place = ("sources", source.name) if source.name == source.kind else ("sources", source.name, source.kind)
        own = maker_of(source.kind).SCHEMA.get("properties", {})
        for name, shortest_us in {name: least for name, least in SHORTEST_US.items() if name in own}.items():
            given = source.settings.get(name)
            given_us = shortest_us if given is None else duration_us(given)
            if given_us is None or given_us < shortest_us:
                span = document.span_of_value((*place, name))
                summary = f"`{name}` is from {format_duration(shortest_us)} to ten years, and not {given}"
                problems.append(Problem("bad-duration", "error", summary, span, "write it as `90s`, `10m` or `1d`"))
    return problems


def _name_problems(document: Document) -> list[Problem]:
    """Sources that are called as that of trailbell's own events, and senders as that or as one that is read."""
    own = f'no source can be called "{OWN_SOURCE}": what is wrong with the others is recorded under that name'
    sources = document.value.get("sources", {})
    found = [(own, document.span_of_key(("sources", name))) for name in sources if name == OWN_SOURCE]
    for position, sender in enumerate(document.value.get("http", {}).get("senders", ())):
        name, span = sender["source"], document.span_of_value(("http", "senders", position, "source"))
        if name == OWN_SOURCE:
            found.append((own, span))
        elif name in sources:
            found.append((f'"{name}" is read already, below `sources`: of the two nobody could say which fails', span))
    return [Problem("bad-value", "error", words, span, "give it another name") for words, span in found]


def _watch_problems(document: Document) -> list[Problem]:
    """What is wrong below ``watch:`` of sources and senders."""
    places: list[Place] = []
    for source in sources_of(document.value.get("sources", {})):
        own = (source.name,) if source.name == source.kind else (source.name, source.kind)
        places.append(("sources", *own, "watch"))
    senders = document.value.get("http", {}).get("senders", ())
    places += [("http", "senders", position, "watch") for position in range(len(senders))]
    return [problem for place in places for problem in watch_problems(document, place)]
