"""Routing and inhibition against the program they come from: Debian's amtool and Alertmanager, over generated trees."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell.alertmanager.importing import from_alertmanager
from trailbell.configuration.policy import read_policy
from trailbell_notifiers.policy.inhibition import Source, inhibiting
from trailbell_notifiers.policy.routing import decide

LONG = bool(os.environ.get("TRAILBELL_LONG"))
RECEIVERS = ("r0", "r1", "r2", "r3")
LABELS = ("severity", "owner", "rule", "x")
VALUES = ("a", "b", "critical", "", "a b")


def _program(name):
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed: apt-get install prometheus-alertmanager")
        pytest.skip(f"{name} is not installed")
    return found


matchers = st.lists(
    st.builds(
        lambda label, operator, value: f"{label}{operator}{json.dumps(value)}",
        st.sampled_from(LABELS),
        st.sampled_from(["=", "!=", "=~", "!~"]),
        st.sampled_from([*VALUES, "a|b", ".*", "crit.*", "[ab]", "a?"]),
    ),
    min_size=1,
    max_size=3,
)
routes = st.recursive(
    st.fixed_dictionaries({"receiver": st.sampled_from(RECEIVERS), "matchers": matchers, "continue": st.booleans()}),
    lambda children: st.fixed_dictionaries(
        {"matchers": matchers, "continue": st.booleans(), "routes": st.lists(children, max_size=3)},
        optional={"receiver": st.sampled_from(RECEIVERS)},
    ),
    max_leaves=12,
)
label_sets = st.dictionaries(st.sampled_from(LABELS), st.sampled_from([value for value in VALUES if value]), max_size=4)


def _ours(config):
    """The policy of an Alertmanager's configuration, carried over."""
    imported = from_alertmanager(config)
    values = yaml.safe_load(yaml.safe_dump(imported.values))
    return read_policy(values, list(values["receivers"]))


def _configuration(children):
    return {
        "route": {"receiver": "r0", "routes": children},
        "receivers": [{"name": name, "webhook_configs": [{"url": "http://127.0.0.1:9/"}]} for name in RECEIVERS],
    }


@settings(max_examples=400 if LONG else 25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(children=st.lists(routes, max_size=4), sets=st.lists(label_sets, min_size=1, max_size=3))
def test_routes_are_amtools(tmp_path, children, sets):
    """The same receivers in the same order, but that each is told once."""
    amtool, config = _program("amtool"), _configuration(children)
    file = tmp_path / "alertmanager.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    route = _ours(config).route
    for labels in sets:
        pairs = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
        done = subprocess.run(
            [amtool, "config", "routes", "test", f"--config.file={file}", *pairs],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        expected = list(dict.fromkeys(done.stdout.strip().split(",")))
        assert [one.receiver for one in decide(route, {name: (value,) for name, value in labels.items()})] == expected


@contextmanager
def _alertmanager(folder, config):
    """A running Alertmanager; its API's address."""
    program = _program("prometheus-alertmanager")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    file = folder / "alertmanager.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    command = [program, f"--config.file={file}", f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--cluster.listen-address="], stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(lambda: urllib.request.urlopen(f"{address}/-/ready", timeout=5).status == 200)
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _wait(holds, patience_s=20.0):
    """Until a condition holds; what is refused in the meantime does not matter."""
    until_s = time.monotonic() + patience_s
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < until_s, "it did not come about in time"
        time.sleep(0.05)


VALUES_OF = {"severity": ("critical", "low", "high"), "owner": ("", "a", "b"), "x": ("", "1")}
ALERTS = [
    {"alertname": f"n{number}", **{name: value for name, value in zip(VALUES_OF, values, strict=True) if value}}
    for number, values in enumerate(itertools.product(*VALUES_OF.values()))
]
"""Every combination of values, and of labels that are missing."""
FIXED = {
    "source_matchers": ['severity="critical"'],
    "target_matchers": ['severity=~"low|critical"'],
    "equal": ["owner", "x"],
}


def _inhibit_rule(dice):
    """A rule as somebody might write it: what keeps quiet, whom, and which labels must be equal."""

    def some(most):
        operators = ["=", "!=", "=~", "!~"]
        return [
            f"{name}{dice.choice(operators)}{json.dumps(dice.choice([*VALUES_OF[name], 'a|b', 'low|critical', '.+']))}"
            for name in dice.sample(sorted(VALUES_OF), dice.randint(1, most))
        ]

    equal = dice.sample(sorted(VALUES_OF), dice.randint(0, 2))
    return {"source_matchers": some(2), "target_matchers": some(2), "equal": equal}


@pytest.mark.parametrize("seed", range(40 if LONG else 5))
def test_inhibition_is_alertmanagers(tmp_path, seed):
    """One to three rules, for every combination of labels, missing ones too: the same alerts are quiet."""
    dice = random.Random(seed)
    rules = [_inhibit_rule(dice) for _ in range(dice.randint(1, 3))] if seed else [FIXED]
    config = _configuration([]) | {"inhibit_rules": rules}
    with _alertmanager(tmp_path, config) as address:
        body = json.dumps([{"labels": labels} for labels in ALERTS]).encode()
        request = urllib.request.Request(f"{address}/api/v2/alerts", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

        def theirs():
            with urllib.request.urlopen(f"{address}/api/v2/alerts", timeout=10) as answer:
                return {entry["labels"]["alertname"]: entry["status"]["state"] for entry in json.load(answer)}

        ours = _quiet(_ours(config), ALERTS)
        assert seed or 0 < len(ours) < len(ALERTS)
        _wait(lambda: len(theirs()) == len(ALERTS) and "unprocessed" not in theirs().values())
        assert {name for name, state in theirs().items() if state == "suppressed"} == ours, rules


def _quiet(policy, alerts):
    sets = {labels["alertname"]: {name: (value,) for name, value in labels.items()} for labels in alerts}
    sources = [
        Source(name, labels, None)
        for name, labels in sets.items()
        if any(one.is_source(labels) for one in policy.inhibitions)
    ]
    return {name for name, labels in sets.items() if inhibiting(policy.inhibitions, sources, name, labels, 0)}
