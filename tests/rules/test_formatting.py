"""Formatting moves text and changes nothing that it says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_rules.document import read_documents
from trailbell_rules.formatting import SECTIONS, CannotFormatError, formatted
from trailbell_rules.load import PACKS

PACK = sorted(PACKS.rglob("*.yaml"))
RULES = [file for file in PACK if not file.name.startswith("_")]


def _values(text: str) -> list[object]:
    return [document.value for document in read_documents("f", text.encode()).documents]


@pytest.mark.parametrize("file", PACK, ids=lambda file: file.stem)
def test_the_shipped_rules_are_in_form(file: Path) -> None:
    """What comes with the package is what `trailbell fmt` would make of it."""
    text = file.read_text(encoding="utf-8")
    assert formatted(text) == text


MESSY = """\
# yaml-language-server: $schema=x

# What it is about.
match:
    event_type:   # two of them
    - A
    -   B         # the second
    context.x: {in: [1,
                     2]}

    any:
      -   a: 1
          b: >-
              folded
               text

      # before the second
      - c: 'quoted

            text'
title:
  "a title"
tests:
-   name: t
    events:
        # an event
        - {a: 1}
    alerts: []


id: x
# how bad
severity:    low  # quite
when:
# the condition
  count:
       at_least: 5
       within: 1m
# the end
"""

TIDY = """\
# yaml-language-server: $schema=x

# What it is about.
id: x
title:
  "a title"
# how bad
severity:    low  # quite

match:
  event_type:   # two of them
    - A
    - B         # the second
  context.x: {in: [1,
                   2]}

  any:
    - a: 1
      b: >-
        folded
         text

    # before the second
    - c: 'quoted

          text'
when:
  # the condition
  count:
    at_least: 5
    within: 1m

tests:
  - name: t
    events:
      # an event
      - {a: 1}
    alerts: []

# the end
"""


def test_a_messy_rule() -> None:
    """Keys in order, two spaces a level, blank lines between sections, comments where they belong."""
    assert formatted(MESSY) == TIDY
    assert formatted(TIDY) == TIDY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("lists:\n    a: [1]\npredicates:\n    b: {c: 1}\n", "lists:\n  a: [1]\n\npredicates:\n  b: {c: 1}\n"),
        ("id: a\nmatch: {}\n---\n\n\nmatch: {}\nid: b\n", "id: a\n\nmatch: {}\n---\nid: b\n\nmatch: {}\n"),
        ("\ufeffid: a\r\nmatch: {}   \r\n", "id: a\n\nmatch: {}\n"),
        ("id: a\nmatch: {}\ndescription: |+\n  x\n\n", None),
        ("id: a\nmatch: {}\ndescription: |2\n   x\n", "id: a\ndescription: |2\n   x\n\nmatch: {}\n"),
        ("id: a\nmatch: {}\ntitle: |\n      x\n\n        y  \n", "id: a\ntitle: |\n  x\n\n    y  \n\nmatch: {}\n"),
        ("{id: a, match: {}}\n", "{id: a, match: {}}\n"),
        ("- a\n-   - b\n    - c\n", "- a\n- - b\n  - c\n"),
        ("", ""),
        ("# only a comment\n", "# only a comment\n"),
        ("id: a\nmatch: {}\nx-y: 1\ntests: []\n", "id: a\n\nmatch: {}\n\nx-y: 1\n\ntests: []\n"),
    ],
)
def test_forms(before: str, after: str | None) -> None:
    """Definitions, several documents, foreign line ends, texts in block style, flow style, nothing at all."""
    result = formatted(before)
    assert after is None or result == after
    assert _values(result) == _values(before)
    assert formatted(result) == result


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a: \x85 b\n", "%YAML 1.2\n---\na: 1\n", "a: 1\n...\n"])
def test_what_cannot_be_moved_safely_is_refused(text: str) -> None:
    """Errors, and things that hardly anybody writes."""
    with pytest.raises(CannotFormatError):
        formatted(text)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RULES), st.integers(0, 2**32), st.sampled_from([2, 3, 4, 7]), st.booleans())
def test_any_layout_of_a_rule_comes_out_the_same(file: Path, seed: int, indent: int, flow: bool) -> None:
    """Shuffled keys, other indentation, comments and blank lines: same meaning, keys in order, once is enough."""
    dice = random.Random(seed)
    value = read_documents("f", file.read_bytes()).documents[0].value
    keys = list(value)
    dice.shuffle(keys)
    text = yaml.safe_dump(
        {key: value[key] for key in keys},
        sort_keys=False,
        indent=indent,
        default_flow_style=None if flow else False,
        allow_unicode=True,
        width=dice.choice([20, 80, 500]),
    )
    lines = []
    for line in text.split("\n"):
        if line[:1].isalpha() and ":" in line and dice.random() < 0.5:
            lines += ["", f"# about {len(lines)}"]
        lines.append(line)
    text = "\n".join(lines)
    result = formatted(text)
    assert _values(result) == _values(text)
    assert formatted(result) == result
    order = [name for names in SECTIONS for name in names]
    found = [line.partition(":")[0] for line in result.split("\n") if line[:1].isalpha() and ":" in line]
    assert [name for name in order if name in keys] == [name for name in found if name in keys]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:- #\n'\"[]{},|>&*?", max_size=40))
def test_any_text_is_formatted_or_refused(text: str) -> None:
    """Whatever comes out means what went in."""
    try:
        result = formatted(text)
    except CannotFormatError:
        return
    assert _values(result) == _values(text)
    assert formatted(result) == result
