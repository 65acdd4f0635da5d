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
    "did not find expected node content": ("a value is missing here", "is a bracket or a quotation mark left open?"),
    "did not find expected comment or line break": ("text after `|` or `>`", "begin the text on the next line"),
    "found unexpected ':'": ("a `:` without a space after it", "write `key: value`, or put the text in quotes"),
    "found unknown escape character": ("no such escape in double quotes", "double the backslash, or use single quotes"),
}

_NO_VALUE: Final = "did not find expected node content"
_INCOMPLETE: Final = frozenset(
    {
        "did not find expected ',' or ']'",
        "did not find expected ',' or '}'",
        "found unexpected end of stream",
        "found unexpected document indicator",
    }
)

_UNCLOSED: Final = {
    "while scanning a quoted scalar": "the quotation mark opened here is never closed",
    "while parsing a flow sequence": "the `[` opened here is never closed, or a comma is missing",
    "while parsing a flow mapping": "the `{` opened here is never closed, or a comma is missing",
}


def syntax_problem(source: Source, start: int, end: int, error: yaml.YAMLError) -> Problem:
    """The problem for what libyaml said of the text between two offsets."""
    mark = getattr(error, "problem_mark", None)
    text = source.text[start:end]
    offset = min(mark.index, max(0, len(text.rstrip()) - 1)) if mark is not None else 0
    words = str(getattr(error, "problem", None) or error).partition("\n")[0]
    context = str(getattr(error, "context", None) or "")
    if context in _UNCLOSED and words in _INCOMPLETE:
        offset = error.context_mark.index  # type: ignore[attr-defined]  # every error with a context has it
        code, summary, help_ = "yaml-syntax", _UNCLOSED[context], ""
    else:
        code, summary, help_ = _explained(words, text, offset)
    return Problem(code, "error", summary, source.span(start + offset, start + offset + 1), help_)


def _explained(words: str, text: str, offset: int) -> tuple[str, str, str]:
    """Code, summary and help."""
    at = text[offset : offset + 1]
    if at == "\t":
        return "tab", "a tab cannot indent YAML", "use spaces"
    if at in ("]", "}") and words == _NO_VALUE:
        return "yaml-syntax", f"a `{at}` where a value must stand", _QUOTE
    if words == "found character that cannot start any token":
        return "yaml-syntax", f"no value begins with `{at}`", _QUOTE
    if words == "did not find expected key" and text[:offset].rpartition("\n")[2].strip():
        return "yaml-syntax", f"`{at}` stands after the end of the value", "put the whole value in quotes"
    return "yaml-syntax", *_WORDS.get(words, (words, ""))
