"""`trailbell fmt` as a shell sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trailbell.cli.exits import Exit, Failure
from trailbell.cli.fmt import command as fmt

UNTIDY = "title: t\nid: a   # first\nseverity: low\nmatch:\n    a: 1\n"
TIDY = "id: a   # first\ntitle: t\nseverity: low\n\nmatch:\n  a: 1\n"


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one untidy rule and one tidy one."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yaml").write_text(UNTIDY)
    (folder / "b.yaml").write_text(TIDY)
    return folder


def _run(*arguments: str) -> int:
    return int(fmt.main(list(arguments), standalone_mode=False) or 0)


def test_files_are_put_into_form(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """What changed is named; a second run changes nothing."""
    assert _run() == Exit.OK
    assert (rules / "a.yaml").read_text() == TIDY
    assert "changed rules/a.yaml\n1 file changed, 1 in form\n" in capsys.readouterr().out
    assert _run("--check") == Exit.OK
    assert capsys.readouterr().out == "0 files would change, 2 in form\n"


def test_check_writes_nothing(rules: Path) -> None:
    """It is for hooks and CI."""
    assert _run("--check") == Exit.FINDINGS
    assert (rules / "a.yaml").read_text() == UNTIDY


def test_diff_shows_and_writes_nothing(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """A unified difference on stdout."""
    assert _run("--diff", "rules/a.yaml") == Exit.OK
    assert "-    a: 1\n+  a: 1\n" in capsys.readouterr().out
    assert (rules / "a.yaml").read_text() == UNTIDY


def test_files_with_errors_are_left_alone(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """They are named on stderr, the others are put into form, and it is a finding."""
    (rules / "c.yaml").write_text("id: [")
    assert _run() == Exit.FINDINGS
    assert "left as it is: rules/c.yaml: it has errors" in capsys.readouterr().err
    assert (rules / "a.yaml").read_text() == TIDY
    assert (rules / "c.yaml").read_text() == "id: ["


def test_packs_are_not_written_to(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """They belong to the package."""
    Path("trailbell.yaml").write_text("rules: [rules/, pack:vonage]\n")
    assert _run("--check") == Exit.FINDINGS
    assert capsys.readouterr().out.endswith("1 file would change, 1 in form\n")


def test_a_path_that_is_not_there_is_configuration(rules: Path) -> None:
    """As with check."""
    with pytest.raises(Failure) as caught:
        _run("nope")
    assert caught.value.code == Exit.CONFIGURATION
