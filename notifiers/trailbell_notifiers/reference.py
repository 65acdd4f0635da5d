"""The settings of every channel as a page, from their schemas: ``python -m trailbell_notifiers.reference FILE``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .channel import KINDS, maker_of

_HEAD = """# Receivers: every setting of every channel

Made from the schemas with `python -m trailbell_notifiers.reference`; do not edit by hand. Secrets are best written as
`"${NAME}"`, which is read from the environment variable `NAME` or from the file that `NAME_FILE` names.
"""


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join([_HEAD, *(line for kind in KINDS for line in _section(kind, maker_of(kind).SCHEMA))])


def _section(kind: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"## `{kind}`\n"
    yield f"{schema['description']}\n"
    yield "| setting | value | |"
    yield "|---|---|---|"
    required = schema.get("required", ())
    for name, part in schema["properties"].items():
        must = "**Required.** " if name in required else ""
        yield f"| `{name}` | {_value(part)} | {_cell(must + part.get('description', ''))} |"
    yield ""


def _value(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    kinds = part.get("type", "text")
    words = {"string": "text", "array": "list", "object": "mapping"}
    shown = " or ".join(words.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    low = part.get("minimum", part.get("exclusiveMinimum"))
    if low is not None and "maximum" in part:
        shown += f", {'above ' if 'exclusiveMinimum' in part else ''}{json.dumps(low)} to {json.dumps(part['maximum'])}"
    return shown


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
