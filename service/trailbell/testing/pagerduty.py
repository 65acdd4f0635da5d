"""A fake PagerDuty: ``with FakePagerDuty() as pagerduty``. Events API v2, as PagerDuty/developer-docs describes it."""

from __future__ import annotations

from typing import Any, Final

from trailbell_notifiers import limits
from trailbell_notifiers.message import is_web_link

from .loopback import Answer, Request
from .posting import PostedService, json_answer

ROUTING_KEY: Final = "f4k3" * 8
_SEVERITIES: Final = frozenset({"critical", "error", "warning", "info"})
_ACTIONS: Final = frozenset({"trigger", "acknowledge", "resolve"})


class FakePagerDuty(PostedService):
    """Keeps events, and the incidents that follow from them.

    Attributes:
        incidents: dedup_key -> ``triggered``, ``acknowledged``; resolved ones are gone.
    """

    path = "/v2/enqueue"

    def __init__(self) -> None:
        super().__init__()
        self.incidents: dict[str, str] = {}

    def refusal(self, request: Request, document: Any) -> Answer | None:
        """400 with the errors, 413, as the API answers."""
        if len(request.body) > limits.PAGERDUTY_BODY_BYTES:
            return json_answer(413, {"status": "invalid event", "message": "Event too large"})
        if document.get("routing_key") != ROUTING_KEY:
            return _invalid("Invalid routing key")
        errors = list(_errors(document))
        return _invalid(*errors) if errors else None

    def taken(self, request: Request, document: Any) -> Answer:  # noqa: ARG002  # the base class's signature
        """202, and the incident changes."""
        key = document["dedup_key"]
        match document["event_action"]:
            case "resolve":
                self.incidents.pop(key, None)
            case "acknowledge" if key in self.incidents:
                self.incidents[key] = "acknowledged"
            case "trigger":
                self.incidents.setdefault(key, "triggered")
        return json_answer(202, {"status": "success", "message": "Event processed", "dedup_key": key})


def _invalid(*errors: str) -> Answer:
    return json_answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})


def _errors(document: Any) -> Any:
    if document.get("event_action") not in _ACTIONS:
        yield "event_action is not one of trigger, acknowledge, resolve"
    key = document.get("dedup_key")
    if not isinstance(key, str) or not 0 < len(key) <= limits.PAGERDUTY_DEDUP_KEY:
        yield "dedup_key must be 1 to 255 characters"
    if document.get("event_action") == "trigger":
        payload = document.get("payload") or {}
        if not 0 < len(payload.get("summary", "")) <= limits.PAGERDUTY_SUMMARY:
            yield "payload.summary must be 1 to 1024 characters"
        if not payload.get("source"):
            yield "payload.source is missing or blank"
        if payload.get("severity") not in _SEVERITIES:
            yield "payload.severity is not one of critical, error, warning, info"
    if any(not is_web_link(link.get("href", "")) for link in document.get("links", ())):
        yield "links must have an href"
