"""Where rules and configuration do not fit each other: receivers nobody defined, labels that no alert has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from trailbell_engine.rule import Rule
from trailbell_notifiers.policy.inhibition import Inhibition
from trailbell_notifiers.policy.matchers import Matcher
from trailbell_notifiers.policy.routing import OWN_LABELS
from trailbell_rules.document import Document, Place
from trailbell_rules.problem import Problem, Span


def notify_misfits(
    rules: Iterable[Rule], names: Collection[str], documents: Mapping[str, Document] | None = None
) -> Iterator[Problem]:
    """Rules that tell receivers nobody defined: their alerts would reach no one.

    Args:
        rules: all of a run.
        names: of the receivers.
        documents: the rules as written, by id; without, a rule's place is its first line.
    """
    help_ = f"defined below `receivers:`: {', '.join(sorted(names)) or 'none'}"
    for rule in rules:
        for position, name in enumerate(rule.notify):
            if name not in names:
                document = (documents or {}).get(rule.id)
                line = rule.origin.line
                span = (
                    Span(rule.origin.file, line, 1, line, 1)
                    if document is None
                    else document.span_of_value(("notify", position))
                )
                summary = f"{rule.id} notifies {name!r}, and no receiver is called so"
                yield Problem("bad-route", "error", summary, span, help_, rule_id=rule.id)


def inhibition_misfits(
    rules: Sequence[Rule], inhibitions: Sequence[Inhibition], document: Document | None = None
) -> Iterator[Problem]:
    """Inhibitions that compare a label which no alert of their source, or of their target, has.

    Args:
        rules: all of a run.
        inhibitions: of the configuration, in its order.
        document: the configuration as written.
    """
    for number, inhibition in enumerate(inhibitions):
        if inhibition.missing_match:
            continue
        for side, matchers in (("source", inhibition.source), ("target", inhibition.target)):
            meant = [rule for rule in rules if _may_hold(matchers, rule)]
            if not meant:  # of rules that are not here nothing can be said
                continue
            keys = {str(path) for rule in meant for path in rule.condition.by}
            for position, label in enumerate(inhibition.equal):
                if label not in OWN_LABELS and label not in keys:
                    span = _span(document, ("inhibit", number, "equal", position))
                    summary = f"no alert that `{side}` takes has a label {label!r}, so nothing could ever be equal"
                    yield Problem("bad-route", "error", f"inhibit[{number}]: {summary}", span, _labels(keys))


def _labels(keys: Collection[str]) -> str:
    return (
        f"labels are {', '.join(OWN_LABELS)}, and the fields of `by`: {', '.join(sorted(keys)) or 'none here'}; "
        "`equal_missing: match` takes two missing labels for equal, as Alertmanager does"
    )


def _span(document: Document | None, place: Place) -> Span:
    return Span("", 1, 1, 1, 1) if document is None else document.span_of_value(place)


def _may_hold(matchers: Sequence[Matcher], rule: Rule) -> bool:
    """Whether alerts of the rule may meet the matchers, as far as the rule alone says."""
    labels = {"rule": (rule.id,), "tag": rule.words.tags, "owner": (rule.words.owner,)}
    return all(matcher.holds(labels) for matcher in matchers if matcher.label in labels)
