"""From configuration to parts: receivers, routes, rules that fit them, and the sources that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import Channel, ChannelError, build_channel
from trailbell_notifiers.desk import Policy
from trailbell_notifiers.policy.inhibition import Inhibition
from trailbell_notifiers.policy.intervals import Interval
from trailbell_notifiers.policy.routing import OWN_LABELS, Route
from trailbell_notifiers.policy.silences import Silence
from trailbell_rules.document import Document
from trailbell_rules.problem import Problem

from .configuration.config import Config
from .configuration.misfits import inhibition_misfits, notify_misfits
from .configuration.policy import policy_of
from .configuration.receivers import ReceiverOptions
from .sources.base import Source
from .sources.kinds import SettingsError, maker_of

_MEND: Final = "`trailbell doctor` says of each what to do"


class WiringError(Exception):
    """Parts do not fit each other.

    Attributes:
        message: what is wrong.
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help_


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who can be told, and who is told of what, and when; ``document`` is the configuration that says so."""

    channels: Mapping[str, Channel]
    route: Route | None
    inhibitions: tuple[Inhibition, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    options: Mapping[str, ReceiverOptions] = field(default_factory=dict)
    document: Document | None = None

    @property
    def policy(self) -> Policy:
        """All but the channels, as the desk reads it."""
        return Policy(route=self.route, inhibitions=self.inhibitions, intervals=self.intervals, silences=self.silences)


def receivers(config: Config) -> Receivers:
    """The channels and the routing tree of a configuration.

    Raises:
        WiringError: if a receiver's settings cannot work.
    """
    channels, problems = channels_of(config)
    if problems:
        words = "; ".join(f"the receiver {name!r}: {problem}" for name, problem in problems.items())
        raise WiringError(words, next(iter(problems.values())).help if len(problems) == 1 else _MEND)
    policy = policy_of(config)
    return Receivers(
        channels,
        policy.route,
        policy.inhibitions,
        policy.intervals,
        policy.silences,
        config.receiver_options,
        config.document,
    )


def channels_of(config: Config) -> tuple[dict[str, Channel], dict[str, ChannelError]]:
    """The channels of a configuration by name, and for the receivers whose settings cannot work what is wrong."""
    channels: dict[str, Channel] = {}
    problems: dict[str, ChannelError] = {}
    for name, settings in config.receivers.items():
        try:
            channels[name] = build_channel({"name": name, **settings})
        except ChannelError as error:
            problems[name] = error
    return channels, problems


def sources(config: Config, environ: Mapping[str, str], *, once: bool) -> list[Source]:
    """The configured sources, ready to be read.

    Args:
        config: the configuration.
        environ: the environment, for credentials.
        once: let them end when they have caught up.

    Raises:
        WiringError: if a source's settings cannot work.
    """
    built = []
    for name, kind, settings, _ in config.sources:
        try:
            built.append(maker_of(kind).build(name, settings, environ, once=once))
        except SettingsError as error:
            raise WiringError(f"the source {name}: {error}", error.help) from error
    return built


def known_labels(rules: RuleSet) -> tuple[str, ...]:
    """The labels that alerts of these rules may have, their own first."""
    keys = {str(path) for rule in rules for path in rule.condition.by}
    return (*OWN_LABELS, *sorted(keys.difference(OWN_LABELS)))


def matched_labels(policy: Policy) -> set[str]:
    """The labels that routes, inhibitions and silences of the configuration ask for."""
    asked = {matcher.label for inhibition in policy.inhibitions for matcher in (*inhibition.source, *inhibition.target)}
    asked |= {matcher.label for silence in policy.silences for matcher in silence.matchers}
    routes = [policy.route] if policy.route is not None else []
    while routes:
        route = routes.pop()
        asked |= {matcher.label for matcher in route.matchers}
        routes += route.routes
    return asked


def check_inhibitions(rules: RuleSet, inhibitions: Sequence[Inhibition], document: Document | None = None) -> None:
    """Refuse an inhibition that could never apply; see ``inhibition_misfits``.

    Raises:
        WiringError: naming the first such label and its place.
    """
    _refuse(inhibition_misfits(tuple(rules), inhibitions, document))


def check_notify(rules: RuleSet, names: Sequence[str]) -> None:
    """Refuse rules that tell receivers nobody defined; see ``notify_misfits``.

    Raises:
        WiringError: naming the first such rule and its place.
    """
    _refuse(notify_misfits(rules, names))


def _refuse(misfits: Iterator[Problem]) -> None:
    for problem in misfits:
        place = f"{problem.span.file}:{problem.span.line}: " if problem.span.file else ""
        raise WiringError(f"{place}{problem.summary}", problem.help)
