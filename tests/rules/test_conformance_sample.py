"""Rules that other people wrote, rewritten in this language, load without an error."""

import os
from pathlib import Path

import pytest

from trailbell_rules.load import load_rules

SAMPLE = os.environ.get("TRAILBELL_CONFORMANCE_RULES", "")


@pytest.mark.skipif(not SAMPLE or not Path(SAMPLE).is_dir(), reason="TRAILBELL_CONFORMANCE_RULES names no folder")
def test_the_conformance_sample_loads() -> None:
    """A hundred rules from real life use the language as it is."""
    loaded = load_rules([SAMPLE])
    assert not loaded.errors
    assert len(loaded.rules) > 100
