"""Every transcript beside this file is true."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
UPDATE = bool(os.environ.get("TRAILBELL_UPDATE"))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_a_transcript_is_true(file, play):
    """Commands, what they print and their exit codes are as written; ``TRAILBELL_UPDATE=1`` writes them anew."""
    expected = file.read_text(encoding="utf-8")
    assert expected.startswith("# "), "a transcript begins with a line that says what it is about"
    played = play(expected)
    if UPDATE and played != expected:
        file.write_text(played, encoding="utf-8")
        return
    assert played == expected


def test_there_are_transcripts():
    """So that a moved folder does not pass."""
    assert len(SCRIPTS) >= 20
