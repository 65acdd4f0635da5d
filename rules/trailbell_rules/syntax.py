"""libyaml's errors in the words of somebody who writes rules."""

from __future__ import annotations

from typing import Final

import yaml

from .problem import Problem
from .source import Source

_QUOTE: Final = "put the text in quotes"

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "mapping values are not allowed in this context": (
        "a `:` where no key can stand",
        "put a value that contains `: ` in quotes; keys of one mapping begin in one column",
    ),
    "block sequence entries are not allowed in this context": (
        "a `- ` where no list can begin",
        "start the list on a line of its own, or put the text in quotes",
    ),
    "did not find expected key": (
        "this line does not continue the mapping above it",
        "keys of one mapping begin in one column",
    ),
    "could not find expected ':'": ("a key without a `:`", "write `key: value`; check the indentation"),
    "did not find expected '-' indicator": (
        "this line does not continue the list above it",
        "entries begin with `- ` in one column",
    ),
    "did not find expected <document start>": ("text where a new document must begin", "put `---` between two rules"),
    "did not find expected alphabetic or numeric character": ("`*` and `&` begin an alias or an anchor here", _QUOTE),
    "found unknown escape character": ("no such escape in double quotes", "double the backslash, or use single quotes"),
}

_UNCLOSED: Final = {
    "while scanning a quoted scalar": "the quotation mark opened here is never closed",
    "while parsing a flow sequence": "the `[` opened here is never closed, or a comma is missing",
    "while parsing a flow mapping": "the `{` opened here is never closed, or a comma is missing",
}


def syntax_problem(source: Source, base: int, error: yaml.YAMLError) -> Problem:
    """The problem for what libyaml said of the text that begins at offset ``base``."""
    mark = getattr(error, "problem_mark", None)
    offset = base + mark.index if mark is not None else base
    words = str(getattr(error, "problem", None) or error).partition("\n")[0]
    context = str(getattr(error, "context", None) or "")
    at = source.text[offset : offset + 1]
    if at == "\t":
        help_ = "use spaces"
        return Problem("tab", "error", "a tab cannot indent YAML", source.span(offset, offset + 1), help_)
    if context in _UNCLOSED and words not in _WORDS and "escape" not in words:
        opened = base + error.context_mark.index  # type: ignore[attr-defined]  # every error with a context has it
        return Problem("yaml-syntax", "error", _UNCLOSED[context], source.span(opened, opened + 1))
    if words == "found character that cannot start any token":
        return Problem("yaml-syntax", "error", f"no value begins with `{at}`", source.span(offset, offset + 1), _QUOTE)
    summary, help_ = _WORDS.get(words, (words, ""))
    return Problem("yaml-syntax", "error", summary, source.span(offset, offset + 1), help_)
