"""Taste, as far as it can be tested: sizes, words, the map of the house, quick starts, a whole wheel."""

from __future__ import annotations

import ast
import email
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("engine", "rules", "notifiers", "service")
MODULES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
HARD_LIMIT_LINES = 400


def _relative(file):
    return str(file.relative_to(ROOT))


def _texts():
    """Every file of the repository that holds text; what is hidden or made by tools is none of it."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name[0] != "." and name not in ("__pycache__", "dist", "build")]
        for name in names:
            file = Path(folder, name)
            if name[0] != "." and file != Path(__file__):
                try:
                    yield file, file.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_short(room):
    """Nobody has to scroll far: 400 lines are too many, whatever the file is."""
    files = [file for file in (ROOT / room).rglob("*") if file.suffix in (".py", ".yaml", ".jinja", ".html", ".js")]
    lengths = {_relative(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: lines for name, lines in lengths.items() if lines > HARD_LIMIT_LINES} == {}


@pytest.mark.parametrize("file", MODULES, ids=_relative)
def test_a_module_says_what_it_is(file):
    """One sentence at the top, that ends."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    assert re.search(r"[.:!?]", docstring), "a module begins with a sentence about what it is"


def test_the_map_names_every_folder():
    """ARCHITECTURE.md has a line for each top folder and each folder of a package."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([^`]+)/`", text, re.MULTILINE))
    packages = {_relative(file.parent) for file in MODULES}
    plain = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and entry.name[0] != "."} - set(ROOMS)
    assert packages | plain - {"dist", "build"} <= named
    assert [name for name in named if not (ROOT / name).is_dir()] == []


def test_no_path_of_a_machine_is_written_down():
    """What holds on one machine only is no part of the project."""
    machine = re.compile(r"(?<![\w.$}])/(?:home|Users|root|work|tmp|var/folders)/[\w.]")
    found = [(_relative(file), hit[0]) for file, text in _texts() for hit in machine.finditer(text)]
    assert found == []


def test_the_text_speaks_of_the_project_alone():
    """Neither where packages come from nor how the text was made."""
    words = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|(?i:\bsubagents?\b|language model|\bLLM\b)")
    found = [(_relative(file), hit[0]) for file, text in _texts() for hit in words.finditer(text)]
    assert found == []


def test_one_of_a_thing_is_not_told_as_several():
    """What the program prints in transcripts and documents: ``1 rule``, and no s where there is one."""
    several = re.compile(
        r"(?<![\w,.:])1 (?:alert|day|error|event|firing|message|outcome|record|rule|test|value|warning)s\b"
    )
    found = [(_relative(file), hit[0]) for file, text in _texts() for hit in several.finditer(text)]
    assert found == []


def test_every_extra_that_is_named_can_be_installed():
    """`pip install 'trailbell[x]'` with an x that is not declared installs nothing, and says so in passing."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {
        extra
        for _, text in _texts()
        for group in re.findall(r"trailbell\[([a-z0-9,-]+)\]", text)
        for extra in group.split(",")
    }
    assert {"google", "server", "zstd"} <= named <= declared.keys()


@pytest.mark.parametrize("folder", sorted((ROOT / "examples").iterdir()), ids=lambda folder: folder.name)
def test_an_example_is_told_and_run(folder):
    """A README that says what one sees, and one command that shows it."""
    assert (folder / "README.md").is_file()
    assert os.access(folder / "run.sh", os.X_OK)


def _python(*arguments, **keywords):
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **keywords)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["chekc"]])
def test_a_quick_start(arguments):
    """What answers at once loads nothing heavy."""
    script = (
        "import json, sys; from trailbell.cli.main import run; run(sys.argv[1:]); print(json.dumps(list(sys.modules)))"
    )
    done = _python("-c", script, *arguments)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    heavy = {
        "requests",
        "slack_sdk",
        "jinja2",
        "jsonschema",
        "yaml",
        "rich",
        "apsw",
        "re2",
        "holidays",
        "orjson",
        "msgspec",
        "ahocorasick_rs",
        "smtplib",
    }
    assert loaded & heavy == set()


def test_importing_the_api_is_cheap():
    """`import trailbell` by itself does not load what sends and stores."""
    done = _python("-c", "import json, sys, trailbell; print(json.dumps(list(sys.modules)))")
    assert {"requests", "slack_sdk", "jinja2", "apsw", "rich"} & set(json.loads(done.stdout)) == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this tree and unpacked; its folder."""
    missing = [name for name in ("build", "hatchling") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("wheel")
    done = _python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_holds_what_is_no_python(wheel):
    """Rules, starter files, templates and the marks of typing are inside; tests are not."""
    inside = {str(file.relative_to(wheel)) for file in wheel.rglob("*") if file.is_file()}
    source = {
        str(file.relative_to(ROOT / room))
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert source - inside == set()
    for name in ("trailbell", "trailbell_engine", "trailbell_rules", "trailbell_notifiers"):
        assert f"{name}/py.typed" in inside
    assert "trailbell/starter/trailbell.yaml" in inside
    assert any(name.startswith("trailbell_rules/packs/vonage/") for name in inside)
    assert any(name.startswith("trailbell_notifiers/channels/mail/templates/") for name in inside)
    assert {name.partition("/")[0] for name in inside if ".dist-info" not in name} == {
        "trailbell",
        "trailbell_engine",
        "trailbell_rules",
        "trailbell_notifiers",
    }


@pytest.mark.parametrize("arguments", [["check", "pack:vonage"], ["test", "pack:vonage"], ["init", "made"], ["schema"]])
def test_the_wheel_works_by_itself(wheel, tmp_path, arguments):
    """What is installed from it finds its own files."""
    paths = [str(wheel), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    where = "import trailbell, trailbell_rules; print(trailbell.__file__, trailbell_rules.__file__)"
    assert _python("-c", where, cwd=tmp_path, env=environment).stdout.count(str(wheel)) == 2
    done = _python("-m", "trailbell", *arguments, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_description_of_the_package_stands_by_itself(wheel):
    """An index shows the README without files beside it: its links are whole, and lead to what is in the tree."""
    (metadata,) = wheel.glob("*.dist-info/METADATA")
    text = email.message_from_string(metadata.read_text(encoding="utf-8")).get_payload()
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", text)
    assert any(image for image, _ in links)
    home = "https://github.com/trailbell/trailbell/"
    for image, link in links:
        kind, path = re.fullmatch(f"{home}(raw|tree|blob)/main/([^#]+)(?:#.*)?", link).groups()
        there = ROOT / path
        assert kind == ("raw" if image else "tree" if there.is_dir() else "blob")
        assert there.exists()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.sub(f"{home}(raw|tree|blob)/main/", "", text).strip() == readme.strip()


def test_one_place_says_what_the_system_says():
    """``strerror`` may be None, and a message that ends in it would say so: ``system_words`` knows."""
    allowed = {"engine/trailbell_engine/system_errors.py", "notifiers/trailbell_notifiers/transport/http_post.py"}
    assert {_relative(file) for file in MODULES if "strerror" in file.read_text(encoding="utf-8")} == allowed
