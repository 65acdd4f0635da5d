"""AWS CloudTrail as it is delivered: gzipped JSON objects in a bucket, or in a folder that mirrors one.

Source: docs.aws.amazon.com, CloudTrail User Guide, "CloudTrail log file name format": keys are
``AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz``, delivered on
average within 5 minutes of a call; digests are in ``CloudTrail-Digest``, Insights events in ``CloudTrail-Insight``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from trailbell.sources.kinds import SettingsError
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import DAY_US, MINUTE_US, parse_time
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT

from .settings import Standing, described_source, pace, polling

if TYPE_CHECKING:
    from trailbell.sources.objects import ObjectSource

STANDING: Final = Standing(interval_us=MINUTE_US, lateness_us=15 * MINUTE_US, overlap_us=DAY_US)
_STAMP: Final = re.compile(r"_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_")
_DIGEST: Final = re.compile(r"(^|[/_])CloudTrail-Digest([/_]|$)")
_INSIGHT: Final = re.compile(r"(^|[/_])CloudTrail-Insight([/_]|$)")
_EVENTS: Final = (".json.gz", ".json")
SCHEMA: Final = described_source(
    "Files that AWS CloudTrail delivers.",
    {
        "url": (TEXT, "A folder, or an fsspec address.", "s3://acme-trail/AWSLogs/123456789012/CloudTrail"),
        "insights": ({"type": "boolean"}, "Read Insights events, too.", True),
    },
    STANDING,
    required=("url",),
)


def time_of(key: str) -> int | None:
    """When CloudTrail closed the file, by its name; microseconds UTC."""
    stamp = _STAMP.search(key.rpartition("/")[2])
    return parse_time("{}-{}-{}T{}:{}:00Z".format(*stamp.groups())) if stamp else None


def is_wanted(key: str, *, insights: bool = False) -> bool:
    """Whether a folder can hold files with events, or an object is one."""
    if _DIGEST.search(key) or (not insights and _INSIGHT.search(key)):
        return False
    name = key.rpartition("/")[2]
    return not name.startswith(".") and ("." not in name or name.endswith(_EVENTS))


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> ObjectSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    from trailbell.sources.buckets import bucket_at
    from trailbell.sources.objects import ObjectSource

    try:
        bucket = bucket_at(str(settings["url"]))
    except ImportError:
        raise SettingsError(
            "this address needs a package that is not installed", "pip install 'trailbell[s3]'"
        ) from None
    except ValueError as error:
        raise SettingsError(
            f"`url`: {error}", "write a folder, or s3://BUCKET/PREFIX; credentials come from AWS"
        ) from None
    insights = settings.get("insights") is True
    return ObjectSource(
        bucket,
        PRESETS["cloudtrail"],
        polling(settings, STANDING),
        name=name,
        wanted=lambda key: is_wanted(key, insights=insights),
        time_of=time_of,
        pace=pace(once=once).pace,
    )
