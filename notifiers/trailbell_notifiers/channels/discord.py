"""Discord by a channel's webhook: one embed, nobody mentioned, whatever the event says.

Source: discord.com/developers/docs: "Execute Webhook", "Embed Limits", "Rate Limits".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from trailbell_engine.timestamps import format_time
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Delivered, Receipt, Retry
from trailbell_notifiers.secret import Secret, as_secret
from trailbell_notifiers.transport.http_post import Endpoint, Reply, post, probe_endpoint, status_receipt
from trailbell_notifiers.words.text import fit, one_line, utf16_length

from .http_settings import EGRESS_PROPERTIES, read_endpoint
from .native import json_bytes

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A Discord channel, by its webhook.",
    "properties": {
        "url": {"description": "`https://discord.com/api/webhooks/…`; a secret."},
        "username": {"type": "string", "minLength": 1, "maxLength": 80, "description": "Shown as the sender."},
        **EGRESS_PROPERTIES,
    },
    "required": ["url"],
    "additionalProperties": False,
}
COLOURS: Final = {"critical": 0xD32F2F, "high": 0xE8590C, "medium": 0xE0A800, "low": 0x1F6FEB, "info": 0x6E7781}
_OVER: Final = 0x2DA44E
_MARKUP: Final = re.compile(r"[\\*_~|>#\-+\[\]()<:@`.!]")
_NOT_A_BACKTICK: Final = "\N{MODIFIER LETTER GRAVE ACCENT}"
_LADDER: Final = ((5, 10, 400, 2_000), (3, 5, 150, 1_000), (0, 3, 80, 500), (0, 0, 0, 250))
"""(events, alerts, units of a field's value, of the summary), from the whole embed to its bones."""


def build(name: str, settings: Mapping[str, Any]) -> Discord:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for a URL that is none; the message does not hold it.
    """
    url = as_secret(settings["url"])
    endpoint = read_endpoint("discord", name, url, settings)  # judged as it was written
    if urlsplit(url.reveal()).query:
        raise ChannelError(f"the url of discord `{name}` has a query", "copy it as Discord gives it")
    waiting = Secret(urlunsplit(urlsplit(url.reveal())._replace(query="wait=true")))
    return Discord(name, read_endpoint("discord", name, waiting, settings, endpoint.secrets), settings.get("username"))


class Discord:
    """One webhook of a channel."""

    targets = ("",)
    rate: Rate | None = Rate(limits.DISCORD_RATE_PER_S, limits.DISCORD_BURST)

    def __init__(self, name: str, endpoint: Endpoint, username: str | None = None) -> None:
        self.name = name
        self._endpoint = endpoint
        self._username = username

    def __repr__(self) -> str:
        return f"Discord(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The message with its embed. Pure."""
        own = {"username": self._username} if self._username else {}
        for step in _LADDER:
            embed = _embed(message, delivery_id, *step)
            if sum(map(utf16_length, _counted(embed))) <= limits.DISCORD_ALL_EMBEDS:
                break
        document = {"content": "", "embeds": [embed], "allowed_mentions": {"parse": []}, **own}
        return json_bytes(document)

    def probe(self) -> Receipt:
        """Whether its address can be reached; the webhook answers only to a message."""
        return probe_endpoint(self._endpoint)

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Post once and wait for the message's id. Blocks for about ``timeout_s``. Discord keeps no key for repeats."""
        reply = post(self._endpoint, body, {})
        return _receipt(reply, now_s) if isinstance(reply, Reply) else reply


def _receipt(reply: Reply, now_s: float) -> Receipt:
    """A 429 says in its JSON, in fractions of a second, how long to wait."""
    receipt = status_receipt(reply, now_s, "Discord")
    answer = reply.json()
    if isinstance(receipt, Delivered):
        return Delivered(one_line(str(answer.get("id", "")))[:64])
    asked = answer.get("retry_after")
    if isinstance(receipt, Retry) and isinstance(asked, int | float) and 0 <= asked < 1e6:
        return Retry(receipt.reason, float(asked))
    return receipt


def _embed(message: Message, delivery_id: str, events: int, alerts: int, value: int, summary: int) -> dict[str, Any]:
    alert = message.alert
    embed: dict[str, Any] = {
        "title": escaped(message.headline, limits.DISCORD_TITLE),
        "description": escaped(message.summary, summary),
        "color": _OVER if message.kind == "resolved" else COLOURS[alert.severity],
        "timestamp": format_time(alert.last_at_us),
        "footer": {"text": fit(f"{alert.rule_id} {alert.rule_version} · {delivery_id}", limits.DISCORD_FOOTER)},
        "fields": list(_fields(message, events, alerts, value))[: limits.DISCORD_FIELDS],
    }
    return embed


def _fields(message: Message, events: int, alerts: int, value: int) -> Any:
    if value:
        for label, text in message.fields:
            yield {"name": escaped(label, limits.DISCORD_FIELD_NAME), "value": code(text, value), "inline": True}
    if message.change:
        yield {"name": "What is new", "value": escaped(message.change, 300)}
    if alerts and message.alert_count > 1:
        yield {"name": f"{message.alert_count} alerts", "value": _block([str(one) for one in message.members[:alerts]])}
    if message.why:
        yield {"name": "Why it fired", "value": escaped(message.why, min(limits.DISCORD_FIELD_VALUE, value * 2 + 200))}
    if events and message.events:
        hidden = message.earlier + max(0, len(message.events) - events)
        lines = [*([f"… {hidden} earlier"] if hidden else []), *map(str, message.events[-events:])]
        yield {"name": "Newest events", "value": _block(lines)}
    if message.links:
        links = [f"[{escaped(label, 80)}]({url})" for label, url in message.links if ")" not in url and len(url) < 300]
        if links:
            yield {"name": "Links", "value": " · ".join(links[:3])}
    for problem in message.problems[:1]:
        yield {"name": "⚠ Trouble with this message", "value": escaped(problem, 300)}


def escaped(text: str, limit: int) -> str:
    """Event data in Discord's Markdown: a backslash before everything that could be markup, a mention or a link."""
    cut = fit(text, limit, lambda piece: utf16_length(piece) + len(_MARKUP.findall(piece)))
    return _MARKUP.sub(r"\\\g<0>", cut) or "-"


def code(text: str, limit: int) -> str:
    """Event data as inline code, in which nothing is markup."""
    inner = fit(text.replace("`", _NOT_A_BACKTICK), limit - 2, utf16_length)
    return f"`{inner}`" if inner.strip() else "-"


def _block(lines: list[str]) -> str:
    text = "\n".join(fit(line, 180, utf16_length) for line in lines).replace("`", _NOT_A_BACKTICK)
    return f"```\n{fit(text, limits.DISCORD_FIELD_VALUE - 8, utf16_length)}\n```"


def _counted(embed: Mapping[str, Any]) -> list[str]:
    """What counts against the limit over all embeds."""
    fields = [part for field in embed["fields"] for part in (field["name"], field["value"])]
    return [embed["title"], embed["description"], embed["footer"]["text"], *fields]
