"""`trailbell check`, `docs` and `schema` as a shell sees them."""

import json
from pathlib import Path

import pytest

from trailbell.cli.check import command as check
from trailbell.cli.docs import command as docs
from trailbell.cli.exits import Exit, Failure
from trailbell.cli.schema import command as schema

GOOD = "id: a\ntitle: t\nseverity: low\nmatch: {a: 1}\n"


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an empty folder of rules."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def _run(command, *arguments: str) -> int:
    return int(command.main(list(arguments), standalone_mode=False) or 0)


def test_rules_of_the_working_folder_are_the_default(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """Without a path `rules` is read; warnings are told and do not fail."""
    (rules / "a.yaml").write_text(GOOD)
    assert _run(check) == Exit.OK
    assert capsys.readouterr().out.endswith("1 rule, 0 tests, 1 warning in 1 file\n")


def test_sound_rules_end_in_one_line(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """Nothing wrong is said in one line, with the counts."""
    tests = "tests: [{name: y, events: [{a: 1}], alerts: [{}]}, {name: n, events: [{}], alerts: []}]\n"
    (rules / "a.yaml").write_text(GOOD + tests)
    assert _run(check, "--strict") == Exit.OK
    assert capsys.readouterr().out == "1 rule, 2 tests, no problems\n"


def test_errors_are_findings(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """An error exits with 1 and shows its line."""
    (rules / "a.yaml").write_text(GOOD.replace("severity", "severty"))
    assert _run(check) == Exit.FINDINGS
    out = capsys.readouterr().out
    assert 'error[unknown-key]: unknown key "severty"' in out
    assert "\x1b" not in out
    assert out.endswith("0 rules, 0 tests, 1 error in 1 file\n")


def test_strict_takes_warnings_as_findings(rules: Path) -> None:
    """`--strict` is for CI that wants no warnings."""
    (rules / "a.yaml").write_text(GOOD)
    assert _run(check, "--strict") == Exit.FINDINGS


@pytest.mark.parametrize("path", ["nope", "pack:nope"])
def test_a_path_that_is_not_there_is_configuration(rules: Path, path: str) -> None:
    """A missing path is a mistake of the call, told apart from mistakes in rules."""
    with pytest.raises(Failure) as caught:
        _run(check, path)
    assert caught.value.code == Exit.CONFIGURATION
    assert "nope" in caught.value.message


def test_a_list_that_is_not_there_is_a_finding(rules: Path) -> None:
    """A file that a definition names is part of the rules."""
    (rules / "_d.yaml").write_text("lists: {x: {file: nope.txt}}\n")
    assert _run(check) == Exit.FINDINGS


@pytest.mark.parametrize("format_", ["json", "sarif"])
def test_formats_of_json_are_json(rules: Path, capsys: pytest.CaptureFixture, format_: str) -> None:
    """Stdout is one document and nothing else."""
    (rules / "a.yaml").write_text("id: [")
    assert _run(check, "--format", format_) == Exit.FINDINGS
    assert json.loads(capsys.readouterr().out)


def test_several_formats_at_once(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """Each `--output` writes a file while the terminal keeps its text."""
    (rules / "a.yaml").write_text("id: [")
    outputs = [
        part for name in ("text", "json", "sarif", "junit", "github") for part in ("--output", f"{name}={name}.out")
    ]
    assert _run(check, *outputs) == Exit.FINDINGS
    assert capsys.readouterr().out == Path("text.out").read_text()
    assert json.loads(Path("json.out").read_text())["errors"] == 1
    assert json.loads(Path("sarif.out").read_text())["version"] == "2.1.0"
    assert "<failure" in Path("junit.out").read_text()
    assert Path("github.out").read_text().startswith("::error file=rules/a.yaml,line=1")


def test_an_unknown_output_is_usage(rules: Path) -> None:
    """A format that is not known is refused before anything is read."""
    import click

    with pytest.raises(click.BadParameter, match="FORMAT=FILE"):
        _run(check, "--output", "xml=x")


def test_every_code_is_explained(capsys: pytest.CaptureFixture) -> None:
    """`docs` lists the codes, explains one, and knows what was meant."""
    assert _run(docs) == Exit.OK
    codes = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "unknown-key" in codes
    assert _run(docs, "unknown-key") == Exit.OK
    page = capsys.readouterr().out
    assert page.startswith("# unknown-key\n")
    assert 'error[unknown-key]: unknown key "severty"' in page
    with pytest.raises(Failure) as caught:
        _run(docs, "unknown-kee")
    assert 'did you mean "unknown-key"?' in caught.value.help


@pytest.mark.parametrize("what", [(), ("rule",), ("definitions",)])
def test_schema_is_printed(capsys: pytest.CaptureFixture, what: tuple) -> None:
    """The schema comes as JSON, that of rules by default."""
    assert _run(schema, *what) == Exit.OK
    assert ("match" in json.loads(capsys.readouterr().out)["properties"]) is (what != ("definitions",))


def test_the_configuration_says_which_rules(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """Without a path its `rules:` are checked, so that definitions made for a pack are known to be used."""
    Path("trailbell.yaml").write_text("rules: [rules/, pack:vonage]\n")
    (rules / "_own.yaml").write_text("lists: {expected-countries: [FR]}\n")
    assert _run(check, "--strict") == Exit.OK
    assert capsys.readouterr().out.endswith(" tests, no problems\n")


def test_a_workflow_gets_a_table(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """For GitHub all problems go into the summary of the step, since only some are shown beside the lines."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (rules / "a.yaml").write_text(GOOD.replace("severity", "severty"))
    assert _run(check, "--format", "github") == Exit.FINDINGS
    assert capsys.readouterr().out.startswith("::error file=")
    assert "`unknown-key`" in (tmp_path / "summary.md").read_text()


def test_what_was_most_likely_meant_is_looked_for(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """Kinds of events and fields are compared with the source's documentation."""
    text = GOOD.replace(
        "match: {a: 1}", "match: {event_type: APP_CRAETE, user_mail: x, context.custom: {exists: true}}"
    )
    (rules / "a.yaml").write_text(text)
    assert _run(check) == Exit.OK
    out = capsys.readouterr().out
    assert 'did you mean "APP_CREATE"?' in out
    assert 'did you mean "user_email"?' in out
    assert "context.custom" not in [line.strip("^ ") for line in out.splitlines()]
    assert out.endswith("3 warnings in 1 file\n")


@pytest.mark.parametrize(
    "match",
    [
        "{event_type: order.placed, user_mail: x}",
        "{event_type: [APP_CREATE, USER_LOGIN], context.anything: {exists: true}}",
        "{event_type: {starts_with: APP_}}",
    ],
)
def test_what_is_not_known_is_not_judged(rules: Path, capsys: pytest.CaptureFixture, match: str) -> None:
    """Other sources, and the part of events that is not documented."""
    (rules / "a.yaml").write_text(GOOD.replace("{a: 1}", match))
    assert _run(check) == Exit.OK
    assert capsys.readouterr().out.endswith("1 warning in 1 file\n")


def test_documented_kinds_of_events_have_documented_names(rules: Path, capsys: pytest.CaptureFixture) -> None:
    """A template is held against the source's documentation also where the rule has no test event yet."""
    title = "'{{ user_emial }} {{ context.voice-type }}'"
    (rules / "a.yaml").write_text(f"id: a\ntitle: {title}\nseverity: low\nmatch: {{event_type: NUMBER_UPDATED}}\n")
    assert _run(check) == Exit.OK
    out = capsys.readouterr().out
    assert "did you mean `user_email`?" in out
    assert "a name with a dash goes in brackets: `context['voice-type']`" in out


MISFITS = """\
receivers: {siem: {webhook: {url: https://siem.example.com/}}}
route: {receiver: siem}
inhibit:
  - source: [rule=a]
    target: [rule=b]
    equal:
      - severity
      - user_email
"""
COUNTING = "when: {count: {at_least: 5, within: 5m, by: user_email}}\n"


def test_what_does_not_fit_the_configuration(rules: Path, trailbell) -> None:
    """An inhibition that could never apply is told by `check`, `doctor` and `run` alike, with its place."""
    Path("trailbell.yaml").write_text(MISFITS)
    (rules / "a.yaml").write_text(GOOD)
    (rules / "b.yaml").write_text(GOOD.replace("id: a", "id: b") + COUNTING)
    words = "inhibit[0]: no alert that `source` takes has a label 'user_email', so nothing could ever be equal"
    code, out, _ = trailbell("check")
    assert (code, f"error[bad-route]: {words}\n  --> trailbell.yaml:8:9" in out) == (Exit.FINDINGS, True)
    assert f"trailbell.yaml:8: {words}" in trailbell("doctor", "--offline")[1]
    code, _, err = trailbell("run", "--once", "--events", "/dev/null")
    assert (code, f"error: trailbell.yaml:8: {words}" in err) == (Exit.CONFIGURATION, True)
    assert trailbell("check", "rules")[0] == Exit.OK  # rules by themselves may be half of what runs
    (rules / "a.yaml").write_text(GOOD + COUNTING)
    assert [trailbell(*line)[0] for line in (("check",), ("run", "--once", "--events", "/dev/null"))] == [0, 0]


def test_rules_about_trailbells_own_sources_count(rules: Path, trailbell) -> None:
    """They run without being named, so an inhibition may be about them."""
    matching = MISFITS.replace("[rule=a]", '[rule=~"trailbell-.*"]').replace("user_email", "x")
    Path("trailbell.yaml").write_text("sources: {files: {paths: [events.ndjson]}}\n" + matching)
    (rules / "b.yaml").write_text(GOOD.replace("id: a", "id: b") + COUNTING)
    said = "no alert that `source` takes has a label 'x'"
    assert said in trailbell("check")[1]
    assert said in trailbell("doctor", "--offline")[1]
    assert said in trailbell("run", "--once")[2]


def test_a_receiver_that_nobody_defined(rules: Path, trailbell) -> None:
    """Its name is shown where the rule or the `fallback` says it."""
    Path("trailbell.yaml").write_text(MISFITS.partition("inhibit")[0])
    (rules / "a.yaml").write_text(GOOD + "notify: [siem, pager]\n")
    code, out, _ = trailbell("check")
    words = "error[bad-route]: a notifies 'pager', and no receiver is called so\n --> rules/a.yaml:5:16"
    assert (code, words in out.replace("   -->", " -->").replace("  -->", " -->")) == (Exit.FINDINGS, True)
    Path("trailbell.yaml").write_text(MISFITS.replace("{siem: {", "{siem: {fallback: seim, ").partition("inhibit")[0])
    for line in (("check",), ("doctor",), ("run", "--events", "/dev/null")):
        code, _, err = trailbell(*line)
        assert code == Exit.CONFIGURATION
        assert "error[bad-route]: the receiver 'siem' has as its fallback 'seim'" in err
        assert "--> trailbell.yaml:1:30" in err


def test_named_rules_are_checked_beside_a_broken_configuration(rules: Path, trailbell) -> None:
    """Of a configuration that nobody asked for nothing is said; if it is named, it must be sound."""
    Path("trailbell.yaml").write_text("reciever: {}\n")
    (rules / "a.yaml").write_text(GOOD + "tests: []\n")
    code, out, err = trailbell("check", "rules")
    assert (code, "reciever" in out + err) == (Exit.OK, False)
    assert trailbell("check", "rules", "--config", "trailbell.yaml")[0] == Exit.CONFIGURATION
    assert trailbell("check")[0] == Exit.CONFIGURATION
