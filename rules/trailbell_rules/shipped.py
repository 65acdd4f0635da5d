"""What the shipped packs define: names that one's own definitions may replace, whether or not a pack is loaded too."""

from __future__ import annotations

from functools import cache

from .definitions import KINDS, is_definitions_file
from .document import read_documents
from .finding import PACKS


@cache
def shipped_definitions() -> frozenset[tuple[str, str]]:
    """The section and the name of every definition in a pack."""
    files = sorted(file for file in PACKS.rglob("_*.y*ml") if is_definitions_file(file))
    return frozenset(
        (section, name)
        for file in files
        for document in read_documents(str(file), file.read_bytes()).documents
        for section in KINDS
        for name in document.value.get(section) or ()
    )
