"""Says in the log that rules pass over matches because they remember as many keys as they may."""

from __future__ import annotations

import logging
from typing import Final

from trailbell_engine.counted import counted
from trailbell_engine.timestamps import MINUTE_US

from .tally import Tally

log: Final = logging.getLogger("trailbell")

_NAMED: Final = 3


class Crowding:
    """Watches a tally; a flood of keys is a line a minute, not one an event."""

    def __init__(self) -> None:
        self._said = 0
        self._quiet_until_us = 0

    def say(self, tally: Tally, now_us: int) -> None:
        """Log what has been passed over since the last line, unless that was less than a minute ago (wall clock)."""
        new = tally.untracked - self._said
        if not new or now_us < self._quiet_until_us:
            return
        self._said, self._quiet_until_us = tally.untracked, now_us + MINUTE_US
        counts = {rule_id: rule.untracked for rule_id, rule in tally.rules.items() if rule.untracked}
        most = sorted(counts, key=lambda rule_id: (-counts[rule_id], rule_id))
        names = ", ".join(most[:_NAMED]) + (f" and {len(most) - _NAMED} more" if len(most) > _NAMED else "")
        log.warning(
            "not evaluated: %s of new keys: a rule remembers as many keys as it may (%s); see `limits:`",
            counted(new, "match", "matches"),
            names,
        )
