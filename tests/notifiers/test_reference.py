"""The reference of receivers says what the schemas say."""

from __future__ import annotations

from pathlib import Path

from trailbell_notifiers.channel import KINDS, maker_of
from trailbell_notifiers.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "receivers.md"


def test_the_page_is_up_to_date():
    """`python -m trailbell_notifiers.reference docs/reference/receivers.md` renews it."""
    assert PAGE.read_text("utf-8") == page()


def test_every_setting_is_described():
    """In words, in the schema itself, from where editors take them too."""
    bare = [
        f"{kind}.{name}"
        for kind in KINDS
        for name, part in maker_of(kind).SCHEMA["properties"].items()
        if not part.get("description")
    ]
    assert bare == []
