"""What the events of sources are known to say, for the checks of rules."""

from __future__ import annotations

from typing import Final

from trailbell_rules.lint import Vocabulary

from .audit.fields import EVENT_FIELDS
from .testing.vonage_types import EVENT_TYPES

_CONTEXT: Final = (
    *("country", "msisdn", "http", "voice-type", "voice-value", "accountId", "account", "applicationId", "appId"),
    *("created", "created.accountId", "created.appId", "created.name", "created.type"),
    *("created.answer_url", "created.answer_url.method", "created.answer_url.url"),
    *("created.event_url", "created.event_url.method", "created.event_url.url"),
)

VONAGE: Final = Vocabulary(
    name="vonage",
    event_types=frozenset(EVENT_TYPES),
    fields=frozenset(EVENT_FIELDS),
    paths=frozenset((*(f"context.{path}" for path in _CONTEXT), "_links.self", "_links.self.href")),
)
"""The Audit API, from the vendor's specification 1.0.4 and its documentation. ``context`` depends on the kind of event;
of many kinds it is not documented."""

VOCABULARIES: Final = (VONAGE,)
