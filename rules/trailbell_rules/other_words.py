"""What other rule languages call the keys of a rule: too far from our words to be found by likeness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Meant(NamedTuple):
    """Our key for a word of another language, and how it is written."""

    key: str
    help: str


_WHEN: Final = Meant(
    "when", "what counts over time stands below `when`: `when: {count: {at_least: 5, within: 10m, by: user_email}}`"
)
_SIGMA: Final = Meant("match", "if this is a Sigma rule, `trailbell import sigma` writes it as one of ours")
_SEVERITY: Final = Meant("severity", "write `severity: high`: info, low, medium, high or critical")
_TOLD: Final = Meant("notify", "name receivers of trailbell.yaml: `notify: [security-slack]`; routes decide otherwise")
_SOURCE: Final = Meant("", "rules do not say where events come from: sources stand in trailbell.yaml")

OTHER_WORDS: Final[Mapping[str, Meant]] = {
    # ElastAlert
    **dict.fromkeys(("type", "num_events", "timeframe", "query_key", "spike_height", "spike_type"), _WHEN),
    **dict.fromkeys(
        ("compare_key", "cardinality_field", "max_cardinality", "metric_agg_key", "terms_window_size"), _WHEN
    ),
    **dict.fromkeys(("filter", "query"), Meant("match", "write `match: {event_type: USER_LOGIN, source_country: GB}`")),
    **dict.fromkeys(("realert", "realert_key"), Meant("suppress", "write `suppress: {for: 1h, by: user_email}`")),
    **dict.fromkeys(("name", "alert_subject"), Meant("title", 'write `title: "{{ user_email }} signed in"`')),
    "alert_text": Meant("alert", 'write `alert: {summary: "{{ user_email }} came from {{ source_ip }}"}`'),
    "include": Meant("alert", "write `alert: {fields: [user_email, source_ip]}`"),
    "priority": _SEVERITY,
    "is_enabled": Meant("status", "write `status: experimental`: it is evaluated and stored, and nobody is told"),
    **dict.fromkeys(("email", "slack", "slack_webhook_url"), _TOLD),
    "index": _SOURCE,
    # Sigma
    **dict.fromkeys(("detection", "logsource", "correlation"), _SIGMA),
    "level": _SEVERITY,
}
"""By the word that somebody wrote at the top of a rule."""
