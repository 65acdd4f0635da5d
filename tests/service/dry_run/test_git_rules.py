"""`--against REF`: the same paths as git has them."""

import subprocess

import pytest

RULE = "id: r\ntitle: t\nseverity: low\nmatch: {event_type: NUMBER_UPDATED, source_country: {not_in: expected}}\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with rules, definitions above them and a list beside them; the working copy is changed since."""
    root = tmp_path / "repo"
    (root / "rules" / "team").mkdir(parents=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def git(*arguments):
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    (root / "rules" / "_lists.yaml").write_text("lists:\n  expected: {file: countries.txt}\n")
    (root / "rules" / "countries.txt").write_text("GB\nIE\n")
    (root / "rules" / "team" / "r.yaml").write_text(RULE)
    git("add", ".")
    git("commit", "-qm", "one")
    git("tag", "v1")
    (root / "rules" / "countries.txt").write_text("GB\n")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def events(tmp_path, record):
    """One event from Ireland."""
    import json

    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps(record(1, source_country="IE")) + "\n")
    return file


@pytest.mark.parametrize("reference", ["main", "v1", "HEAD"])
def test_a_branch_a_tag_and_a_commit_are_compared_with(trailbell, repository, events, reference):
    """The list beside the rules is the old one, too."""
    code, out, _ = trailbell("dry-run", "rules", "-e", events, "--against", reference)
    assert code == 0
    assert "r  0 → 1  (+1 new, 0 same)" in out
    assert "before not matched: source_country IE, in " in out


def test_a_file_sees_the_definitions_above_it(trailbell, repository, events):
    """A single file is compared with the definitions of its folders at that commit."""
    code, out, _ = trailbell("dry-run", "rules/team/r.yaml", "-e", events, "--against", "main")
    assert (code, "+1 new" in out) == (0, True)


def test_a_path_wins_over_a_reference(trailbell, repository, events, tmp_path):
    """What exists is taken as a path: a folder called like a branch is that folder."""
    (repository / "v1").mkdir()
    (repository / "v1" / "r.yaml").write_text(RULE.replace("{not_in: expected}", "IE"))
    code, out, _ = trailbell("dry-run", "rules", "-e", events, "--against", "v1")
    assert (code, "changed, with the same alerts (1)\n  r: " in out) == (0, True)


def test_an_unknown_name_is_a_usage_error(trailbell, repository, events):
    """Neither a path nor a reference; shallow clones are the usual reason."""
    code, _, err = trailbell("dry-run", "rules", "-e", events, "--against", "nope")
    assert code == 2
    assert "'nope' is no file or folder, and no branch, tag or commit" in err
    assert "shallow clone" in err


def test_an_option_is_no_reference(trailbell, repository, events):
    """Nothing that starts with a dash reaches git as an option."""
    code, _, err = trailbell("dry-run", "rules", "-e", events, "--against=--output=x")
    assert (code, "no branch, tag or commit" in err) == (2, True)
    assert not (repository / "x").exists()


def test_rules_that_were_not_there(trailbell, repository, events):
    """A new folder of rules has no earlier version."""
    (repository / "fresh").mkdir()
    (repository / "fresh" / "r.yaml").write_text(RULE.replace("{not_in: expected}", "IE"))
    code, _, err = trailbell("dry-run", "fresh", "-e", events, "--against", "main")
    assert (code, "at 'main' there is no fresh" in err) == (2, True)


def test_outside_a_repository(trailbell, tmp_path, events, monkeypatch):
    """It says to compare with a folder."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "r.yaml").write_text(RULE.replace("{not_in: expected}", "IE"))
    code, _, err = trailbell("dry-run", tmp_path / "r.yaml", "-e", events, "--against", "main")
    assert (code, "is in no git repository" in err) == (2, True)


def test_an_earlier_version_with_errors(trailbell, repository, events):
    """It cannot be run, and its first problem is named."""
    (repository / "old.yaml").write_text("id: r\n")
    code, _, err = trailbell("dry-run", "rules", "-e", events, "--against", "old.yaml")
    assert code == 3
    assert "--against old.yaml: these rules have" in err


def test_an_empty_name_is_a_usage_error(trailbell, repository, events):
    """A variable of a CI that is not set must not compare the rules with themselves and call them the same."""
    code, _, err = trailbell("dry-run", "rules", "-e", events, "--against", "")
    assert (code, "--against is empty" in err) == (2, True)


def test_it_can_be_asked_from_a_hook(trailbell, repository, events, monkeypatch):
    """Git tells its hooks where the repository is, relative to its top, and we ask from the rules' folder."""
    monkeypatch.setenv("GIT_DIR", ".git")
    code, out, _ = trailbell("dry-run", "rules", "-e", events, "--against", "main")
    assert (code, "+1 new" in out) == (0, True)


def test_rules_that_were_broken_are_named_as_the_repository_has_them(trailbell, repository, events):
    """Not by the folder they were unpacked to, which is gone when the message is read."""
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e@example.com"]
    (repository / "rules" / "team" / "bad.yaml").write_text("id: [\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "broken"], check=True)
    (repository / "rules" / "team" / "bad.yaml").unlink()
    code, _, err = trailbell("dry-run", "rules", "-e", events, "--against", "HEAD")
    assert code == 3
    assert "help: HEAD:rules/team/bad.yaml:" in err


def test_a_repository_of_somebody_else_is_told_in_gits_words(trailbell, repository, events, monkeypatch):
    """What a container meets whose checkout belongs to another user: what is wrong, and what to type."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    code, _, err = trailbell("dry-run", "rules", "-e", events, "--against", "main")
    assert code == 2
    assert "detected dubious ownership" in err
    assert "help: git config --global --add safe.directory" in err
