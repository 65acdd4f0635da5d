"""Rules from paths, with everything checked that needs more than one room: templates are the notifiers' business."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell_rules.load import Loaded, load_rules


def load(paths: Sequence[str]) -> Loaded:
    """Load rules and check their templates; all problems of all files are in the result."""
    return load_rules(paths)
