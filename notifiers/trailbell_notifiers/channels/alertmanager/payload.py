"""The document that Alertmanager's webhooks send, version 4, so that receivers made for it work unchanged.

Fields and quirks: prometheus/alertmanager docs/configuration.md, "webhook_config", and template/template.go: labels are
strings, ``endsAt`` is Go's zero time while an alert fires, and ``receiver`` is quoted as a regular expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from trailbell_engine.timestamps import format_time
from trailbell_notifiers import limits
from trailbell_notifiers.channels.native import json_bytes
from trailbell_notifiers.message import Member, Message
from trailbell_notifiers.words.text import fit, one_line

from .labels import NEVER, annotations_of, fingerprint, is_over, label_name, labels_of, link

_LADDER: Final = (50, 10, 3, 1)
_GO_META: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")
"""What Go's ``regexp.QuoteMeta`` escapes; Python's ``re.escape`` escapes more."""


def alertmanager_json(message: Message, receiver: str, external_url: str = "") -> bytes:
    """The document, UTF-8. Where there are more alerts than fit, the oldest go and ``truncatedAlerts`` counts them.

    Args:
        message: what to tell.
        receiver: name of the receiver.
        external_url: where people look alerts up; may be empty.
    """
    for most in _LADDER:
        body = _encoded(message, message.members[:most], receiver, external_url)
        if len(body) <= limits.WEBHOOK_BODY_BYTES:
            break
    return body


def _encoded(message: Message, members: Sequence[Member], receiver: str, external_url: str) -> bytes:
    entries = [_alert(message, member, external_url) for member in members]
    firing = any(entry["status"] == "firing" for entry in entries)
    group = {label_name(name): fit(one_line(value), limits.ALERTMANAGER_LABEL) for name, value in message.group.items()}
    document = {
        "version": "4",
        "groupKey": group_key(group),
        "truncatedAlerts": max(0, message.alert_count - len(entries)),
        "status": "firing" if firing else "resolved",
        "receiver": _GO_META.sub(r"\\\1", receiver),
        "groupLabels": group,
        "commonLabels": _common([entry["labels"] for entry in entries]),
        "commonAnnotations": _common([entry["annotations"] for entry in entries]),
        "externalURL": external_url,
        "notification_reason": message.kind,
        "alerts": entries,
    }
    return json_bytes(document)


def _alert(message: Message, member: Member, external_url: str) -> dict[str, Any]:
    alert = member.alert
    own = labels_of(alert, member.words)
    over = is_over(message, alert)
    return {
        "status": "resolved" if over else "firing",
        "labels": own,
        "annotations": annotations_of(member),
        "startsAt": format_time(alert.opened_at_us),
        "endsAt": format_time(alert.last_at_us) if over else NEVER,
        "generatorURL": link(external_url, alert),
        "fingerprint": fingerprint(own),
    }


def group_key(group: dict[str, str]) -> str:
    """The top route and the group's labels as Alertmanager writes them: ``{}:{actor="ada", rule="x"}``."""
    pairs = (f"{name}={json.dumps(group[name], ensure_ascii=False)}" for name in sorted(group))
    return f"{{}}:{{{', '.join(pairs)}}}"


def _common(all_of: Sequence[dict[str, str]]) -> dict[str, str]:
    first = all_of[0]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in all_of)}
