"""An imported rule as a file of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import yaml

from trailbell_engine.values import Json
from trailbell_rules.document import read_documents
from trailbell_rules.formatting import CannotFormatError, formatted

from .fields import FieldMap
from .unsayable import Unsayable
from .values import Predicate

_LEVELS: Final = {"informational": "info", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}
_LONGEST_ID: Final = 90
_WIDTH: Final = 110
UNTESTED: Final = "# trailbell: ignore[untested] imported from Sigma, whose rules have no tests"


class Written(NamedTuple):
    """A rule that was imported: its id, which is the name of its file, too; where it is from; and its text."""

    id: str
    source: str
    title: str
    text: str


class Names:
    """The ids that were given."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def give(self, title: str) -> str:
        """An id made of a title, other than all before it."""
        plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:_LONGEST_ID].strip("-") or "sigma-rule"
        number, name = 1, plain
        while name in self._given:
            number += 1
            name = f"{plain}-{number}"
        self._given.add(name)
        return name


def write_rule(
    sigma: Mapping[str, Any],
    file: str,
    match: Predicate,
    when: Mapping[str, Any] | None,
    fields: FieldMap,
    names: Names,
) -> Written:
    """The text of a rule in its one form, with what Sigma says of it: title, level, status, author, tags, references.

    Raises:
        Unsayable: if it has no title, or its text would not mean the same again.
    """
    title = sigma.get("title")
    if not isinstance(title, str) or not title.strip():
        raise Unsayable("it has no title")
    level = sigma.get("level", "medium")
    if level not in _LEVELS:
        raise Unsayable(f"its level {level!r} is none that Sigma has")
    rule: dict[str, Any] = {"id": names.give(title), "title": _title(title, when), "severity": _LEVELS[level]}
    if sigma.get("status") == "experimental":
        rule["status"] = "experimental"
    rule["description"] = _description(sigma)
    rule |= {key: found for key in ("references", "tags") if (found := _texts(sigma.get(key)))}
    rule["match"] = match
    if when is not None:
        rule["when"] = dict(when)
    rule["alert"] = {"fields": _shown(sigma, fields)}
    text = f"# From {file.rpartition('/')[2]}, a rule of Sigma.\n{UNTESTED}\n{_yaml(rule)}"
    with suppress(CannotFormatError):  # line breaks of other scripts: the text is right all the same
        text = formatted(text)
    return Written(rule["id"], file, title, text)


def _title(title: str, when: Mapping[str, Any] | None) -> str:
    """The title as a template that says it, and whom it is about where each has alerts of its own."""
    escaped = re.sub(r"\{[{%#]", lambda found: f"{{{{ '{found[0]}' }}}}", " ".join(title.split()))
    by = next(iter(when.values())).get("by") if when else None
    if not by:
        return escaped
    keys = by if isinstance(by, list) else [by]
    return f"{escaped}: {', '.join(f'{{{{ key[{_quoted(key)}] }}}}' for key in keys)}"


def _quoted(key: str) -> str:
    return "'" + key.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _description(sigma: Mapping[str, Any]) -> str:
    origin = f"Sigma rule {sigma['id']}" if sigma.get("id") else "A Sigma rule"
    author = f" by {' '.join(str(sigma['author']).split())}" if sigma.get("author") else ""
    when = (("of", "date"), ("changed", "modified"))
    dates = "".join(f", {word} {sigma[key]}" for word, key in when if sigma.get(key))
    licence = f", licence {sigma['license']}" if sigma.get("license") else ""
    parts = [str(sigma.get("description") or "").strip(), f"{origin}{author}{dates}{licence}."]
    alarms = _texts(sigma.get("falsepositives"))
    if alarms:
        parts.append("Known false alarms:\n" + "\n".join(f"- {' '.join(alarm.split())}" for alarm in alarms))
    return "\n\n".join(filter(None, parts)) + "\n"


def _texts(value: Json) -> list[str]:
    entries = value if isinstance(value, list) else [] if value is None else [value]
    return [str(entry) for entry in dict.fromkeys(entry for entry in entries if isinstance(entry, str) and entry)]


def _shown(sigma: Mapping[str, Any], fields: FieldMap) -> list[str]:
    named = [fields.path(name) for name in _texts(sigma.get("fields"))]
    return named or list(fields.shown)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of PyYAML
        """Whether the value is written out each time it occurs."""
        return True


class _Quoting(_Dumper):
    """Every text in quotes, for those that YAML 1.2 takes for something else."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_STRING, text, style="|" if "\n" in text else None)


def _in_quotes(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_STRING, text, style='"')


_STRING: Final = "tag:yaml.org,2002:str"
_Dumper.add_representer(str, _block)
_Quoting.add_representer(str, _in_quotes)


def _yaml(rule: Mapping[str, Any]) -> str:
    """The rule as YAML 1.2 that reads as the same values: PyYAML writes 1.1, where some texts need no quotes."""
    for dumper in (_Dumper, _Quoting):
        text: str = yaml.dump(
            dict(rule), Dumper=dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=None
        )
        reading = read_documents("imported.yaml", text.encode())
        if reading.documents and reading.documents[0].value == rule:
            return text
    raise Unsayable("its text cannot be written as YAML that means the same")
