"""The lookups that a template reads from. What else is in a template is for those who render it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from trailbell_engine.path import LOOKUP

_TAG: Final = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_READ: Final = re.compile(
    rf"(?<![\w.]){LOOKUP}\s*(?:\.\s*|\[\s*['\"])(?P<name>[A-Za-z0-9_-]+)"  # lookup.people, lookup['people']
    r"|'[^']*'|\"[^\"]*\""  # what a text says is read by nobody
)


class Read(NamedTuple):
    """A lookup's name, and where in the template it stands."""

    name: str
    offset: int


def lookups_read(template: str) -> Iterator[Read]:
    """Every lookup that is named inside the tags of a template, in their order."""
    if LOOKUP not in template:
        return
    for tag in _TAG.finditer(template):
        if tag[0].startswith("{#"):
            continue
        for found in _READ.finditer(tag[0]):
            if found["name"]:
                yield Read(found["name"], tag.start() + found.start("name"))
