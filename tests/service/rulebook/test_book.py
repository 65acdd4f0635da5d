"""A book gives what loading gives, whatever it remembers and wherever it remembers it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell.loading import load
from trailbell.rulebook.book import RuleBook, UnsoundRules
from trailbell.rulebook.cache import RuleCache

RULE = "id: {id}\ntitle: t\nseverity: low\nmatch: {match}\n"


def _told(problems):
    return [(problem.code, problem.span, problem.summary) for problem in problems]


def _edition(book):
    """The edition, or the error."""
    try:
        return book.edition(), None
    except UnsoundRules as error:
        return None, error


def _same(book, paths):
    """What the book says, which must be what loading says: the rules, or the errors; of definitions first of all."""
    loaded = load([str(path) for path in paths])
    edition, error = _edition(book)
    if error is not None:
        first = [one for one in loaded.errors if Path(one.span.file).name.startswith("_")]
        assert _told(error.problems) == _told(first or loaded.errors)
        assert all(one.span.file in error.sources for one in error.problems if Path(one.span.file).is_file())
        return None
    assert loaded.errors == ()
    assert [(rule, rule.version, rule.origin) for rule in edition.rules] == [
        (rule, rule.version, rule.origin) for rule in loaded.rules
    ]
    assert edition.rules.lookups.digests == loaded.rules.lookups.digests
    assert set(edition.files) == set(loaded.files)
    return edition


TEXTS = st.sampled_from(
    [
        None,
        "",
        RULE.format(id="{name}", match="{a: 1}"),
        "# moved\n" + RULE.format(id="{name}", match="{a: 1}"),
        RULE.format(id="{name}", match="{a: {in: vips}}"),
        RULE.format(id="{name}", match="{use: odd}"),
        RULE.format(id="{name}", match="{b: {cidr: 10.0.0.0/8}}"),
        RULE.format(id="{name}", match="{c: {in: [x]}}") + "---\n" + RULE.format(id="{name}-2", match="{d: 2}"),
        RULE.format(id="same", match="{a: 1}"),
        RULE.format(id="{name}", match="{a: {inn: [1]}}"),
        "id: {name}\ntitle: '{{{{ x'\nseverity: low\nmatch: {{}}\n".replace("{{}}", "{}"),
        "id: [",
    ]
)
DEFINITIONS = st.sampled_from(
    [
        None,
        "lists: {vips: [a]}\npredicates: {odd: {a: 1}}\n",
        "lists: {vips: {file: vips.txt}}\npredicates: {odd: {a: {in: vips}}}\n",
        "lists: {vips: {file: vips.txt}, 10.0.0.0/8: [10.1.0.0/16]}\npredicates: {odd: {a: 2}}\n",
        "predicates: {odd: {use: odd}}\n",
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a.yaml", "b.yaml", "sub/c.yml"]), TEXTS),
        st.tuples(st.just("_d.yaml"), DEFINITIONS),
        st.tuples(st.just("vips.txt"), st.sampled_from(["a\n", "b\n", "", None])),
        st.tuples(st.just("new process"), st.none()),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_it_gives_what_loading_gives_after_any_changes(tmp_path, steps):
    """Files are written, cut, moved and removed; now and then a new process comes with nothing but the cache."""
    folder, cache = tmp_path / "rules", RuleCache(tmp_path / "rules.cache")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    book = RuleBook([str(folder)], cache)
    for name, text in steps:
        file = folder / name
        if name == "new process":
            cache.close()
            cache = RuleCache(tmp_path / "rules.cache")
            book = RuleBook([str(folder)], cache)
        elif text is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text.replace("{name}", file.stem))
        _same(book, [folder])
    cache.close()


def test_packs_and_files_named_by_themselves(book, folder):
    """Any kind of path; a file sees the definitions around it, and one's own replace those of a pack."""
    (folder / "a.yaml").write_text(RULE.format(id="a", match="{a: {in: vips}}"))
    (folder / "_d.yaml").write_text("lists: {vips: [a]}\n")
    paths = [folder / "a.yaml", "pack:vonage"]
    for _ in range(2):
        assert len(_same(book(*paths), paths).rules) > 10


@pytest.mark.parametrize("name", ["nowhere", "pack:nothing", "empty"])
def test_paths_without_rules(book, folder, name):
    """The same problems in the same words."""
    (folder / "empty").mkdir()
    path = name if ":" in name else folder / name
    assert _same(book(path), [path]) is None


def test_what_has_not_changed_is_the_same_object(book, folder):
    """Nothing is read again, in this process or in the next one, but what is new."""
    for name in "ab":
        (folder / f"{name}.yaml").write_text(RULE.format(id=name, match="{a: 1}"))
    one = book()
    before = one.edition().rules
    (folder / "b.yaml").write_text(RULE.format(id="b", match="{a: 2}"))
    after = one.edition().rules
    assert after["a"] is before["a"]
    assert after["b"] is not before["b"]


@pytest.fixture
def readings(monkeypatch):
    """The names of the files whose YAML was read."""
    from trailbell.rulebook import reading

    names, read = [], reading.read_documents
    monkeypatch.setattr(
        reading, "read_documents", lambda name, data: (names.append(Path(name).name), read(name, data))[1]
    )
    return names


def test_a_new_process_reads_no_yaml_that_was_read_before(book, folder, readings):
    """Only what has changed; renamed is not changed."""
    for name in "abc":
        (folder / f"{name}.yaml").write_text(RULE.format(id=name, match="{a: 1}"))
    book().edition()
    (folder / "b.yaml").write_text(RULE.format(id="b", match="{a: 2}"))
    (folder / "c.yaml").rename(folder / "d.yaml")
    readings.clear()
    rules = book().edition().rules
    assert readings == ["b.yaml"]
    assert rules["c"].origin.file == str(folder / "d.yaml")


def test_another_definition_makes_those_be_read_that_use_it(book, folder, readings):
    """And no others; the content of a list is nobody's text."""
    (folder / "a.yaml").write_text(RULE.format(id="a", match="{a: 1}"))
    (folder / "b.yaml").write_text(RULE.format(id="b", match="{a: {in: vips}}"))
    (folder / "_d.yaml").write_text("lists: {vips: {file: vips.txt}}\n")
    (folder / "vips.txt").write_text("a\n")
    book().edition()
    readings.clear()
    (folder / "vips.txt").write_text("b\n")
    assert list(book().edition().rules["b"].match.operand) == ["b"]
    assert readings == []
    (folder / "_d.yaml").write_text("lists: {vips: [c]}\n")
    assert book().edition().rules["b"].match.operand == ("c",)
    assert readings == ["b.yaml"]


def test_without_a_cache_nothing_is_written(book, folder, tmp_path):
    """It can be turned off."""
    (folder / "a.yaml").write_text(RULE.format(id="a", match="{a: 1}"))
    book(cached=False).edition()
    assert not (tmp_path / "state").exists()


def test_a_file_that_cannot_be_opened_is_an_error(book, folder, monkeypatch):
    """Its rules are not silently left out."""
    (folder / "a.yaml").write_text(RULE.format(id="a", match="{a: 1}"))
    (folder / "b.yaml").write_text(RULE.format(id="b", match="{a: 1}"))
    opened = os.open

    def refuse(path, *arguments):
        if str(path).endswith("b.yaml"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnsoundRules, match=r"b\.yaml cannot be read: Permission denied"):
        book().edition()
