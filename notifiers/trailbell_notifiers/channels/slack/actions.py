"""The buttons of a Slack message: what they ask for, and values that nobody but we can have written.

A value goes out with the message and comes back with a click. It names the action, the thread it is about, and when it
expires, under an HMAC of a key that stays in the state folder.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from trailbell_engine.timestamps import DAY_US, HOUR_US
from trailbell_notifiers import limits
from trailbell_notifiers.channels.living import Standing

from .text import plain

Verb: TypeAlias = Literal["acknowledge", "release", "resolve", "silence", "explain"]
"""What a click may ask for; ``release`` takes an acknowledgement back."""
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
SPANS_US: Final = {"1h": HOUR_US, "8h": 8 * HOUR_US, "1d": DAY_US}
"""How long a silence may last, by the name its choice has."""
LIFETIME_S: Final = 30 * 86_400
"""For so long after a message was written its buttons work."""
VERSION: Final = "v1"
_MAC_BYTES: Final = 16
_PREFIX: Final = "trailbell."
_SPAN_WORDS: Final = {"1h": "for 1 hour", "8h": "for 8 hours", "1d": "for 1 day"}
_HELD: Final = ("acknowledged", "silenced")


class Wanted(NamedTuple):
    """What a click asks for.

    Attributes:
        verb: the action.
        span: of a silence, one of ``SPANS_US``; else empty.
        thread: of the message.
        expires_s: seconds since the epoch, UTC.
    """

    verb: Verb
    thread: str
    expires_s: int
    span: str = ""


class ForgedError(ValueError):
    """A value that we have not written, or that is too old; says which."""


def sign(wanted: Wanted, key: bytes) -> str:
    """The value of a button: short enough for every kind of element."""
    word = f"{wanted.verb}-{wanted.span}" if wanted.span else wanted.verb
    text = f"{VERSION}.{word}.{wanted.thread}.{wanted.expires_s}"
    return f"{text}.{_mac(text, key)}"


def read(value: str, key: bytes, now_s: float) -> Wanted:
    """What a value asks for.

    Raises:
        ForgedError: if it was not written with this key, or has expired.
    """
    text, _, mac = value.rpartition(".")
    if not value.isascii() or not hmac.compare_digest(mac, _mac(text, key)):
        raise ForgedError("this button was not made by this trailbell")
    _, word, thread, expires_s = text.split(".")
    verb, _, span = word.partition("-")
    wanted = Wanted(_verb(verb), thread, int(expires_s), span)
    if now_s >= wanted.expires_s:
        raise ForgedError("this button has expired; `trailbell alerts` on the command line still works")
    return wanted


def _verb(text: str) -> Verb:
    return next(verb for verb in VERBS if verb == text)


def _mac(text: str, key: bytes) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_MAC_BYTES]).decode().rstrip("=")


def controls(verbs: Sequence[Verb], standing: Standing, about: str) -> Iterator[dict[str, Any]]:
    """The elements of an ``actions`` block, not yet signed: ``sealed`` makes them work.

    Args:
        verbs: what somebody is allowed to ask for.
        standing: what has been done already is not offered again.
        about: what a silence would be about, in words.
    """
    if standing.state == "resolved":
        verbs = [verb for verb in verbs if verb == "explain"]
    acknowledged = standing.state == "acknowledged"
    if "acknowledge" in verbs and standing.state in ("open", "silenced"):
        yield _button("acknowledge", "Acknowledge") | {"style": "primary"}
    if "resolve" in verbs and acknowledged:
        yield _button("resolve", "Resolve") | {"style": "primary"}
    if "release" in verbs and acknowledged:
        yield _button("release", "Not me")
    if "silence" in verbs and standing.state != "silenced":
        yield _silence(about)
    if "explain" in verbs:
        yield _button("explain", "Explain")


def _button(verb: Verb, label: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": _PREFIX + verb,
        "text": plain(label, limits.SLACK_BUTTON_TEXT),
        "value": verb,
    }


def _silence(about: str) -> dict[str, Any]:
    return {
        "type": "static_select",
        "action_id": f"{_PREFIX}silence",
        "placeholder": plain("Silence…", limits.SLACK_BUTTON_TEXT),
        "options": [
            {"text": plain(words, limits.SLACK_OPTION_TEXT), "value": f"silence-{span}"}
            for span, words in _SPAN_WORDS.items()
        ],
        "confirm": {
            "title": plain("Silence?", limits.SLACK_CONFIRM_TITLE),
            "text": plain(f"Nobody is told of alerts with {about}.", limits.SLACK_CONFIRM_TEXT),
            "confirm": plain("Silence", limits.SLACK_CONFIRM_BUTTON),
            "deny": plain("Cancel", limits.SLACK_CONFIRM_BUTTON),
        },
    }


def sealed(blocks: Sequence[dict[str, Any]], thread: str, key: bytes | None, expires_s: int) -> list[dict[str, Any]]:
    """The blocks with their controls signed; without a key the controls are left out, for nobody would hear of clicks.

    Args:
        blocks: as rendered.
        thread: the message's.
        key: of the state folder.
        expires_s: when the controls stop working.
    """
    done = []
    for block in blocks:
        if block["type"] != "actions":
            done.append(block)
            continue
        elements = [_sealed(element, thread, key, expires_s) for element in block["elements"]]
        kept = [element for element in elements if element is not None]
        if kept:
            done.append({**block, "elements": kept})
    return done


def _sealed(element: dict[str, Any], thread: str, key: bytes | None, expires_s: int) -> dict[str, Any] | None:
    if not element["action_id"].startswith(_PREFIX):
        return element
    if key is None:
        return None
    if element["type"] == "button":
        return {**element, "value": _signed(element["value"], thread, key, expires_s)}
    options = [{**option, "value": _signed(option["value"], thread, key, expires_s)} for option in element["options"]]
    return {**element, "options": options}


def _signed(word: str, thread: str, key: bytes, expires_s: int) -> str:
    verb, _, span = word.partition("-")
    return sign(Wanted(_verb(verb), thread, expires_s, span), key)
