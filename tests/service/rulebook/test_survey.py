"""A look at the files shows every change of them, and nothing else."""

from __future__ import annotations

import os

import pytest

from trailbell.rulebook.differences import differences
from trailbell.rulebook.survey import survey
from trailbell_engine.rule import RuleSet


@pytest.fixture
def tree(folder):
    """Rules, definitions, a list, and what is none of these."""
    (folder / "sub").mkdir()
    for name in ("a.yaml", "sub/b.yml", "_d.yaml", "vips.txt", "notes.md", ".hidden.yaml"):
        (folder / name).write_text("x")
    return folder


def _look(folder):
    return survey([str(folder), "pack:vonage"], [folder / "vips.txt"])


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.yaml").write_text("longer"),
        lambda folder: os.utime(folder / "sub" / "b.yml", ns=(1, 1)),
        lambda folder: (folder / "vips.txt").unlink(),
        lambda folder: (folder / "sub" / "new.yaml").write_text(""),
        lambda folder: (folder / "a.yaml").rename(folder / "z.yaml"),
        lambda folder: (folder / "sub" / "b.yml").replace(folder / "a.yaml"),
    ],
)
def test_every_change_shows(tree, change):
    """Written, touched, removed, added, renamed, replaced."""
    before = _look(tree)
    assert _look(tree) == before
    change(tree)
    assert _look(tree) != before


def test_what_is_not_read_does_not_show(tree):
    """Notes, hidden files, swap files of editors."""
    before = _look(tree)
    (tree / "notes.md").write_text("other")
    (tree / ".a.yaml.swp").write_text("")
    (tree / ".git").mkdir()
    (tree / ".git" / "x.yaml").write_text("")
    assert _look(tree) == before


def test_a_file_named_by_itself_shows_with_the_definitions_around_it(tree):
    """As it is read."""
    before = survey([str(tree / "a.yaml")])
    assert set(before) == {str(tree / "a.yaml"), str(tree / "_d.yaml")}
    (tree / "_d.yaml").unlink()
    assert survey([str(tree / "a.yaml")]) != before


def test_a_path_that_is_gone_is_no_error(tree):
    """The next reading will say it."""
    assert survey([str(tree / "nowhere"), str(tree / "nothing.yaml")]) == {}


def test_differences_in_words(rules):
    """Many of a kind are counted, some are named."""
    rule = "{{id: r{0}, title: {1}, severity: low, match: {{a: {2}}}}}\n---\n".format
    before = rules("".join(rule(number, "t", 1) for number in range(1_010)))
    after = rules("".join(rule(number, "t" if number else "u", 1 + (0 < number < 8)) for number in range(1_009)))
    words = "7 changed (r1, r2, r3, r4, r5, …), 1 in other words (r0), 1 removed (r1009), 1,001 unchanged"
    assert str(differences(before, after)) == words
    assert not differences(before, before)
    assert str(differences(RuleSet(), RuleSet())) == "0 unchanged"
