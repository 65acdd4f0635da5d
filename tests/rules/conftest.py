"""What the tests of rules share: a rule with one part replaced, and short ways to read it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from trailbell_rules.build import Built, build_rule
from trailbell_rules.definitions import Definitions, DefinitionsDocument
from trailbell_rules.document import Document, read_documents
from trailbell_rules.load import Loaded, load_rules
from trailbell_rules.problem import Problem


def _document(text: str) -> Document:
    reading = read_documents("rule.yaml", text.encode())
    assert not reading.problems
    return reading.documents[0]


def _problems(text: str, definitions: str = "") -> list[Problem]:
    """All problems of a file, in the order of the text."""
    reading = read_documents("rule.yaml", text.encode())
    shared = Definitions(
        DefinitionsDocument(document) for document in read_documents("_d.yaml", definitions.encode()).documents
    )
    built = [build_rule(document, shared) for document in reading.documents]
    problems = [*reading.problems, *shared.problems, *(problem for each in built for problem in each.problems)]
    return sorted(problems, key=lambda problem: problem.span)


def _build(text: str, definitions: str = "") -> Built:
    shared = Definitions(
        DefinitionsDocument(document) for document in read_documents("_d.yaml", definitions.encode()).documents
    )
    assert not shared.problems
    return build_rule(_document(text), shared)


def _rule(body: str, definitions: str = "") -> Any:
    """The rule of a body that leaves id, title and severity to the others."""
    text = body if body.startswith("id:") else f"id: a\ntitle: t\nseverity: low\n{body}"
    built = _build(text, definitions)
    assert not built.problems, built.problems
    return built.rule


@pytest.fixture
def document() -> Callable[[str], Document]:
    """Read one sound document."""
    return _document


@pytest.fixture
def problems() -> Callable[..., list[Problem]]:
    """All problems of a text, beside a text of definitions."""
    return _problems


@pytest.fixture
def build() -> Callable[..., Built]:
    """Build one rule, beside a text of definitions."""
    return _build


@pytest.fixture
def rule() -> Callable[..., Any]:
    """The rule of ``match: …``, without problems."""
    return _rule


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loaded]:
    """Write files into an empty working folder and load them, by default all."""

    def load(files: Mapping[str, str], *paths: str) -> Loaded:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return load_rules(paths or ["."])

    return load
