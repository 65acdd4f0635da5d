"""A webhook: JSON in the shape its receiver knows, signed, posted to one URL that only the operator chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.channels.alertmanager.payload import alertmanager_json
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Receipt
from trailbell_notifiers.secret import Secret, as_secret
from trailbell_notifiers.transport.http_post import Endpoint, Reply, post, probe_endpoint, status_receipt

from .cloudevents import binary_request, cloudevent_json
from .http_settings import EGRESS_PROPERTIES, HEADERS_PROPERTY, read_endpoint, read_headers
from .native import native_json
from .signing import github_headers, standard_headers, standard_key

Format: TypeAlias = Literal["native", "alertmanager", "cloudevents", "cloudevents-binary"]

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An HTTP endpoint that takes the alert as JSON.",
    "properties": {
        "url": {"description": "Where to post. Without redirects; treated as a secret."},
        "format": {
            "enum": ["native", "alertmanager", "cloudevents", "cloudevents-binary"],
            "description": "Shape of the document: our own (default), Alertmanager's version 4, or CloudEvents 1.0.",
        },
        "secret": {"description": "Signing secret: `whsec_` and base64 (`standard`), or any text (`github`)."},
        "previous_secret": {"description": "The secret before the current one, during a rotation (`standard`)."},
        "signing": {"enum": ["standard", "github"], "description": "Style of the signature; default `standard`."},
        "headers": HEADERS_PROPERTY,
        "source": {
            "type": "string",
            "minLength": 1,
            "description": "`source` of CloudEvents, a URI reference; default `/trailbell`.",
        },
        "external_url": {
            "type": "string",
            "description": "Where people look alerts up; `externalURL` of Alertmanager's format.",
        },
        **EGRESS_PROPERTIES,
    },
    "required": ["url"],
    "additionalProperties": False,
}
_OWN_HEADERS: Final = frozenset(
    ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256", "x-github-delivery"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """A webhook's validated settings.

    Attributes:
        endpoint: where to post.
        format: the document's shape.
        secret: None sends no signature.
        keys: of the ``standard`` style, the current one first.
        signing: the signature's style.
        headers: sent beside our own.
        source: of CloudEvents.
        external_url: of Alertmanager's format.
    """

    endpoint: Endpoint
    format: Format = "native"
    secret: Secret | None = None
    keys: tuple[bytes, ...] = ()
    signing: Literal["standard", "github"] = "standard"
    headers: Mapping[str, Secret]
    source: str = "/trailbell"
    external_url: str = ""


def build(name: str, settings: Mapping[str, Any]) -> Webhook:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for what a schema cannot see; no message holds a secret.
    """
    signing = settings.get("signing", "standard")
    secrets = [as_secret(settings[key]) for key in ("secret", "previous_secret") if settings.get(key)]
    headers = read_headers("webhook", name, settings.get("headers", {}), _OWN_HEADERS)
    endpoint = read_endpoint("webhook", name, settings["url"], settings, headers.values())
    try:
        keys = tuple(map(standard_key, secrets)) if signing == "standard" else ()
    except ValueError as error:
        raise ChannelError(f"webhook `{name}`: {error}") from error
    return Webhook(
        name,
        WebhookSettings(
            endpoint=endpoint,
            format=settings.get("format", "native"),
            secret=secrets[0] if secrets else None,
            keys=keys,
            signing=signing,
            headers=headers,
            source=settings.get("source", "/trailbell"),
            external_url=settings.get("external_url", ""),
        ),
    )


class Webhook:
    """One endpoint."""

    targets = ("",)
    rate: Rate | None = None

    def __init__(self, name: str, settings: WebhookSettings) -> None:
        self.name = name
        self._settings = settings

    def __repr__(self) -> str:
        return f"Webhook(name={self.name!r}, format={self._settings.format!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The document. Pure. A binary CloudEvent is kept in its structured form and taken apart when it is sent."""
        match self._settings.format:
            case "alertmanager":
                return alertmanager_json(message, self.name, self._settings.external_url)
            case "cloudevents" | "cloudevents-binary":
                return cloudevent_json(message, delivery_id, self._settings.source)
            case _:
                return native_json(message)

    def probe(self) -> Receipt:
        """Where its name leads and whether the guard lets us go there. No connection is made."""
        return probe_endpoint(self._settings.endpoint)

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Post once, signed for this instant. Blocks for about ``timeout_s``, however slowly the receiver drips."""
        sent, headers = self._request(body, attempt, now_s)
        reply = post(self._settings.endpoint, sent, headers)
        return status_receipt(reply, now_s) if isinstance(reply, Reply) else reply

    def _request(self, body: bytes, attempt: Attempt, now_s: float) -> tuple[bytes, dict[str, str]]:
        settings = self._settings
        headers = {name: value.reveal() for name, value in settings.headers.items()}
        if settings.format == "cloudevents-binary":
            body, attributes = binary_request(body)
            headers |= attributes
        elif settings.format == "cloudevents":
            headers["Content-Type"] = "application/cloudevents+json; charset=UTF-8"
        if settings.signing == "github" and settings.secret is not None:
            return body, headers | github_headers(settings.secret, attempt.delivery_id, body)
        signed = standard_headers(settings.keys, attempt.delivery_id, int(now_s), body)
        return body, headers | {name: value for name, value in signed.items() if value}
