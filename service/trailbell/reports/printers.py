"""Every format of a report that is one text, by name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from trailbell.report import Report

Printer: TypeAlias = Callable[[Report], str]


def _json(report: Report) -> str:
    return json.dumps(report.to_json(), ensure_ascii=False) + "\n"


def _text(report: Report) -> str:
    """As on a terminal of 120 columns, without colours."""
    from rich.console import Console

    from trailbell.cli.table import print_report

    page = io.StringIO()
    print_report(Console(file=page, width=120, highlight=False, markup=False, emoji=False), report)
    return "\n".join(line.rstrip() for line in page.getvalue().split("\n"))


def _markdown(report: Report) -> str:
    from .markdown import as_markdown

    return as_markdown(report)


def _junit(report: Report) -> str:
    from .junit import as_junit

    return as_junit(report)


def _sarif(report: Report) -> str:
    from .sarif import as_sarif

    return as_sarif(report)


def _github(report: Report) -> str:
    from .github import as_github

    return as_github(report)


def _html(report: Report) -> str:
    from .html.page import as_html

    return as_html(report)


PRINTERS: Final[Mapping[str, Printer]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "junit": _junit,
    "sarif": _sarif,
    "github": _github,
    "html": _html,
}
"""Format -> the report in it, ending in a line feed. What a printer needs is imported when it prints."""
