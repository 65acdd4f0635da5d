"""From configuration to parts: receivers, routes, rules that fit them, and the sources that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trailbell_engine.rule import Rule, RuleSet
from trailbell_notifiers.channel import Channel, ChannelError, build_channel
from trailbell_notifiers.desk import Policy
from trailbell_notifiers.inhibition import Inhibition
from trailbell_notifiers.intervals import Interval
from trailbell_notifiers.matchers import Matcher
from trailbell_notifiers.routing import OWN_LABELS, Route
from trailbell_notifiers.silences import Silence

from .config import Config
from .policy import policy_of
from .receiver_options import ReceiverOptions
from .sources.base import Source
from .sources.kinds import SettingsError, maker_of


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
    """Who can be told, and who is told of what, and when."""

    channels: Mapping[str, Channel]
    route: Route | None
    inhibitions: tuple[Inhibition, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    options: Mapping[str, ReceiverOptions] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """All but the channels, as the desk reads it."""
        return Policy(route=self.route, inhibitions=self.inhibitions, intervals=self.intervals, silences=self.silences)


def receivers(config: Config) -> Receivers:
    """The channels and the routing tree of a configuration.

    Raises:
        WiringError: if a receiver's settings cannot work, or its fallback is nobody.
    """
    _check_fallbacks(config)
    channels = {}
    for name, settings in config.receivers.items():
        try:
            channels[name] = build_channel({"name": name, **settings})
        except ChannelError as error:
            raise WiringError(f"the receiver {name!r}: {error}", error.help) from error
    policy = policy_of(config)
    return Receivers(
        channels, policy.route, policy.inhibitions, policy.intervals, policy.silences, config.receiver_options
    )


def _check_fallbacks(config: Config) -> None:
    for name, options in config.receiver_options.items():
        if options.fallback and (options.fallback == name or options.fallback not in config.receivers):
            who = "itself" if options.fallback == name else f"{options.fallback!r}, and no receiver is called so"
            others = ", ".join(sorted(set(config.receivers) - {name})) or "none"
            raise WiringError(f"the receiver {name!r} has as its fallback {who}", f"the others are: {others}")


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


def check_inhibitions(rules: RuleSet, inhibitions: Sequence[Inhibition]) -> None:
    """Refuse an inhibition that compares a label which no alert of its source, or of its target, has.

    Raises:
        WiringError: naming the first such label.
    """
    for number, inhibition in enumerate(inhibitions):
        if inhibition.missing_match:
            continue
        for side, matchers in (("source", inhibition.source), ("target", inhibition.target)):
            meant = [rule for rule in rules if _may_hold(matchers, rule)]
            if not meant:  # of rules that are not here nothing can be said
                continue
            keys = {str(path) for rule in meant for path in rule.condition.by}
            for label in inhibition.equal:
                if label not in OWN_LABELS and label not in keys:
                    raise WiringError(
                        f"inhibit[{number}]: no alert that `{side}` takes has a label {label!r}, so nothing could ever "
                        "be equal",
                        f"labels are {', '.join(OWN_LABELS)}, and the fields of `by`: "
                        f"{', '.join(sorted(keys)) or 'none here'}; "
                        "`equal_missing: match` takes two missing labels for equal, as Alertmanager does",
                    )


def _may_hold(matchers: Sequence[Matcher], rule: Rule) -> bool:
    """Whether alerts of the rule may meet the matchers, as far as the rule alone says."""
    labels = {"rule": (rule.id,), "tag": rule.words.tags, "owner": (rule.words.owner,)}
    return all(matcher.holds(labels) for matcher in matchers if matcher.label in labels)


def check_notify(rules: RuleSet, names: Sequence[str]) -> None:
    """Refuse rules that tell receivers nobody defined: their alerts would reach no one.

    Raises:
        WiringError: naming the first such rule and its place.
    """
    for rule in rules:
        for name in rule.notify:
            if name not in names:
                raise WiringError(
                    f"{rule.origin.file}:{rule.origin.line}: {rule.id} notifies {name!r}, and no receiver is called so",
                    f"defined below `receivers:`: {', '.join(sorted(names)) or 'none'}",
                )
