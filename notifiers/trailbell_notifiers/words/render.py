"""From an alert and its rule's words to title, summary and fields: plain text that every channel escapes for itself."""

from __future__ import annotations

from dataclasses import dataclass

from trailbell_engine.alert import Alert
from trailbell_engine.event import is_instant
from trailbell_engine.path import resolve
from trailbell_engine.rule import Words
from trailbell_engine.values import Json

from .namespace import bounded, namespace
from .sandbox import TemplateError, render_template, show
from .subjects import ACTOR, ADDRESS, TARGET, first_value, label_of
from .text import clean, fit, one_line

TITLE_LIMIT = 200
"""Characters; longer titles are cut. Channels with less room cut again."""
SUMMARY_LIMIT = 2_000
VALUE_LIMIT = 600


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a person reads of an alert, in plain text.

    Attributes:
        title: one line.
        summary: a sentence or two.
        fields: (label, value) as the rule asks for them, where the opening event has them.
        problems: templates that failed; the built-in text stands in their place.
    """

    title: str
    summary: str
    fields: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


def present(alert: Alert, words: Words) -> Presentation:
    """Render the words of a rule over an alert. Pure and total: whatever a template does, there is a text.

    Args:
        alert: as the engine made it.
        words: of the rule that made it.
    """
    names = namespace(alert, words)
    problems: list[str] = []
    title = one_line(_rendered("title", words.title, names, problems)) or built_in_title(alert)
    summary = clean(_rendered("summary", words.summary, names, problems)).strip() or built_in_summary(alert)
    return Presentation(fit(title, TITLE_LIMIT), fit(summary, SUMMARY_LIMIT), _fields(alert, words), tuple(problems))


def _rendered(name: str, source: str, names: dict[str, Json], problems: list[str]) -> str:
    if not source:
        return ""
    try:
        return render_template(source, names)
    except TemplateError as error:
        problems.append(f"the template `{name}` failed: {one_line(error.message)}")
        return ""


def _fields(alert: Alert, words: Words) -> tuple[tuple[str, str], ...]:
    event = alert.opener
    found = ((label_of(path), resolve(path, event.data, event)) for path in words.fields)
    return tuple((label, value_text(values[0] if len(values) == 1 else values)) for label, values in found if values)


def value_text(value: Json) -> str:
    """A value on one line, as long as a reader takes it in; a list of plain values reads ``a, b``."""
    value = bounded(value)
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return fit(one_line(", ".join(map(show, value))), VALUE_LIMIT)
    return fit(one_line(show(value)), VALUE_LIMIT)


def key_text(alert: Alert) -> str:
    """The alert's key as ``user_email ada@example.com, country GB``; empty without a key."""
    parts = (
        f"{name.rsplit('.', 1)[-1]} {'none' if value is None else value_text(value)}"
        for name, value in alert.key.items()
    )
    return one_line(", ".join(parts))


def built_in_title(alert: Alert) -> str:
    """A title for a rule whose own failed: what happened, and to which key."""
    key = key_text(alert)
    what = one_line(alert.opener.event_type) or ("Silence" if is_instant(alert.opener) else "An event")
    return f"{what}: {key} ({alert.rule_id})" if key else f"{what} ({alert.rule_id})"


def built_in_summary(alert: Alert) -> str:
    """Who did what to what from where, how often; only what the opening event says."""
    event = alert.opener
    if is_instant(event):
        return one_line(alert.why)
    actor, target, address = (first_value(places, event) for places in (ACTOR, TARGET, ADDRESS))
    sentence = f"{actor or 'Somebody'}: {one_line(event.event_type) or 'an event'}"
    sentence += f" on {target}" if target else ""
    sentence += f" from {address}" if address else ""
    sentence += f", {alert.event_count} events" if alert.event_count > 1 else ""
    return sentence
