"""Matchers as an Alertmanager reads them, which forgives more than ours: several in one text, and loose backslashes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from trailbell_notifiers.policy.matchers import Matcher, MatcherError, parse_matcher

_FORM: Final = re.compile(
    r'(?P<start>\s*(?:[A-Za-z_][\w.-]*|"(?:[^"\\]|\\.)*")\s*(?:=~|!~|!=|=))\s*(?P<value>.*?)\s*', re.DOTALL
)
_BETWEEN: Final = re.compile(r'(?:[^",\\]|\\.|\\$|"(?:[^"\\]|\\.)*(?:"|$))+', re.DOTALL)
"""What stands between commas, save those inside of quotes; an escaped quote ends none."""
_ESCAPE: Final = re.compile(r'\\(["\\n])')


def split_matchers(text: str) -> Iterator[str]:
    """The matchers of a text, which may hold several between commas, and braces around them."""
    for found in _BETWEEN.finditer(text.strip().removeprefix("{").removesuffix("}")):
        if found[0].strip():
            yield found[0]


def read_matcher(text: str) -> Matcher:
    r"""Read one. A backslash stands for itself, unless ``"``, ``n`` or another follows: ``ip=~"10\.0\..*"`` is usual.

    Raises:
        MatcherError: if it is none, or its pattern is none.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return parse_matcher(text)
    written = found["value"]
    quoted = len(written) > 1 and written.startswith('"') and written.endswith('"')
    inner = written[1:-1] if quoted else written
    if re.sub(r"\\.", "", inner, flags=re.DOTALL).count('"'):
        raise MatcherError(f"{text!r} has a stray quote")
    value = _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], inner)
    return parse_matcher(found["start"] + json.dumps(value))
