"""Who somebody in Slack is: name, e-mail address and user groups, as far as the bot may see them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trailbell_notifiers.channels.slack.api import SlackApi
from trailbell_notifiers.receipt import Delivered
from trailbell_notifiers.words.text import fit, one_line

KEPT_S: Final = 300.0
"""For so long an answer is believed: whoever leaves a group may still press its buttons that long."""
_NAME: Final = 60

log = logging.getLogger("trailbell")


class Who(NamedTuple):
    """Somebody who clicked.

    Attributes:
        id: the user's id.
        name: as others see it; people choose it freely.
    """

    id: str
    name: str

    def __str__(self) -> str:
        """For the audit trail: the name, and the id that nobody can choose."""
        return f"{self.name} ({self.id})" if self.name else self.id


def who_of(payload: Mapping[str, Any]) -> Who:
    """Of a click's payload."""
    user = payload["user"]
    return Who(str(user["id"]), fit(one_line(str(user.get("username") or user.get("name") or "")), _NAME))


class People:
    """Asks one workspace, and remembers for a while."""

    def __init__(self, api: SlackApi, now_s: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._now_s = now_s
        self._kept: dict[tuple[str, str], tuple[float, Mapping[str, Any]]] = {}

    def email(self, user_id: str) -> str:
        """The address; empty if Slack does not say (scopes ``users:read`` and ``users:read.email``)."""
        profile = self._ask("users.info", "user", user_id).get("user", {}).get("profile", {})
        return str(profile.get("email") or "")

    def groups(self, user_id: str, groups: Sequence[str]) -> list[str]:
        """Those of the user groups that somebody is in (scope ``usergroups:read``)."""
        return [
            id_ for id_ in groups if user_id in self._ask("usergroups.users.list", "usergroup", id_).get("users", ())
        ]

    def _ask(self, method: str, name: str, value: str) -> Mapping[str, Any]:
        at_s, document = self._kept.get((method, value), (float("-inf"), {}))
        if self._now_s() - at_s < KEPT_S:
            return document
        answer = self._api.call(method, {name: value})
        if not isinstance(answer.receipt, Delivered):
            log.warning("Slack does not say who %s is (%s: %s)", value, method, answer.receipt.reason)
            return {}
        self._kept[method, value] = self._now_s(), answer.document
        return answer.document
