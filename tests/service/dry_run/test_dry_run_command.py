"""`trailbell dry-run` as a shell sees it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

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


def test_explain_says_why_an_alert_of_this_history_fired(trailbell, rule_file, history_file):
    """By id, or the first or last one: the match with the values it read, the condition, the events."""
    _, out, _ = trailbell("dry-run", rule_file(), "-e", history_file, "--format", "json")
    burst = next(alert for alert in json.loads(out)["alerts"] if alert["rule_id"] == "login-burst")
    code, out, _ = trailbell("dry-run", rule_file(), "-e", history_file, "--explain", burst["id"][:10])
    assert code == 0
    assert 'event_type  is "USER_LOGIN"  "USER_LOGIN"' in out
    assert "count at_least 3, within 10m, by user_email" in out
    assert burst["id"] in out
    assert trailbell("dry-run", rule_file(), "-e", history_file, "--explain", "last")[0] == 0
    code, _, err = trailbell("dry-run", rule_file(), "-e", history_file, "--explain", "zzz")
    assert (code, "no alert's id begins with 'zzz'" in err) == (2, True)


def test_why_not_says_what_a_rule_made_of_an_event(trailbell, rule_file, history_file, history):
    """With the window as it was at that moment of the history, whatever came later."""
    first, second, third = [event["id"] for event in history if event["event_type"] == "USER_LOGIN"][:3]
    search = history[0]["id"]

    def ask(event_id, rule="login-burst"):
        code, out, err = trailbell("dry-run", rule_file(), "-e", history_file, "--why-not", rule, event_id)
        return code, out.partition("malformed history")[2], err

    assert "✘ the event does not match" in ask(search)[1]
    assert "2 of 3 in 10m" in ask(second)[1]
    assert "is part of alert" in ask(first)[1]
    assert "it did: the event opened alert" in ask(third)[1]
    code, _, err = ask("no-such-event")
    assert (code, "no event of the history" in err) == (2, True)
    assert ask(first, rule="no-such-rule")[0] == 2


def test_a_lateness_puts_files_in_order(trailbell, rule_file, history, tmp_path, monkeypatch):
    """Without it the report says what it would take; with it nothing is late, and the alerts are those of order."""
    monkeypatch.chdir(tmp_path)
    mixed = [history[1], history[0], *history[2:-3], history[-1], history[-2], history[-3]]
    for name, records in (("sorted", history), ("mixed", mixed)):
        (tmp_path / f"{name}.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))
    _, out, _ = trailbell("dry-run", rule_file(), "-e", "mixed.ndjson")
    assert "mixed.ndjson is not in order of time: `--lateness 30m` puts the events in order, as live" in " ".join(
        out.split()
    )
    alerts = []
    for arguments in (("sorted.ndjson",), ("mixed.ndjson", "--lateness", "30m")):
        _, out, _ = trailbell("dry-run", rule_file(), "--format", "json", "-e", *arguments)
        document = json.loads(out)
        assert document["events"]["late"] == 0
        alerts.append(document["alerts"])
    assert alerts[0] == alerts[1]


def test_a_half_line_at_the_end_is_named(trailbell, rule_file, history, tmp_path, monkeypatch):
    """The file is still being written, or was cut; the report is about the rest, and nothing has failed."""
    monkeypatch.chdir(tmp_path)
    whole = "".join(json.dumps(record) + "\n" for record in history)
    (tmp_path / "half.ndjson").write_text(whole[:-40])
    code, out, _ = trailbell("dry-run", rule_file(), "-e", "half.ndjson")
    assert code == 0
    assert "half.ndjson ends in the middle of a record: it was cut, or is still being written" in " ".join(out.split())


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
    assert "→ boss: opened 2026-11-0" in out
    assert "To: b@example.com" in out


def test_a_sample_is_the_message_that_would_be_sent(trailbell, rule_file, history_file, tmp_path, monkeypatch):
    """Of a group the message of the group, with when it would have come; of an alert that nobody hears of, that."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trailbell.yaml").write_text(
        "receivers: {siem: {webhook: {url: 'https://siem.example.com/'}}}\n"
        "route: {receiver: siem, group_by: [rule], group_wait: 2h}\n"
    )
    text = rule_file().read_text().replace("severity: medium\n", "severity: medium\nstatus: experimental\n")
    _, out, _ = trailbell("dry-run", rule_file(text), "-e", history_file, "--sample", "62")
    assert "→ siem: opened 2026-11-02T12:00:00Z, 2h after it" in out
    assert out.count('"number": 0') >= 4  # five alerts are told by the first message of their group
    assert "→ nobody was told of eve@example.com signed in 3 times" in out


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
    "wrong",
    [
        (),
        ("--since", "3d", "-e", "x"),
        ("-e", "x", "-o", "yaml=f"),
        ("-e", "x", "-o", "json"),
        ("--since", "nonsense"),
        ("--since", "2d", "--until", "3d"),
        ("--source", "vonage"),
        ("--source", "vonage", "-e", "x"),
        ("--since", "3d", "--lateness", "1h"),
        ("--since", "3d", "--jobs", "2"),
        ("-e", "x", "--lateness", "soon"),
    ],
)
def test_usage_errors(trailbell, rule_file, wrong):
    """No history, two of them, a format or time that is none, options that are about something else."""
    code, _, err = trailbell("dry-run", rule_file(), *wrong)
    assert (code, err[:7]) == (2, "error: ")


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


def test_interrupted_processes_leave_a_whole_report(rule_file, history, tmp_path):
    """^C while several processes read: every number still agrees with every other, and no process is left behind."""
    file = tmp_path / "long.ndjson"
    line = json.dumps(history[0] | {"event_type": "NOTHING"})[:-1]
    with file.open("w") as handle:
        for number in range(150_000):
            handle.write(f'{line}, "id": "p{number}", "n": "{"x" * 90}"}}\n')
    command = [sys.executable, "-m", "trailbell", "dry-run", str(rule_file()), "-e", str(file), "--jobs", "2"]
    process = subprocess.Popen(
        [*command, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")

    def read_bytes():
        counters = [Path(f"/proc/{child}/io").read_text() for child in children.read_text().split()]
        return sum(int(text.split()[1]) for text in counters)

    while read_bytes() < 2_000_000:  # the first pieces are being read
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["interrupted"] is True
    assert document["events"]["read"] < 150_000
    for rule in document["rules"]:
        assert rule["alerts"] == sum(rule["timeline"])
    assert b"Traceback" not in err
