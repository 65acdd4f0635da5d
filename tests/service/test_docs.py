"""The documents are true: their rules run, their configurations load, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trailbell.cli.main import COMMANDS
from trailbell.configuration.config import Config, load_config
from trailbell.rule_testing import run_tests
from trailbell_rules.load import load_rules

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for page in ROOT.glob(pattern)
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(language: str) -> list[object]:
    """Every code block of a language, with its page and number."""
    return [
        pytest.param(found[2], id=f"{page.relative_to(ROOT)}:{number}")
        for page in PAGES
        for number, found in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8")), start=1)
        if found[1] == language
    ]


YAML = blocks("yaml")
RULES = [block for block in YAML if block.values[0].startswith("id: ")]
CONFIGURATIONS = [block for block in YAML if re.match(r"# .*trailbell\.yaml\n", block.values[0])]
DEFINITIONS = [
    block
    for block in YAML
    if re.match(r"(# .*_definitions\.yaml\n)?(schedules|lists|predicates|lookups):", block.values[0])
]


@pytest.mark.parametrize("text", RULES)
def test_a_rule_in_the_documents_loads_and_its_tests_pass(text: str, tmp_path: Path) -> None:
    """Whole rules are recognised by their `id:`."""
    (tmp_path / "rule.yaml").write_text(text, encoding="utf-8")
    loaded = load_rules([tmp_path])
    assert loaded.errors == ()
    assert [outcome.to_json() for outcome in run_tests(loaded.rules, loaded.tests) if not outcome.passed] == []


@pytest.mark.parametrize("text", DEFINITIONS)
def test_definitions_in_the_documents_load(text: str, tmp_path: Path) -> None:
    """Beside the Vonage pack, some of whose names they replace. Files that they name are there for them."""
    (tmp_path / "_definitions.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "vips.csv").write_text("msisdn\n447700900001\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("email,team\nada@example.com,platform\n", encoding="utf-8")
    assert load_rules([tmp_path, "pack:vonage"]).errors == ()


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_a_configuration_in_the_documents_loads(text: str, tmp_path: Path) -> None:
    """Configurations are recognised by the file name in their first line."""
    file = tmp_path / "trailbell.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_config(file, {}, secrets=False) != Config(file=file), "it loads, and says something"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    """Files exist, and so do the headings behind `#`."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, (
                target
            )


@pytest.mark.parametrize("text", blocks("console"))
def test_commands_in_the_documents_exist(text: str) -> None:
    """Every `trailbell VERB` is a verb."""
    for verb in re.findall(r"(?:^|&& |/)trailbell ([a-z-]+)", text, re.MULTILINE):
        assert verb in COMMANDS


def test_the_documents_hold_what_is_tested_here() -> None:
    """So that a change of form does not make these tests empty."""
    assert len(RULES) >= 3
    assert len(CONFIGURATIONS) >= 4
    assert len(DEFINITIONS) >= 4


def test_the_map_of_the_architecture_is_true() -> None:
    """Every folder it names is there, and every folder with code is named."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([\w/]+)/` \|", text, re.MULTILINE))
    assert [folder for folder in sorted(named) if not (ROOT / folder).is_dir()] == []
    rooms = [ROOT / room for room in ("engine", "rules", "notifiers", "service")]
    packages = {str(file.parent.relative_to(ROOT)) for room in rooms for file in room.rglob("__init__.py")}
    assert packages - named == set()


def test_files_named_by_the_architecture_exist() -> None:
    """By their own names, or by their path from a room or the root."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [ROOT / room for room in ("engine", "rules", "notifiers", "service")]
    files = [f"/{file.relative_to(ROOT)}" for room in rooms for file in room.rglob("*.py")]
    for name in re.findall(r"`([\w/]+\.py)`", text):
        assert any(file.endswith(f"/{name}") for file in files), name
