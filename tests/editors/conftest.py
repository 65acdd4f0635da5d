"""A real yaml-language-server, as VS Code, Neovim and Helix run it, driven over its standard streams."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from trailbell_rules.schema import definitions_schema, rule_schema

VERSION = "2.0.0"
"""Pinned: what it completes and how it words a problem differ between versions."""
PATIENCE_S = 60
SETTINGS = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False},
        "yamlVersion": "1.2",
    }
}


def _missing(words: str, *, may_skip: bool = False) -> None:
    """Skip, saying why; in continuous integration only a machine without Node may skip."""
    if os.environ.get("CI") == "true" and not may_skip:
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def program() -> list[str]:
    """The command of the server, installed once into the folder of the Python environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        _missing("node is not installed", may_skip=True)
    home = Path(sys.prefix) / f"yaml-language-server-{VERSION}"
    script = home / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if not script.exists():
        if npm is None:
            _missing("npm is not installed")
        staged = home.with_suffix(f".{os.getpid()}")
        wanted = f"yaml-language-server@{VERSION}"
        command = [str(npm), "install", "--no-audit", "--no-fund", "--prefix", str(staged), wanted]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            shutil.rmtree(staged, ignore_errors=True)
            _missing(f"npm could not install {wanted}: {done.stderr.strip()[-300:]}")
        try:
            staged.rename(home)
        except OSError:  # another worker was first
            shutil.rmtree(staged, ignore_errors=True)
    return [str(node), str(script), "--stdio"]


class Editor:
    """The client's side of the Language Server Protocol, as much of it as is needed here."""

    def __init__(self, program: list[str], folder: Path) -> None:
        self.folder = folder
        self._number = 0
        self._answers: dict[int, Queue[Any]] = {}
        self._diagnostics: dict[str, Queue[list[dict[str, Any]]]] = {}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}},
        }
        self.ask("initialize", {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": capabilities})
        self._send("initialized", {})

    def close(self) -> None:
        """End the server."""
        self.ask("shutdown", None)
        self._send("exit", None)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self._process.stdin.close()
        self._process.stdout.close()

    def ask(self, method: str, parameters: Any) -> Any:
        """Send a request and wait for its answer."""
        self._number += 1
        answers = self._answers[self._number] = Queue()
        self._send(method, parameters, id=self._number)
        return answers.get(timeout=PATIENCE_S)

    def open(self, name: str, text: str) -> str:
        """Open a file with this text; the mark ``⎀`` (where the cursor stands) is left out. Returns its URI."""
        uri = (self.folder / name).as_uri()
        self._diagnostics.setdefault(uri, Queue())
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text.replace("⎀", "")}
        self._send("textDocument/didOpen", {"textDocument": document})
        return uri

    def diagnostics(self, name: str, text: str) -> list[tuple[int, str, str]]:
        """Line (from 1), text underlined, and message of each problem."""
        uri = self.open(name, text)
        found = self._diagnostics[uri].get(timeout=PATIENCE_S)
        lines = text.split("\n")
        return [
            (
                problem["range"]["start"]["line"] + 1,
                lines[problem["range"]["start"]["line"]][
                    problem["range"]["start"]["character"] : problem["range"]["end"]["character"]
                ],
                problem["message"],
            )
            for problem in found
        ]

    def completions(self, name: str, text: str) -> dict[str, str]:
        """What is offered at the mark ``⎀``, with its documentation."""
        offered = self.ask("textDocument/completion", self._at(name, text))
        items = offered["items"] if isinstance(offered, dict) else offered
        return {item["label"]: _words(item.get("documentation")) for item in items}

    def hover(self, name: str, text: str) -> str:
        """What is shown for what stands at the mark ``⎀``."""
        shown = self.ask("textDocument/hover", self._at(name, text))
        return _words(shown["contents"]) if shown else ""

    def _at(self, name: str, text: str) -> dict[str, Any]:
        uri = self.open(name, text)
        line = text[: text.index("⎀")].count("\n")
        column = text.index("⎀") - (text.rfind("\n", 0, text.index("⎀")) + 1)
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}

    def _send(self, method: str, parameters: Any, **more: Any) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": parameters, **more})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1]) if header.lower().startswith(b"content-length") else None
            while stream.readline().strip():
                pass
            if length is not None:
                self._take(json.loads(stream.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "workspace/configuration":
            wanted = [SETTINGS.get(item["section"], {}) for item in message["params"]["items"]]
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": wanted})
        elif message.get("method") == "textDocument/publishDiagnostics":
            parameters = message["params"]
            self._diagnostics.setdefault(parameters["uri"], Queue()).put(parameters["diagnostics"])
        elif "method" in message and "id" in message:
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": None})
        elif "id" in message:
            self._answers[message["id"]].put(message.get("result"))


def _words(contents: Any) -> str:
    return contents.get("value", "") if isinstance(contents, dict) else str(contents or "")


@pytest.fixture(scope="module")
def editor(program: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor in a folder with both schemas."""
    folder = tmp_path_factory.mktemp("editor")
    (folder / "rule.json").write_text(json.dumps(rule_schema()))
    (folder / "definitions.json").write_text(json.dumps(definitions_schema()))
    opened = Editor(program, folder)
    yield opened
    opened.close()
