"""The page of each problem code: what it says, why it hurts, an example with its exact output, and the way out.

``python -m trailbell.problem_pages docs/problems`` writes them all. The outputs are made by running the examples, so a
page never shows what the program does not print.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from trailbell_rules.code import Code, files
from trailbell_rules.codes import CODES
from trailbell_rules.lint import Check, untested
from trailbell_rules.load import load_rules
from trailbell_rules.printers.text import problems_text
from trailbell_rules.printers.visible import visible
from trailbell_rules.problem import Problem
from trailbell_rules.source import Source

from .configuration.config import ConfigError, load_config
from .loading import all_checks

_WIDTH: Final = 120
_CONFIGURATION: Final = "trailbell.yaml"
_GOOD_FILES: Final = {"rules/_shared.yaml": "lists:\n  expected: [GB]\n"}
"""What a command of an example finds in its folder."""


def page(code: Code) -> str:
    """The page of a code, as Markdown."""
    kind = "An error." if code.severity == "error" else "A warning."
    parts = [
        f"# {code.name}",
        _wrapped(f"{kind} {code.summary}"),
        "## Why it hurts",
        _wrapped(code.why),
        "## An example",
        _example(code.bad, "yml"),
        _output(code),
        "## How to mend it",
        _example(code.good, "yaml"),
        "## How to switch it off",
        _switched_off(code),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index() -> str:
    """The list of all codes, as Markdown."""
    words = (
        "Every problem that `trailbell check` tells has a code. `trailbell docs CODE` shows the same page. "
        "Errors keep rules from loading or fail the check; warnings fail it with `--strict` only. "
        "The tests of the rules are left out in the examples."
    )
    rows = [f"| [{code.name}]({code.name}.md) | {code.severity} | {code.summary} |" for code in CODES.values()]
    return (
        "\n".join(["# Problems", "", _wrapped(words), "", "| code | | what it says |", "|---|---|---|", *rows]) + "\n"
    )


def found(
    example: str, *, encoding: str = "utf-8", with_untested: bool = False
) -> tuple[list[Problem], dict[str, Source]]:
    """What is wrong with an example, and its texts by their names. Nothing, for one that is told in words."""
    checks = [check for check in all_checks() if with_untested or check is not untested.CHECK]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in (files(example) or _GOOD_FILES).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(text.encode(encoding))
        problems, sources = _problems(example, root, checks)
        return [_as_if_here(problem, root) for problem in problems], {
            _here(name, root): source for name, source in sources.items()
        }


def _problems(example: str, root: Path, checks: Sequence[Check]) -> tuple[Sequence[Problem], Mapping[str, Source]]:
    if example.startswith("$ "):
        path = example.rsplit(maxsplit=1)[-1]
        loaded = load_rules([path if path.startswith("pack:") else str(root / path)], checks=checks)
        return loaded.problems, loaded.sources
    if (root / _CONFIGURATION).exists():
        try:
            load_config(root / _CONFIGURATION, {})
        except ConfigError as error:
            return error.problems, error.sources
        return (), {}
    if not files(example):
        return (), {}
    loaded = load_rules([root], checks=checks)
    return loaded.problems, loaded.sources


def _as_if_here(problem: Problem, root: Path) -> Problem:
    span = problem.span._replace(file=_here(problem.span.file, root))
    return problem._replace(span=span, summary=_here(problem.summary, root), help=_here(problem.help, root))


def _here(text: str, root: Path) -> str:
    return text.replace(f"{root}/", "")


def _example(example: str, language: str) -> str:
    """Bad examples are fenced as `yml`, good ones as `yaml`: only these are true."""
    if example.startswith("$ "):
        return f"```console\n{example}\n```"
    blocks = [f"```{language}\n{_shown(text).rstrip()}\n```" for text in files(example).values()]
    return "\n\n".join(blocks) or _wrapped(example)


def _shown(text: str) -> str:
    return "\n".join(visible(line) if "\t" not in line else line for line in text.split("\n"))


def _output(code: Code) -> str:
    problems, sources = found(code.bad, encoding=code.encoding, with_untested=code is untested.CODE)
    texts = [text.plain.rstrip() for text in problems_text(problems, sources)]
    return "\n\n".join(["gives", *(f"```text\n{text}\n```" for text in texts)]) if texts else ""


def _switched_off(code: Code) -> str:
    if not code.lint:
        return _wrapped(
            "It cannot be switched off: nothing runs before it is mended."
            if code.severity == "error"
            else "It cannot be switched off."
        )
    words = "A rule says that it is meant so, and why, on the line itself or alone on the line above:"
    return f"{_wrapped(words)}\n\n```yml\n# trailbell: ignore[{code.name}] the reason, which must be given\n```"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def pages() -> dict[str, str]:
    """Every page by its file name, the index included."""
    return {"README.md": index()} | {f"{name}.md": page(code) for name, code in CODES.items()}


def write(folder: Path) -> None:
    """Write all pages, and remove those of codes that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for file in folder.glob("*.md"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
