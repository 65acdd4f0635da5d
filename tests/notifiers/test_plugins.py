"""Channels of other packages: found by their entry points, checked by their schema, proven by the kit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "channel-plugin"
BROKEN = {
    "raises": "raise RuntimeError('no')",
    "empty": "",
    "text": "SCHEMA = 'text'\nbuild = print",
}


def _installed(folder, name, entry, source=None, group="trailbell.channels"):
    """A package as pip would leave it: its metadata with entry points, and its module if it has one of its own."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")
    if source is not None:
        (folder / f"{name}.py").write_text(source)


def _python(folder, code, *more):
    path = os.pathsep.join([str(folder), str(EXAMPLE / "src")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *more, "-c", code] if code else [sys.executable, *more],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_example_passes_the_kit(tmp_path):
    """Installed beside trailbell, the example's own test is green."""
    _installed(tmp_path, "pigeon_channel_example", "pigeon = pigeon_channel")
    done = _python(tmp_path, "", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, f"{EXAMPLE}")
    assert done.returncode == 0, done.stdout[-3_000:]
    assert "passed" in done.stdout


def test_the_configuration_knows_the_kind(tmp_path):
    """Its settings are checked as ours are: a wrong one is told with its place."""
    _installed(tmp_path, "pigeon_channel_example", "pigeon = pigeon_channel")
    (tmp_path / "rules").mkdir()
    (tmp_path / "trailbell.yaml").write_text("receivers:\n  a: {pigeon: {loft: ./x}}\n  b: {pigeon: {lofft: ./x}}\n")
    code = (
        "from pathlib import Path\nfrom trailbell.configuration.config import ConfigError, load_config\n"
        "try:\n    load_config(Path('trailbell.yaml'), {})\n"
        "except ConfigError as error:\n    print(*(f'{p.span.line} {p.summary}' for p in error.problems), sep='\\n')"
    )
    done = _python(tmp_path, code)
    assert "lofft" in done.stdout, done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith("2 ")]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_named(tmp_path, name):
    """What cannot be imported or used is an error with the package's name, not a traceback."""
    _installed(tmp_path, f"broken_{name}", f"owl = broken_{name}", BROKEN[name])
    code = (
        "from trailbell_notifiers.channel import ChannelError, build_channel\n"
        "try:\n    build_channel({'name': 'x', 'owl': {}})\nexcept ChannelError as error:\n    print(error)"
    )
    done = _python(tmp_path, code)
    assert f"the channel `owl` of broken_{name} " in done.stdout, done.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_of_a_source_is_named(tmp_path, name):
    """As one of a channel is."""
    _installed(tmp_path, f"broken_{name}", f"owl = broken_{name}", BROKEN[name], "trailbell.sources")
    code = (
        "from trailbell.sources.kinds import SettingsError, kinds, maker_of\nprint(kinds()[-1])\n"
        "try:\n    maker_of('owl')\nexcept SettingsError as error:\n    print(error)"
    )
    done = _python(tmp_path, code)
    assert done.stdout.startswith(f"owl\nthe source `owl` of broken_{name} "), done.stderr


def test_our_own_kinds_cannot_be_replaced(tmp_path):
    """A package that offers `slack` is not asked."""
    _installed(tmp_path, "thief", "slack = thief", "SCHEMA = {}\ndef build(name, settings):\n    return 'stolen'\n")
    code = (
        "from trailbell_notifiers.channel import kinds, maker_of\n"
        "print(kinds().count('slack'), maker_of('slack').__name__)"
    )
    assert _python(tmp_path, code).stdout.split() == ["1", "trailbell_notifiers.channels.slack.settings"]


def test_other_packages_are_not_imported_for_nothing(tmp_path):
    """Building a channel of ours imports no plug-in."""
    _installed(tmp_path, "loud", "owl = loud", "print('imported')\nSCHEMA = {}\nbuild = print\n")
    code = (
        "from trailbell_notifiers.channel import build_channel\n"
        "build_channel({'name': 'x', 'webhook': {'url': 'https://example.com/'}})"
    )
    done = _python(tmp_path, code)
    assert (done.stdout, done.stderr) == ("", "")
