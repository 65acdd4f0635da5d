"""`trailbell dry-run` as a shell sees it."""

import json
import signal
import subprocess
import sys

import pytest


def test_formats_to_stdout_and_to_files_at_once(trailbell, rule_file, history_file, tmp_path):
    """The table on stdout, and each named format in its file."""
    names = {
        "json": "a.json",
        "markdown": "a.md",
        "junit": "a.xml",
        "sarif": "a.sarif",
        "html": "a.html",
        "text": "a.txt",
    }
    outputs = [part for name, file in names.items() for part in ("-o", f"{name}={tmp_path / file}")]
    code, out, _ = trailbell("dry-run", rule_file(), "-e", history_file, *outputs)
    assert code == 0
    assert out.startswith("dry-run · 2026-11-02")
    assert all((tmp_path / file).stat().st_size > 200 for file in names.values())
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == 1


def test_a_budget_that_is_passed_is_a_finding(trailbell, rule_file, history_file):
    """Exit code 1, and the row says so; without the option it is no matter."""
    command = ("dry-run", rule_file(), "-e", history_file)
    assert trailbell(*command)[0] == 0
    code, out, _ = trailbell(*command, "--max-per-day", "3")
    assert code == 1
    assert "over its budget of 3 a day" in out
    assert trailbell(*command, "--max-per-day", "3000")[0] == 0


def test_the_rules_own_budget_wins(trailbell, rule_file, history_file):
    """`--budget` asks the rules; what a rule says of itself counts, whatever the option for the others says."""
    text = "id: r\ntitle: t\nseverity: low\nmatch: {event_type: USER_PRODUCT_SEARCH}\nbudget: {alerts_per_day: NN}\n"
    strict, lax = (rule_file(text.replace("NN", number), f"{number}.yaml") for number in ("2", "200"))
    assert trailbell("dry-run", strict, "-e", history_file)[0] == 0
    assert trailbell("dry-run", strict, "-e", history_file, "--budget")[0] == 1
    assert trailbell("dry-run", lax, "-e", history_file, "--budget", "--max-per-day", "1")[0] == 0


def test_html_is_a_file(trailbell, rule_file, history_file, tmp_path):
    """`--html FILE` writes the page, funnels included."""
    assert trailbell("dry-run", rule_file(), "-e", history_file, "--html", tmp_path / "r.html")[0] == 0
    assert "Where its events went" in (tmp_path / "r.html").read_text()


def test_a_file_that_cannot_be_written(trailbell, rule_file, history_file, tmp_path):
    """It is a usage error in words."""
    code, _, err = trailbell("dry-run", rule_file(), "-e", history_file, "--html", tmp_path / "no" / "r.html")
    assert code == 2
    assert "cannot write" in err


def test_github_fills_the_steps_summary(trailbell, rule_file, history_file, tmp_path, monkeypatch):
    """Where GitHub names a file for it."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    code, out, _ = trailbell("dry-run", rule_file(), "-e", history_file, "--max-per-day", "3", "--format", "github")
    assert (code, out.startswith("::error file=")) == (1, True)
    assert (tmp_path / "summary.md").read_text().startswith("### Dry-run: ")


def test_the_configuration_says_who_is_told(trailbell, rule_file, history_file, tmp_path, monkeypatch):
    """A configuration in the working folder is previewed, unset secrets or not; a sample is drawn for its receivers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trailbell.yaml").write_text(
        "receivers: {boss: {email: {to: b@example.com, from: t@example.com, host: h, password: '${NOT_SET}'}}}\n"
        "route: {receiver: boss}\n"
    )
    _, out, _ = trailbell("dry-run", rule_file(), "-e", history_file, "--sample", "1")
    assert "62 alerts → 62 e-mails" in out
    assert "→ boss (the top route)" in out
    assert "To: b@example.com" in out


def test_a_broken_configuration_that_nobody_named_is_only_mentioned(
    trailbell, rule_file, history_file, tmp_path, monkeypatch
):
    """The dry-run goes on as one Slack channel; named aloud, the same file is an error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trailbell.yaml").write_text("receivrs: {}\n")
    code, out, err = trailbell("dry-run", rule_file(), "-e", history_file)
    assert (code, "as one Slack channel" in out, "receivers are not previewed" in err) == (0, True, True)
    assert trailbell("dry-run", rule_file(), "-e", history_file, "-c", tmp_path / "trailbell.yaml")[0] == 3


@pytest.mark.parametrize(
    "wrong", [(), ("--since", "3d", "-e", "x"), ("-e", "x", "-o", "yaml=f"), ("-e", "x", "-o", "json")]
)
def test_usage_errors(trailbell, rule_file, wrong):
    """No history, two of them, a format that is none, an output without a file."""
    assert trailbell("dry-run", rule_file(), *wrong)[0] == 2


def test_interrupted_it_prints_what_it_has(rule_file, history):
    """^C ends the reading, not the report: the part that was read is shown, and said to be a part."""
    command = [sys.executable, "-m", "trailbell", "dry-run", str(rule_file()), "-e", "-", "--format", "json"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = "\n".join(map(json.dumps, history)) + "\n"
    # So much is more than every buffer on the way: when it is gone, the command is reading.
    numbered = (f'{{"id": "p{n}", "event_type": "X", "created_at": "2026-11-02T10:00:00Z"}}\n' for n in range(40_000))
    process.stdin.write((lines + "".join(numbered)).encode())
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["interrupted"] is True
    assert 0 < document["events"]["read"] <= len(history) + 40_000
