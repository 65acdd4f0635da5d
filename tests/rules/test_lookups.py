"""Lookups of a definitions file: tables from CSV, JSON and plug-ins, and what can be wrong with them."""

import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trailbell_rules import tables
from trailbell_rules.tables import open_table

RULE = (
    "id: a\ntitle: '{{ lookup.people.team }}'\nseverity: low\nmatch: {lookup.people.team: platform}\n"
    "tests: [{name: y, events: [{}], alerts: [{}]}, {name: n, events: [{}], alerts: []}]\n"
)
CSV = "# who is who\nemail,team,floor\nada@example.com, platform,3\nbob@example.com,,4\n7,sales\n"


def _find(file: Path, text: str, value: object, on: str | None = None) -> object:
    file.write_text(text, encoding="utf-8")
    return open_table(file, on).find(value)


@pytest.mark.parametrize(
    ("value", "row"),
    [
        ("ada@example.com", {"email": "ada@example.com", "team": "platform", "floor": "3"}),
        ("bob@example.com", {"email": "bob@example.com", "floor": "4"}),
        (7, {"email": "7", "team": "sales"}),
        ("Ada@example.com", None),
        (None, None),
        (["ada@example.com"], None),
    ],
)
def test_csv(tmp_path: Path, value: object, row: object) -> None:
    """The first column is the key; an empty cell is no value; a number finds the row of its text."""
    assert _find(tmp_path / "people.csv", CSV, value) == row


def test_csv_on_another_column(tmp_path: Path) -> None:
    """Rows without that column have no key, and are left out."""
    assert _find(tmp_path / "people.csv", CSV, "platform", "team") == {
        "email": "ada@example.com",
        "team": "platform",
        "floor": "3",
    }


@pytest.mark.parametrize(
    ("content", "on"),
    [
        ({"7": {"team": "sales", "tags": ["x"]}}, None),
        ([{"id": 7, "team": "sales", "tags": ["x"]}, {"id": None}, {"id": 8}], None),
        ([{"team": "sales", "id": "7", "tags": ["x"]}], "id"),
    ],
)
def test_json(tmp_path: Path, content: object, on: str | None) -> None:
    """An object by key, or an array of objects of which one member is the key; values of any kind."""
    row = _find(tmp_path / "people.json", json.dumps(content), 7, on)
    assert isinstance(row, dict)
    assert {"team": "sales", "tags": ["x"]}.items() <= row.items()


def test_a_lookup_is_part_of_the_rule_set(load: Callable) -> None:
    """Its file is watched, its name is used by paths and templates."""
    loaded = load(
        {
            "_d.yaml": "lookups: {people: {file: data/people.csv, key: user_email}}\n",
            "data/people.csv": CSV,
            "a.yaml": RULE,
        }
    )
    assert loaded.errors == ()
    assert [problem.code for problem in loaded.problems if problem.code == "unused-definition"] == []
    assert loaded.rules.lookups.by_name["people"].table.find("bob@example.com") is not None
    assert "people.csv" in {file.name for file in loaded.files}


def test_a_lookup_that_nothing_uses(load: Callable) -> None:
    """As with every definition; a mention in a template is a use."""
    definitions = "lookups:\n  people: {file: people.csv, key: u}\n  other: {file: people.csv, key: u}\n"
    loaded = load({"_d.yaml": definitions, "people.csv": CSV, "a.yaml": RULE.replace("{lookup.people.team: x}", "{}")})
    assert [
        (problem.code, problem.span.line) for problem in loaded.problems if problem.code == "unused-definition"
    ] == [("unused-definition", 3)]


def test_an_undefined_lookup(load: Callable) -> None:
    """It is named at the path that asks for it, with what was likely meant, in rules and in definitions."""
    loaded = load(
        {
            "_d.yaml": (
                "lookups: {people: {file: people.csv, key: user_email}}\npredicates: {p: {lookup.poeple.team: x}}\n"
            ),
            "people.csv": CSV,
            "a.yaml": RULE.replace("match: {", "match: {use: p, lookup.persons.team: x, "),
        }
    )
    found = [(problem.span.file, problem.span.line, problem.code, problem.label) for problem in loaded.errors]
    assert found == [("_d.yaml", 2, "undefined-name", 'did you mean "people"?')]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("title: '{{ lookup.poeple.team }}'", (2, 19)),
        ("title: \"{{ 'a' ~ lookup['poeple'].team }}\"", (2, 26)),
        ("title: t\nalert:\n  summary: |\n    of\n    {% if lookup.poeple %}x{% endif %}", (6, 18)),
    ],
)
def test_an_undefined_lookup_in_a_template(load: Callable, line: str, place: tuple[int, int]) -> None:
    """It is found where the template names it, as in a path; one that a path names, too, is told once, there."""
    definitions = {"_d.yaml": "lookups: {people: {file: people.csv, key: user_email}}\n", "people.csv": CSV}
    rule = f"id: a\n{line}\nseverity: low\nmatch: {{lookup.people.team: x}}\n"
    (problem,) = load({**definitions, "a.yaml": rule}).errors
    assert (problem.code, problem.summary) == ("undefined-name", 'no lookup is called "poeple"')
    assert (problem.label, problem.span.line, problem.span.column) == ('did you mean "people"?', *place)
    assert "`event.lookup`" in problem.help
    (problem,) = load({**definitions, "a.yaml": rule.replace("lookup.people", "lookup.poeple")}).errors
    assert problem.span.line > place[0]


@pytest.mark.parametrize(
    "title",
    [
        "see lookup.persons",
        "{{ event.lookup.persons }}",
        "{{ 'lookup.persons' }}",
        "{# lookup.persons #}",
        "{{ lookup }}",
    ],
)
def test_what_only_looks_like_a_lookup(load: Callable, title: str) -> None:
    """Text, comments and fields of the event that are called so read from no lookup."""
    loaded = load({"a.yaml": f'id: a\ntitle: "{title}"\nseverity: low\nmatch: {{}}\n'})
    assert loaded.errors == ()


def test_a_set_without_lookups(load: Callable) -> None:
    """A path that begins so is no field; the way out for an event that has one is said."""
    (problem,) = load({"a.yaml": RULE}).errors
    assert problem.summary == 'no lookup is called "people"'
    assert '`"lookup".people`' in problem.help


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("{file: nope.csv, key: u}", "no-such-file", "no file is called nope.csv"),
        ("{file: people.xlsx, key: u}", "bad-lookup", "people.xlsx: no table is read from .xlsx"),
        ("{file: people.csv, key: u, on: mail}", "bad-lookup", 'people.csv: it has no column "mail"'),
        ("{file: empty.csv, key: u}", "bad-lookup", "empty.csv: it is empty"),
        ("{file: latin.csv, key: u}", "bad-lookup", "latin.csv: it is no UTF-8"),
        ("{file: broken.csv, key: u}", "bad-lookup", "broken.csv: it is no CSV"),
        ("{file: broken.json, key: u}", "bad-lookup", "broken.json: it is no JSON"),
        ("{file: scalars.json, key: u}", "bad-lookup", "scalars.json: it is neither an object of objects nor"),
        ("{file: rows.json, key: u, on: nope}", "bad-lookup", 'rows.json: no object has "nope"'),
        ("{file: people.csv, key: lookup.people.team}", "bad-lookup", "the key of a lookup is a field of the event"),
        ("{file: people.csv, key: a..b}", "bad-path", ""),
        ("{file: people.csv}", "missing-key", 'the key "key" is missing in "people"'),
        ("{fiel: people.csv, key: u}", "unknown-key", 'unknown key "fiel"'),
        ("people.csv", "wrong-type", '"people" must be a mapping'),
    ],
)
def test_a_bad_lookup(load: Callable, tmp_path: Path, written: str, code: str, words: str) -> None:
    """One problem, in the definitions; the rules that use it are not to blame."""
    (tmp_path / "latin.csv").write_bytes(b"email\n\xe9\n")
    loaded = load(
        {
            "_d.yaml": f"lookups: {{people: {written}}}\n",
            "people.csv": CSV,
            "people.xlsx": "",
            "empty.csv": "",
            "broken.csv": 'a,b\n"x" y,1\n',
            "broken.json": "{",
            "scalars.json": '{"a": 1}',
            "rows.json": '[{"a": 1}]',
            "a.yaml": RULE,
        }
    )
    assert [(problem.span.file, problem.code) for problem in loaded.errors] == [("_d.yaml", code)]
    assert loaded.errors[0].summary.startswith(words)


def test_a_key_with_several_rows(load: Callable) -> None:
    """A warning, since which of them was meant is not known; the first counts."""
    loaded = load(
        {
            "_d.yaml": "lookups: {people: {file: people.csv, key: user_email}}\n",
            "people.csv": "email,team\na,x\na,y\n",
            "a.yaml": RULE,
        }
    )
    assert [problem.summary for problem in loaded.problems if problem.code == "bad-lookup"] == [
        'people.csv has several rows for "a"; the first counts'
    ]
    assert loaded.rules.lookups.by_name["people"].table.find("a") == {"email": "a", "team": "x"}


def test_the_content_is_no_part_of_the_version(load: Callable) -> None:
    """A table that is exported anew every night does not make rules forget; its digest tells the difference."""
    files = {"_d.yaml": "lookups: {people: {file: people.csv, key: u}}\nlists: {l: {file: l.txt}}\n", "l.txt": "a\n"}
    rule = RULE.replace("match: {", "match: {x: {in: l}, ")
    before = load(files | {"people.csv": CSV, "a.yaml": rule}).rules
    after = load({"people.csv": CSV + "eve,x,1\n", "l.txt": "a\nb\n"}).rules
    assert before["a"].version == after["a"].version
    digests = [rules.lookups.by_name["people"].table.digest for rules in (before, after)]
    assert digests[0] != digests[1]


def test_tables_of_plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point named by a suffix reads files that end so."""
    entry = importlib.metadata.EntryPoint("tsv", "trailbell_rules.tables:read_csv", tables.PLUGINS)
    monkeypatch.setattr(tables, "entry_points", lambda **wanted: [entry] if wanted.get("name", "tsv") == "tsv" else [])
    assert _find(tmp_path / "x.tsv", "a\n1\n", "1") == {"a": "1"}
    with pytest.raises(tables.TableError, match=r"no table is read from \.xyz") as caught:
        open_table(tmp_path / "x.xyz", None)
    assert ".tsv" in caught.value.help


def test_a_maxmind_db_needs_its_reader(tmp_path: Path) -> None:
    """Without the package the problem says what to install; with it, that the file is none."""
    file = tmp_path / "geo.mmdb"
    file.write_bytes(b"no database")
    with pytest.raises(tables.TableError) as caught:
        open_table(file, None)
    assert "trailbell[geo]" in caught.value.help or "no MaxMind DB" in str(caught.value)
    with pytest.raises(tables.TableError, match="keyed by address"):
        open_table(file, "ip")
