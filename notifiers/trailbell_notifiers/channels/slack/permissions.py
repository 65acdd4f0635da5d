"""Who may press which button: everybody in the channel, or those a receiver's ``allow`` names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from .actions import VERBS, Verb

Deed: TypeAlias = Literal["acknowledge", "silence", "explain"]
EVERYBODY: Final = "everybody"
_DEED_OF: Final[Mapping[Verb, Deed]] = {
    "acknowledge": "acknowledge",
    "release": "acknowledge",
    "resolve": "acknowledge",
    "silence": "silence",
    "explain": "explain",
}
_GROUP: Final = re.compile(r"S[A-Z0-9]{2,20}")
_NAMES: Final = {
    "oneOf": [
        {"const": EVERYBODY},
        {
            "type": "array",
            "items": {
                "type": "string",
                "pattern": r"^([UWS][A-Z0-9]{2,20}|[^@\s]+@[^@\s]+)$",
                "patternErrorMessage": "a user id (U…), a user group's id (S…), or an e-mail address",
            },
        },
    ]
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Who may press which button: `everybody`, or a list of user ids, user group ids and e-mail "
    "addresses. `acknowledge` (also taking back and resolving) and `explain` are everybody's, `silence` nobody's.",
    "properties": {
        "acknowledge": _NAMES | {"description": "Say that one looks after it; take that back; say that it is over."},
        "silence": _NAMES | {"description": "Silence its labels for an hour, eight hours or a day."},
        "explain": _NAMES | {"description": "Have the conditions with their values posted into the thread."},
    },
    "additionalProperties": False,
}


class Permissions(NamedTuple):
    """Names by deed; None stands for everybody in the channel."""

    acknowledge: tuple[str, ...] | None = None
    silence: tuple[str, ...] | None = ()
    explain: tuple[str, ...] | None = None

    def names(self, verb: Verb) -> tuple[str, ...] | None:
        """Who may do it."""
        named: tuple[str, ...] | None = getattr(self, _DEED_OF[verb])
        return named

    def verbs(self) -> tuple[Verb, ...]:
        """What somebody at all may do: only those have a button."""
        return tuple(verb for verb in VERBS if self.names(verb) != ())

    def groups(self, verb: Verb) -> list[str]:
        """The user groups whose members may do it."""
        return [name for name in self.names(verb) or () if _GROUP.fullmatch(name)]

    def allow(self, verb: Verb, user_id: str, email: str, groups: Sequence[str]) -> bool:
        """Whether a person may do it.

        Args:
            verb: what.
            user_id: of the person.
            email: as Slack has it; empty if it does not say.
            groups: ids of those of ``groups(verb)`` that the person is in.
        """
        names = self.names(verb)
        if names is None:
            return True
        ids = {user_id, *groups}
        return any(name.casefold() == email.casefold() if "@" in name else name in ids for name in names)


def permissions(settings: Mapping[str, Any]) -> Permissions:
    """Of a receiver's ``allow``, valid against ``SCHEMA``."""
    given = {name: None if value == EVERYBODY else tuple(map(str, value)) for name, value in settings.items()}
    return Permissions(**given)
