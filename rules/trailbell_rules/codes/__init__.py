"""Every code that a problem can have, declared once: its page, its tests and ``trailbell docs`` are made from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.lint import LINT_CODES

from .definitions import DEFINITIONS
from .outline import OUTLINE
from .places import PLACES
from .predicates import PREDICATES
from .text import TEXT
from .words import WORDS

_ALL: Final = (*TEXT, *OUTLINE, *PREDICATES, *DEFINITIONS, *WORDS, *PLACES, *LINT_CODES)

CODES: Final[Mapping[str, Code]] = {code.name: code for code in sorted(_ALL, key=lambda code: code.name)}
"""All codes by name, in alphabetical order."""
