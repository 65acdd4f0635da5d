"""Where the fields of Sigma rules lie in events, per source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from trailbell_engine.path import Path, Root

from .unsayable import Unsayable


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """The fields of one source.

    Attributes:
        name: of the map of events, as `--map` takes it.
        logsource: what the rules of the source say in theirs.
        event_type: the field that is the kind of event.
        renamed: fields that Sigma rules call otherwise than the events do; all others are as written.
        shown: what an alert shows of its event.
    """

    name: str
    logsource: Mapping[str, str]
    event_type: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[str, ...] = ()

    def path(self, name: str) -> str:
        """The path of a field, as a rule writes it.

        Raises:
            Unsayable: if no path reaches such a field.
        """
        if name == self.event_type:
            return str(Path(("event_type",), Root.ENVELOPE))
        written = self.renamed.get(name, name)
        segments = written.split(".")
        if not all(segments) or any(mark in written for mark in '[]"'):
            raise Unsayable(f'the field "{name}" has a name that no path can spell with certainty')
        return str(Path(tuple(segments)))

    def covers(self, logsource: Mapping[str, object]) -> bool:
        """Whether rules of this logsource are about the source."""
        said = {key: value for key, value in logsource.items() if key in ("product", "service", "category") and value}
        return bool(said) and all(self.logsource.get(key) == value for key, value in said.items())


MAPS: Final[Mapping[str, FieldMap]] = {
    entry.name: entry
    for entry in (
        FieldMap(
            name="cloudtrail",
            logsource={"product": "aws", "service": "cloudtrail"},
            event_type="eventName",
            shown=("userIdentity.arn", "sourceIPAddress", "awsRegion", "errorCode"),
        ),
        FieldMap(
            name="github",
            logsource={"product": "github", "service": "audit"},
            event_type="action",
            shown=("actor", "actor_ip", "org", "repo"),
        ),
        FieldMap(
            name="okta",
            logsource={"product": "okta", "service": "okta"},
            event_type="eventType",
            renamed={
                "displaymessage": "displayMessage",
                "securitycontext.isproxy": "securityContext.isProxy",
                "outcome.Result": "outcome.result",
            },
            shown=("actor.alternateId", "client.ipAddress", "outcome.result"),
        ),
    )
}
"""Sources whose rules can be imported, by the name of the map of their events."""
