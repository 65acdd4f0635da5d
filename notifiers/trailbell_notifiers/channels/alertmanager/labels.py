"""An alert in Alertmanager's terms: labels that identify it, annotations that tell of it, and their fingerprint."""

from __future__ import annotations

import re
from typing import Final

from trailbell_engine.alert import Alert
from trailbell_engine.rule import Words
from trailbell_notifiers import limits
from trailbell_notifiers.message import Member, Message
from trailbell_notifiers.words.render import value_text
from trailbell_notifiers.words.text import fit, one_line

NEVER: Final = "0001-01-01T00:00:00Z"
"""Go's zero time: how Alertmanager writes ``endsAt`` of what still fires."""
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_]+")
_FNV_OFFSET: Final = 14_695_981_039_346_656_037  # FNV-1a, 64 bit (Fowler, Noll, Vo)
_FNV_PRIME: Final = 1_099_511_628_211


def labels_of(alert: Alert, words: Words) -> dict[str, str]:
    """What identifies the alert: the same from the message that opens it to the one that resolves it.

    Names keep to ``[a-zA-Z_][a-zA-Z0-9_]*``, which every version of Alertmanager takes. Empty values are left out:
    Alertmanager treats them as absent.
    """
    found = {label_name(name): "" if value is None else value_text(value) for name, value in alert.key.items()}
    found |= {
        "alertname": alert.rule_id,
        "severity": alert.severity,
        "source": alert.opener.source,
        "owner": words.owner,
    }
    cut = {name: fit(one_line(value), limits.ALERTMANAGER_LABEL) for name, value in found.items()}
    return {name: cut[name] for name in sorted(cut) if cut[name]}


def label_name(text: str) -> str:
    """A field's path as a label's name: ``context.msisdn`` is ``context_msisdn``."""
    name = _NOT_IN_NAMES.sub("_", text).strip("_")[:200] or "field"
    return f"_{name}" if name[0].isdigit() else name


def annotations_of(member: Member) -> dict[str, str]:
    """What people read."""
    alert, words = member.alert, member.words
    found = {
        "summary": member.presentation.title,
        "description": member.presentation.summary,
        "why": fit(one_line(alert.why), 1_000),
        "runbook_url": words.runbook,
        "tags": ",".join(words.tags),
        "alert_id": alert.id,
        "events": str(alert.event_count),
    }
    return {name: found[name] for name in sorted(found) if found[name]}


def fingerprint(of: dict[str, str]) -> str:
    """16 hex digits: FNV-1a over the sorted pairs, each part ended by 0xFF (prometheus/common, model/signature.go)."""
    total = _FNV_OFFSET
    for name in sorted(of):
        for part in (name, of[name]):
            for byte in part.encode("utf-8", "replace") + b"\xff":
                total = (total ^ byte) * _FNV_PRIME & 0xFFFF_FFFF_FFFF_FFFF
    return f"{total:016x}"


def is_over(message: Message, alert: Alert) -> bool:
    """Whether the alert, as this message tells it, has ended."""
    return message.kind == "resolved" or alert.state == "resolved"


def link(external_url: str, alert: Alert) -> str:
    """Where the alert can be looked up; empty without an address."""
    return f"{external_url.rstrip('/')}/alerts/{alert.id}" if external_url else ""
