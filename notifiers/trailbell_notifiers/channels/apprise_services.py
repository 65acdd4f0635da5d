"""A hundred more services through Apprise (github.com/caronc/apprise), where no channel of our own speaks to them.

Apprise says only whether it worked, so a failure is tried again; it is not told apart whether a token was wrong.
Some of its services read Markdown or mentions in plain text, so what could be either is made harmless here.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import warnings
from collections.abc import Mapping
from typing import Any, Final

from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.channels.mail.bodies import plain_body
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Retry
from trailbell_notifiers.secret import Secret, as_secret
from trailbell_notifiers.words.text import fit, utf16_length

from .native import json_bytes

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "One of the services of Apprise; needs `pip install 'trailbell[apprise]'`.",
    "properties": {
        "url": {"description": "Apprise's URL of the service, such as `ntfys://topic`; a secret."},
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 120,
            "description": "For the whole exchange; default 30.",
        },
    },
    "required": ["url"],
    "additionalProperties": False,
}
TIMEOUT_S: Final = 30.0
_TYPES: Final = {"critical": "failure", "high": "failure", "medium": "warning", "low": "info", "info": "info"}
_MENTION: Final = re.compile(r"(?<![\w.])@(?=\w)")
_HARMLESS: Final = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
        "*": "\N{ASTERISK OPERATOR}",
    }
)
_AT: Final = "\N{FULLWIDTH COMMERCIAL AT}"
_LINK: Final = re.compile(r"\]\s*\(")


def build(name: str, settings: Mapping[str, Any]) -> Apprise:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: if Apprise is not installed, or does not know the URL; the message does not hold it.
    """
    try:
        library = _apprise()
    except ModuleNotFoundError as missing:
        raise ChannelError(
            f"the receiver `{name}` needs Apprise, which is not installed", "pip install 'trailbell[apprise]'"
        ) from missing
    url = as_secret(settings["url"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its plugins, all imported now, import what is deprecated
        service = library.Apprise.instantiate(url.reveal(), suppress_exceptions=True)
    if service is None:
        raise ChannelError(
            f"Apprise knows no service for the url of `{name}`", "its form is in https://appriseit.com/services/"
        )
    return Apprise(name, url, service, float(settings.get("timeout_s", TIMEOUT_S)))


class Apprise:
    """One service."""

    targets = ("",)
    rate: Rate | None = None

    def __init__(self, name: str, url: Secret, service: Any, timeout_s: float = TIMEOUT_S) -> None:
        self.name = name
        self._url = url
        self._timeout_s = timeout_s
        self._title_limit = int(service.title_maxlen or 0)
        self._body_limit = min(int(service.body_maxlen), limits.APPRISE_BODY)
        self._service_name = str(service.service_name or "the service")

    def __repr__(self) -> str:
        return f"Apprise(name={self.name!r}, service={self._service_name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """Title, body and type, within what the service takes. Pure."""
        title = fit(harmless(message.headline), max(1, min(self._title_limit or 250, limits.APPRISE_TITLE)))
        text = harmless(plain_body(message, delivery_id))
        room = self._body_limit - (0 if self._title_limit else len(title) + 2)  # without a title it leads the body
        kind = "success" if message.kind == "resolved" else _TYPES[message.alert.severity]
        document = {"title": title, "body": fit(text, max(1, room), utf16_length), "type": kind}
        return json_bytes(document)

    def probe(self) -> Receipt:
        """Only that Apprise understands the URL: it has nothing that could be asked."""
        return Delivered(f"Apprise speaks to {self._service_name}; not asked, it answers only to a message")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Hand it to Apprise once. Blocks for ``timeout_s`` at most; what is still under way then is left behind."""
        document = json.loads(body)
        answers: list[bool | str] = []
        work = threading.Thread(target=self._notify, args=(document, answers), daemon=True, name=f"apprise {self.name}")
        work.start()
        work.join(self._timeout_s)
        if not answers:
            return Ambiguous(f"{self._service_name}: no answer within {self._timeout_s:g} s")
        if answers[0] is True:
            return Delivered()
        why = answers[0] if isinstance(answers[0], str) else "Apprise says that it did not work, and not why"
        return Retry(f"{self._service_name}: {why}")

    def _notify(self, document: Mapping[str, str], answers: list[bool | str]) -> None:
        try:
            service = _apprise().Apprise()
            service.add(self._url.reveal())
            answers.append(
                bool(service.notify(document["body"], document["title"], document["type"], body_format="text"))
            )
        except Exception as error:  # noqa: BLE001  # plugins of a hundred services, each with faults of its own
            answers.append(f"Apprise failed with {type(error).__name__}")


def harmless(text: str) -> str:
    """Text in which no service finds a tag, a mention, emphasis or a masked link."""
    return _LINK.sub("] (", _MENTION.sub(_AT, text.translate(_HARMLESS)))


def _apprise() -> Any:
    """The library, with its logger off: it logs URLs with what is secret in them; receipts say what people need."""
    import apprise

    logging.getLogger("apprise").disabled = True
    return apprise
