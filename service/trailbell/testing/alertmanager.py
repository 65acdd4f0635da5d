"""A fake Alertmanager: ``with FakeAlertmanager() as alertmanager``. Its API v2, as its openapi.yaml says."""

from __future__ import annotations

import re
from typing import Any, Final

from trailbell_engine.timestamps import parse_time

from .loopback import Answer, Request
from .posting import PostedService, json_answer

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class FakeAlertmanager(PostedService):
    """Keeps lists of alerts."""

    path = "/api/v2/alerts"

    def refusal(self, request: Request, document: Any) -> Answer | None:
        """400 with words, as the API answers."""
        if request.path != self.path or not isinstance(document, list):
            return json_answer(422, {"code": 612, "message": "postableAlerts in body must be of type array"})
        for alert in document:
            wrong = _wrong(alert)
            if wrong:
                return json_answer(400, wrong)
        return None

    def taken(self, request: Request, document: Any) -> Answer:  # noqa: ARG002  # the base class's signature
        """200, without a word."""
        return Answer(200)


def _wrong(alert: dict[str, Any]) -> str:
    labels = alert.get("labels") or {}
    if not labels or not all(_LABEL.fullmatch(name) and isinstance(value, str) for name, value in labels.items()):
        return "invalid label set"
    if not all(isinstance(value, str) for value in alert.get("annotations", {}).values()):
        return "invalid annotation set"
    starts, ends = (parse_time(alert[name]) if name in alert else None for name in ("startsAt", "endsAt"))
    if starts is not None and ends is not None and starts > ends:
        return "start time must be before end time"
    return ""
