"""Alertmanager's matchers: ``severity="critical"``, ``rule!=x``, ``owner=~"sec|it"``, ``tag!~"test.*"``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

import re2

Labels: TypeAlias = Mapping[str, tuple[str, ...]]
"""Label -> its values. Most have one; ``tag`` has one per tag."""
Operator: TypeAlias = Literal["=", "!=", "=~", "!~"]

_FORM: Final = re.compile(
    r'\s*(?P<label>[A-Za-z_][\w.-]*|"(?:[^"\\]|\\.)*")\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>.*?)\s*', re.DOTALL
)


class MatcherError(ValueError):
    """A text that is no matcher.

    Attributes:
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


class Matcher(NamedTuple):
    """One test of one label. A label that is not there is the empty string, as in Alertmanager."""

    label: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"

    def holds(self, labels: Labels) -> bool:
        """Whether it holds. Any of several values meets ``=`` and ``=~``; ``!=`` and ``!~`` are their negations."""
        values = labels.get(self.label) or ("",)
        if self.operator in ("=", "!="):
            return (self.value in values) is (self.operator == "=")
        pattern = _pattern(self.value)
        return any(pattern.fullmatch(value) is not None for value in values) is (self.operator == "=~")


def parse_matcher(text: str) -> Matcher:
    """Read a matcher as Alertmanager writes it; the value may stand in double quotes. Patterns are RE2 and anchored.

    Raises:
        MatcherError: if it is none, or its pattern is none.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise MatcherError(f"{text!r} is no matcher", 'write `label="value"`, with one of = != =~ !~')
    operator: Operator = found["operator"]  # type: ignore[assignment]  # the form admits these four only
    matcher = Matcher(_unquoted(found["label"], text), operator, _unquoted(found["value"], text))
    if operator in ("=~", "!~"):
        try:
            _pattern(matcher.value)
        except re2.error as error:
            raise MatcherError(f"{matcher.value!r} is no RE2 pattern: {_words(error)}") from error
    return matcher


def _unquoted(text: str, whole: str) -> str:
    if not text.startswith('"'):
        if '"' in text:
            raise MatcherError(f"{whole!r} has a stray quote", "put the whole value in double quotes")
        return text
    try:
        return str(json.loads(text))
    except ValueError as error:
        raise MatcherError(f"{text} is no quoted text", 'escape `"` and `\\` with a backslash') from error


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re2._Regexp[str]:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)
