"""Who did what to what, from where: the well-known places where sources put it.

Sources: the Vonage Audit API's documentation; CloudTrail record contents; GitHub audit log events; Okta System Log;
Google Workspace Admin SDK; OCSF 1.x; CloudEvents. The first place that holds a value wins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from trailbell_engine.event import Event
from trailbell_engine.path import Path, parse_path, resolve

from .sandbox import show
from .text import one_line


def _paths(*texts: str) -> tuple[Path, ...]:
    return tuple(map(parse_path, texts))


ACTOR: Final = _paths(
    "user_email", "userIdentity.userName", "userIdentity.arn", "userIdentity.type", "actor.alternateId", "actor.email",
    "actor.user.email_addr", "actor.user.name", "actor.displayName", "actor", "data.user_name", "user.email",
    "user.name", "user", "user_id",
)  # fmt: skip
ADDRESS: Final = _paths(
    "source_ip", "sourceIPAddress", "client.ipAddress", "ipAddress", "src_endpoint.ip", "actor_ip", "data.ip", "ip"
)
COUNTRY: Final = _paths(
    "source_country",
    "client.geographicalContext.country",
    "actor_location.country_code",
    "src_endpoint.location.country",
)
TARGET: Final = _paths(
    "context.msisdn", "context.created.name", "context.appId", "context.applicationId", "target[0].displayName",
    "target[0].alternateId",
    "requestParameters.userName", "requestParameters.bucketName", "requestParameters.roleName", "repo", "resource.name",
)  # fmt: skip


def first_value(paths: Sequence[Path], event: Event) -> str:
    """The first value that is there and is a text or a number, on one line; the empty string if there is none."""
    for path in paths:
        for value in resolve(path, event.data, event):
            if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
                return one_line(show(value))
    return ""


_SPELLED: Final = {"ip": "IP", "id": "ID", "url": "URL", "api": "API", "arn": "ARN", "mfa": "MFA", "msisdn": "MSISDN"}
_WORDS: Final = re.compile(r"[_\s-]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def label_of(path: Path | str) -> str:
    """A field's name for people: ``user_email`` is ``User email``, ``sourceIPAddress`` is ``Source IP address``."""
    segments = (parse_path(path) if isinstance(path, str) else path).segments
    name = next((segment for segment in reversed(segments) if isinstance(segment, str)), "")
    words = [_SPELLED.get(word.lower(), word.lower()) for word in _WORDS.split(one_line(name)) if word] or ["value"]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
