"""Prometheus Alertmanager as a receiver: alerts go into its API v2, its own routes, silences and receivers take over.

Source: prometheus/alertmanager docs/alerts_api.md and api/v2/openapi.yaml. Alertmanager keeps alerts in memory and
forgets those whose ``endsAt`` has passed. So each message says how long the alert is to stand (``hold_s``), a resolved
one ends it, and ``refresh_s`` asks for what is open to be sent again, so that a restart of Alertmanager loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.channels.http_settings import EGRESS_PROPERTIES, HEADERS_PROPERTY, read_endpoint, read_headers
from trailbell_notifiers.channels.native import json_bytes
from trailbell_notifiers.message import Member, Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Delivered, Receipt, Rejected
from trailbell_notifiers.secret import Secret
from trailbell_notifiers.transport.http_post import Endpoint, Reply, post, probe_endpoint, status_receipt
from trailbell_notifiers.words.text import fit, one_line

from .labels import annotations_of, is_over, label_name, labels_of, link

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A Prometheus Alertmanager, by its API v2.",
    "properties": {
        "url": {"description": "Its address, such as `http://alertmanager:9093`."},
        "hold_s": {
            "type": "number",
            "minimum": 60,
            "maximum": 604800,
            "description": "How long an alert stands that is not resolved before; default 14400, four hours.",
        },
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "More labels for every alert, such as `team: soc`.",
        },
        "external_url": {"type": "string", "description": "Where people look alerts up; for `generatorURL`."},
        "headers": HEADERS_PROPERTY,
        **EGRESS_PROPERTIES,
    },
    "required": ["url"],
    "additionalProperties": False,
}
HOLD_S: Final = 4 * 3_600.0
REFRESH_S: Final = 60.0
_PATH: Final = "/api/v2/alerts"
_LADDER: Final = (50, 10, 3, 1)


def build(name: str, settings: Mapping[str, Any]) -> Alertmanager:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for what a schema cannot see; no message holds a secret.
    """
    base = str(settings["url"].reveal() if isinstance(settings["url"], Secret) else settings["url"]).rstrip("/")
    headers = read_headers("alertmanager", name, settings.get("headers", {}))
    url = base if base.endswith(_PATH) else base + _PATH
    more = settings.get("labels", {})
    for label in more:
        if label_name(label) != label:
            raise ChannelError(
                f"alertmanager `{name}`: `{label}` is no label's name", "use letters, digits and underscores"
            )
    return Alertmanager(
        name,
        read_endpoint("alertmanager", name, url, settings, headers.values()),
        headers=headers,
        labels=more,
        hold_s=float(settings.get("hold_s", HOLD_S)),
        external_url=settings.get("external_url", ""),
    )


class Alertmanager:
    """One Alertmanager.

    Attributes:
        refresh_s: what stands is to be sent again so often, outside the outbox; a repeat changes nothing.
        hold_s: so long after it was told an alert stands.
    """

    targets = ("",)
    rate: Rate | None = None
    refresh_s: float = REFRESH_S

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        headers: Mapping[str, Secret],
        labels: Mapping[str, str],
        hold_s: float,
        external_url: str,
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._headers = headers
        self._labels = labels
        self.hold_s = hold_s
        self._external_url = external_url

    def __repr__(self) -> str:
        return f"Alertmanager(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:  # noqa: ARG002  # labels identify it
        """The list of alerts; ``endsAt`` of those that stand is added when the delivery's time is known. Pure."""
        for most in _LADDER:
            body = json_bytes([self._alert(message, member) for member in message.members[:most]])
            if len(body) <= limits.ALERTMANAGER_BODY_BYTES:
                break
        return body

    def probe(self) -> Receipt:
        """Whether its address can be reached."""
        return probe_endpoint(self._endpoint)

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Post once; the same labels are the same alert. Blocks for about ``timeout_s``."""
        ends = format_time(round(attempt.created_s + self.hold_s) * SECOND_US)
        alerts = [{"endsAt": ends, **alert} for alert in json.loads(body)]
        headers = {name: value.reveal() for name, value in self._headers.items()}
        reply = post(self._endpoint, json_bytes(alerts), headers)
        if not isinstance(reply, Reply):
            return reply
        receipt = status_receipt(reply, now_s, "Alertmanager")
        if isinstance(receipt, Rejected) and reply.body:
            said = self._endpoint.hidden(fit(one_line(reply.text()), 200))
            return Rejected(f"{receipt.reason}: {said}", receipt.kind)
        return Delivered() if isinstance(receipt, Delivered) else receipt

    def _alert(self, message: Message, member: Member) -> dict[str, Any]:
        alert = member.alert
        over = is_over(message, alert)
        address = link(self._external_url, alert) or member.words.runbook
        return {
            "labels": labels_of(alert, member.words) | dict(self._labels),
            "annotations": annotations_of(member),
            "startsAt": format_time(alert.opened_at_us),
            **({"endsAt": format_time(alert.last_at_us)} if over else {}),
            **({"generatorURL": address} if address else {}),
        }
