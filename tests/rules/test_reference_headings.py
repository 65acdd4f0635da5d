"""Every construct of the reference has one heading, and tests that say what stands under it."""

import re
from pathlib import Path

import pytest

from trailbell_engine.conditions import CONDITIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "rule-language.md"
PIPELINE = "tests/engine/pipeline"

TESTS = {
    "Files": ["tests/rules/test_core_schema.py", "tests/rules/test_load.py"],
    "A rule": ["tests/rules/test_build.py", "tests/rules/test_schema.py"],
    "Predicates": ["tests/rules/test_predicates.py", "tests/engine/test_compile_property.py"],
    "Paths": ["tests/engine/test_paths.py"],
    "Arrays": ["tests/engine/operators/test_structure.py"],
    "Negatives": ["tests/engine/operators/test_table.py"],
    "Types": ["tests/engine/operators/test_equality.py", "tests/engine/operators/test_ordering.py"],
    "Operators": ["tests/engine/operators/test_strings.py", "tests/engine/operators/test_networks.py"],
    "Schedules": ["tests/engine/test_schedules.py", "tests/rules/test_schedules.py"],
    "Conditions": [f"{PIPELINE}/test_keys.py", f"{PIPELINE}/test_promises.py"],
    "each": [f"{PIPELINE}/test_each_count.py"],
    "count": [f"{PIPELINE}/test_each_count.py"],
    **{
        name: [f"{PIPELINE}/test_{name}.py"]
        for name in ("distinct", "metric", "ratio", "spike", "absent", "ongoing", "first_seen", "changed", "sequence")
    },
    "impossible_travel": [f"{PIPELINE}/test_impossible_travel.py"],
    "Learning from history": ["tests/service/test_warm_up.py"],
    "Late events": [f"{PIPELINE}/test_nothing_vanishes.py", f"{PIPELINE}/test_event_order.py"],
    "Bounds": [f"{PIPELINE}/test_event_order.py", "tests/rules/test_lint_bounds.py"],
    "Durations": ["tests/rules/test_build.py"],
    "What a person reads": ["tests/service/test_test_command.py"],
    "Suppressing and folding": [f"{PIPELINE}/test_suppress.py"],
    "Status and budget": ["tests/service/dry_run/test_messages.py", "tests/service/dry_run/test_dry_run_command.py"],
    "Tests": ["tests/rules/test_rule_tests.py"],
    "Definitions": ["tests/rules/test_definitions.py"],
    "Lookups": ["tests/rules/test_lookups.py", "tests/rules/test_maxmind.py"],
    "Events and maps": ["tests/engine/test_decode.py"],
    "Determinism": [f"{PIPELINE}/test_promises.py", "tests/service/test_parity.py"],
    "Checking": ["tests/rules/test_lint.py", "tests/service/test_fields_command.py"],
    "Comments that ignore a problem": ["tests/rules/test_lint_ignore.py"],
    "The one form": ["tests/rules/test_formatting.py"],
}
"""Where each heading is tested."""


def _headings() -> list[str]:
    text = re.sub(r"^```.*?^```", "", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#{2,3} (.+)$", text, re.MULTILINE)


def test_every_heading_is_there_once_and_has_tests() -> None:
    """A construct that is added is described once, and named here with what tests it."""
    assert sorted(_headings()) == sorted(TESTS)


def test_every_condition_has_a_heading() -> None:
    """By its name, in the order of the table of conditions."""
    assert [heading for heading in _headings() if heading in CONDITIONS] == list(CONDITIONS)


@pytest.mark.parametrize("file", sorted({file for files in TESTS.values() for file in files}))
def test_the_tests_are_there(file: str) -> None:
    """A file that was moved or emptied tests nothing."""
    assert "def test_" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(#([a-z_-]+)\)", PAGE.read_text(encoding="utf-8")))))
def test_a_link_inside_the_page_arrives(link: str) -> None:
    """Every place that is linked to is a heading."""
    assert link in {heading.lower().replace(" ", "-") for heading in _headings()}
