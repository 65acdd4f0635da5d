"""What all vendors' sources have in common below ``sources:``: how far back, how often, how late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from trailbell.audit.retry import RetryPolicy
from trailbell.sources.polling import Pace, Polling
from trailbell_engine.durations import format_duration, parse_duration
from trailbell_engine.timestamps import DAY_US, SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import DURATION, TEXT, described, mapping

URL: Final = TEXT | {"pattern": "^https?://[^/@?#]+", "patternErrorMessage": "an address begins with https://"}
TOKEN: Final = TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds for a vendor unless the settings say otherwise. Microseconds.

    Attributes:
        interval_us: between polls.
        lateness_us: how late events of this vendor come, as it says or as is known of it.
        overlap_us: how far a poll reaches back; None where polls go on from a cursor.
        window_us: the longest window, of polls or of the past.
        kept_us: for so long the vendor keeps events; 0 if that depends or is not known.
    """

    interval_us: int
    lateness_us: int
    overlap_us: int | None = None
    window_us: int = DAY_US
    kept_us: int = 0


class Own(NamedTuple):
    """When a source asks again, and how its requests are tried again: both wait until ``stop`` and no longer."""

    pace: Pace
    retry: RetryPolicy


def described_source(
    description: str,
    own: Mapping[str, tuple[dict[str, Any], str, Any]],
    standing: Standing,
    *,
    required: Sequence[str] = (),
) -> dict[str, Any]:
    """The JSON Schema of a vendor's settings.

    Args:
        description: what it reads.
        own: the vendor's own settings: schema, description, example.
        standing: the vendor's defaults, to name them.
        required: of its own settings.
    """
    common = {
        "since": (DURATION, "How far back the first run looks.", "1d"),
        "poll_every": (DURATION, "How often the API is asked.", format_duration(standing.interval_us)),
        "lateness": (
            DURATION,
            "How late an event may come and still be taken in its order.",
            format_duration(standing.lateness_us),
        ),
    }
    if standing.overlap_us is not None:
        back = format_duration(standing.overlap_us)
        common["overlap"] = (DURATION, "How far each poll reaches back over the one before it.", back)
    schema = mapping({name: described(*entry) for name, entry in {**own, **common}.items()})
    return described(schema | ({"required": list(required)} if required else {}), description)


def polling(settings: Mapping[str, Json], standing: Standing) -> Polling:
    """When and how far back to ask, from settings that are valid against the schema."""

    def given(name: str, default_us: int) -> int:
        value = settings.get(name)
        return default_us if value is None else parse_duration(str(value)) or default_us

    return Polling(
        interval_us=given("poll_every", standing.interval_us),
        overlap_us=given("overlap", standing.overlap_us or SECOND_US),
        lateness_us=given("lateness", standing.lateness_us),
        window_us=standing.window_us,
        first_us=given("since", DAY_US),
        kept_us=standing.kept_us,
    )


def pace(*, once: bool) -> Own:
    """How a source spends its time; with ``once`` it ends when it has caught up."""
    own = Pace(follow=not once)
    return Own(own, RetryPolicy(sleep=own.stopped.wait))
