"""What people are told of an alert, made once when it opens and kept: live and dry-run use exactly this."""

from __future__ import annotations

from trailbell_engine.alert import Alert
from trailbell_engine.rule import RuleSet
from trailbell_engine.values import Json
from trailbell_notifiers.words.render import Presentation, present


class Wording:
    """The words of a rule set's alerts."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules

    def presentation(self, alert: Alert) -> Presentation:
        """Title, summary and fields of the alert; built-in words where a template fails."""
        return present(alert, self._rules[alert.rule_id].words)

    def of(self, alert: Alert) -> dict[str, Json]:
        """The presentation as JSON, as it is stored beside the alert."""
        return to_json(self.presentation(alert))


def to_json(presentation: Presentation) -> dict[str, Json]:
    """A presentation as JSON."""
    return {
        "title": presentation.title,
        "summary": presentation.summary,
        "fields": [list(entry) for entry in presentation.fields],
        "problems": list(presentation.problems),
    }
