"""The settings of a Slack receiver, and the channel they make: by bot token, or by incoming webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trailbell_notifiers.channel import ChannelError
from trailbell_notifiers.secret import Secret, as_secret

from .api import API_URL, TIMEOUT_S
from .bot import SlackBot
from .permissions import SCHEMA as ALLOW_SCHEMA
from .permissions import permissions
from .webhook import SlackWebhook

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A Slack channel, by bot token (preferred) or incoming webhook.",
    "properties": {
        "token": {"description": "Bot token (`xoxb-…`) with the scope `chat:write`."},
        "channel": {"type": "string", "minLength": 1, "description": "Channel id (`C0123…`)."},
        "app_token": {
            "description": "App token (`xapp-…`) with `connections:write`, for buttons; clicks come by Socket Mode."
        },
        "allow": ALLOW_SCHEMA,
        "webhook_url": {"description": "Incoming webhook instead of token and channel."},
        "api_url": {"type": "string", "description": "Web API base, for GovSlack and for trying things out."},
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 60,
            "description": "For the whole exchange; default 15.",
        },
    },
    "dependentRequired": {"token": ["channel"], "channel": ["token"], "app_token": ["token"], "allow": ["app_token"]},
    "minProperties": 1,
    "additionalProperties": False,
}


def build(name: str, settings: Mapping[str, Any]) -> SlackBot | SlackWebhook:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: if token or URL cannot be one.
    """
    timeout_s = float(settings.get("timeout_s", TIMEOUT_S))
    if ("webhook_url" in settings) == ("token" in settings):
        raise ChannelError(f"slack `{name}` needs one way in", "either `token` and `channel`, or `webhook_url`")
    if "webhook_url" in settings:
        url = as_secret(settings["webhook_url"])
        if not url.reveal().startswith(("https://", "http://")):
            raise ChannelError(
                f"the webhook_url of `{name}` is no URL", "it starts with https://hooks.slack.com/services/"
            )
        return SlackWebhook(name, url, timeout_s)
    app_token = _token(name, "app_token", settings["app_token"]) if "app_token" in settings else None
    return SlackBot(
        name,
        _token(name, "token", settings["token"]),
        str(settings["channel"]),
        str(settings.get("api_url", API_URL)),
        timeout_s,
        app_token=app_token,
        allow=permissions(settings.get("allow", {})),
    )


def _token(name: str, key: str, value: Secret | str) -> Secret:
    token, kind = as_secret(value), {"token": "bot token starts with xoxb-", "app_token": "app token starts with xapp-"}
    text = token.reveal()
    if not text.isascii() or not text.isprintable() or not text:
        raise ChannelError(f"the {key} of `{name}` is no Slack token", f"a {kind[key]}")
    if key == "app_token" and text.startswith("xoxb-"):
        raise ChannelError(f"the app_token of `{name}` is a bot token", "it starts with xapp-; see Basic Information")
    return token
