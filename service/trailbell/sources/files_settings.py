"""``files:`` below ``sources:``: which log files are followed, as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from trailbell_engine.durations import parse_duration
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import DURATION, TEXT, described, mapping

from .kinds import SettingsError

if TYPE_CHECKING:
    from .base import Source

SCHEMA: Final = described(
    mapping(
        {
            "paths": described(
                {"type": "array", "items": TEXT, "minItems": 1},
                "Files, folders and globs; or `-` alone, for standard input.",
                ["/var/log/app/audit*.log"],
            ),
            "map": described(
                TEXT, "Where the envelope lies: a preset or a file; seen by looking if not given.", "okta"
            ),
            "start": described(
                {"enum": ["beginning", "end"]}, "Whether the first run reads what the files hold already.", "end"
            ),
            "lateness": described(DURATION, "How late an event may come and still be taken in its order.", "10s"),
            "poll_every": described(DURATION, "How often the files are looked at.", "1s"),
        }
    )
    | {"required": ["paths"]},
    "Log files with a JSON object on each line, followed as they grow and rotate.",
)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> Source:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    from .errors import SourceError
    from .following import FollowSource
    from .map_file import load_map
    from .polling import Pace
    from .stdin import StdinSource

    given, paths = settings.get("map"), settings["paths"]
    assert isinstance(paths, list)
    patterns = [str(path) for path in paths]
    try:
        event_map = None if given is None else load_map(str(given))
    except SourceError as error:
        raise SettingsError(error.message, error.help) from error
    lateness_us = _us(settings, "lateness", 0)
    if "-" in patterns:
        if len(patterns) > 1:
            raise SettingsError("`-` is read alone", "make two sources of it, each with a name of its own")
        return StdinSource(event_map, name=name, lateness_us=lateness_us)
    return FollowSource(
        patterns,
        event_map,
        name=name,
        lateness_us=lateness_us,
        interval_us=max(SECOND_US // 10, _us(settings, "poll_every", SECOND_US)),
        from_end=settings.get("start") == "end",
        pace=Pace(follow=not once),
    )


def _us(settings: Mapping[str, Json], name: str, default_us: int) -> int:
    value = settings.get(name)
    return default_us if value is None else parse_duration(str(value)) or default_us
