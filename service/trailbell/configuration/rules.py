"""The rules that a configuration names, read together with it."""

from __future__ import annotations

from trailbell.loading import load
from trailbell_engine.rule import RuleSet
from trailbell_rules.lint import Seen
from trailbell_rules.load import Loaded

from .config import Config
from .misfits import inhibition_misfits, notify_misfits
from .policy import policy_of


def with_own_rules(rules: RuleSet, config: Config) -> RuleSet:
    """The rules of a configuration with those about its own sources, as ``trailbell run`` has them."""
    own = [path for path in config.running_rules if path not in config.rules]
    return RuleSet([*rules, *load(own).rules], rules.lookups) if own else rules


def load_configured(config: Config, seen: Seen | None = None) -> Loaded:
    """The rules of a configuration, looked at closely, and where the two do not fit each other.

    Args:
        config: names the rules.
        seen: see ``load``.
    """
    loaded = load(config.rules, lint=True, seen=seen)
    if config.document is None:
        return loaded
    problems = list(notify_misfits(loaded.rules, config.receivers, loaded.documents))
    if not loaded.errors:  # else rules are missing that an inhibition may be about
        rules = with_own_rules(loaded.rules, config)
        problems += inhibition_misfits(tuple(rules), policy_of(config).inhibitions, config.document)
    return loaded.with_problems(problems, config.document.source) if problems else loaded
