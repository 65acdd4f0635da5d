"""The demonstration: a made-up company's account on a fake Audit API, and an attack on it that happens now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json

from .testing.synthetic import ACCOUNT

_ATTACKER: Final[dict[str, Json]] = {"source_ip": "203.0.113.66", "source_country": "KP"}
_OFFICE: Final[dict[str, Json]] = {"source_ip": "192.0.2.17", "source_country": "GB"}
_NUMBER: Final[dict[str, Json]] = {"country": "GB", "msisdn": "447700900123"}


@dataclass(frozen=True, slots=True)
class Act:
    """One event of the story; called with the instant at which it happens, it is the event."""

    number: int
    event_type: str
    origin: Mapping[str, Json]
    context: Mapping[str, Json]

    def __call__(self, now_us: int) -> dict[str, Json]:
        """The event as the Audit API gives it.

        Args:
            now_us: when it happens; microseconds since the epoch, UTC.
        """
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"trailbell-demo-{now_us}-{self.number}"))
        return {
            "id": event_id,
            "event_type": self.event_type,
            "event_type_description": self.event_type.replace("_", " ").capitalize(),
            "created_at": format_time(now_us)[:19],
            "user_email": "grace@example.com",
            "user_id": 1_200_412,
            "account_id": ACCOUNT,
            "source": "CD",
            "source_description": "Customer Dashboard",
            **self.origin,
            "context": dict(self.context),
            "_links": {"self": {"href": f"https://api.nexmo.com/beta/audit/events/{event_id}"}},
        }


STORY: Final = (
    Act(
        1, "NUMBER_UPDATED", _OFFICE, _NUMBER | {"voice-type": "app", "voice-value": "3f0e1d6c-5a2b-4c7d-9e8f-0a1b2c3d"}
    ),
    Act(2, "USER_LOGIN", _ATTACKER, {}),
    Act(3, "ACCOUNT_SECRET_CREATE", _ATTACKER, {"secretId": "ad6dc56f-07b5-46e1-a527-85530e625800"}),
    Act(4, "NUMBER_UPDATED", _ATTACKER, _NUMBER | {"voice-type": "sip", "voice-value": "sip:relay@pbx.invalid"}),
    Act(5, "IP_WHITELIST_DELETE", _ATTACKER, {"ip": "192.0.2.0/24"}),
)
"""A colleague sets up a number. Then somebody signs in as her from far away, makes a secret, sends the number's calls
to a stranger's exchange, and takes the office off the allow-list."""
