"""The pigeon under trailbell's kit."""

from __future__ import annotations

import json

import pytest

from trailbell.testing.channels import Bench, ChannelConformance, Outcome
from trailbell_notifiers.receipt import Rejected


class TestPigeon(ChannelConformance):
    """Its promises."""

    @pytest.fixture
    def bench(self, tmp_path):
        """A loft in a folder of its own."""
        folder = tmp_path / "yard"
        folder.mkdir()
        loft = folder / "loft.ndjson"

        def letters():
            return [json.loads(line) for line in loft.read_text().splitlines()] if loft.is_file() else []

        return Bench(
            kind="pigeon",
            settings={"loft": str(loft)},
            arrived=letters,
            outcomes=[Outcome("a folder stands where the file should be", loft.mkdir, Rejected)],
            key_of=lambda: [letter["id"] for letter in letters()],
        )
