"""Checking the templates of a rule when it is loaded, so that no alert has to find out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from jinja2 import nodes

from trailbell_engine.conditions import CONDITIONS

from .namespace import OWN_NAMES
from .sandbox import TemplateError, parse

_TAG: Final = re.compile(r"\{[{%#]")
_RESERVED: Final = (
    "and|or|not|is|in|if|else|elif|for|true|false|none|True|False|None|loop|self|super|caller|varargs|kwargs"
)
_PRINTED: Final = re.compile(
    rf"\{{\{{ ?(?!(?:{_RESERVED})\b)([A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z_][A-Za-z0-9_]*){{0,3}} ?\}}\}}"
)
_PLAIN: Final = re.compile(rf"(?:[^{{}}#%\n]|{_PRINTED.pattern})*")
"""A template that does nothing but print fields, as most do."""
_SHORT: Final = 1_000
_FACTS: Final = {
    fact: [name for name, spec in CONDITIONS.items() if fact in spec.facts]
    for fact in sorted({fact for spec in CONDITIONS.values() for fact in spec.facts})
}
"""The conditions that give each fact."""


class TemplateProblem(NamedTuple):
    """One thing to mend in a template. ``line`` and ``column`` count from 1 within the template's own text."""

    code: Literal["bad-template", "unknown-variable"]
    message: str
    line: int
    column: int
    help: str


def check_template(source: str, name: str, known: Collection[str] | None = None) -> list[TemplateProblem]:
    """Everything wrong with a template.

    Args:
        source: the template.
        name: what it is, for the message: ``title``, ``alert.summary``.
        known: top-level field names that events of the rule can have, and the condition's facts. With None, or where
            the template itself provides for a missing field (``or``, ``default``, ``is defined``, an ``if`` that asks),
            unknown names are not reported.
    """
    if _prints_only(source, known):
        return []
    try:
        tree = parse(source)
    except TemplateError as error:
        return [
            TemplateProblem(
                "bad-template", f"{name}: {error.message}", error.line, _tag_column(source, error.line), error.help
            )
        ]
    if known is None:
        return []
    names = {*known, *OWN_NAMES}
    return [_unknown(source, name, node, tree, names) for node in _unprovided(tree) if node.name not in names]


def _prints_only(source: str, known: Collection[str] | None) -> bool:
    """Whether a template surely does nothing but print known fields; for 10,000 rules Jinja2 takes a second."""
    if len(source) > _SHORT or not _PLAIN.fullmatch(source):
        return False
    return known is None or {*_PRINTED.findall(source)} <= {*known, *OWN_NAMES}


def _unknown(source: str, name: str, node: nodes.Name, tree: nodes.Template, names: Collection[str]) -> TemplateProblem:
    close = difflib.get_close_matches(node.name, sorted(names), 1)
    dashed = next((_bracketed(sub) for sub in tree.find_all(nodes.Sub) if sub.right is node), "")
    if dashed:
        help_ = f"a name with a dash goes in brackets: `{dashed}`"
    elif close:
        help_ = f"did you mean `{close[0]}`?"
    elif node.name in _FACTS:
        conditions = " and ".join(f"`{name}`" for name in _FACTS[node.name])
        help_ = f"it is a fact of {conditions}, which this rule does not have"
    else:
        help_ = f"if it may be missing: `{{{{ {node.name} or 'unknown' }}}}`"
    column = _name_column(source, node)
    return TemplateProblem("unknown-variable", f"{name}: nothing is called `{node.name}`", node.lineno, column, help_)


def _unprovided(tree: nodes.Template) -> list[nodes.Name]:
    """Names for whose absence the template makes no provision, each at its first place."""
    provided = {"loop"}
    for node in tree.find_all((nodes.For, nodes.If, nodes.CondExpr, nodes.Or, nodes.And, nodes.Test, nodes.Filter)):
        provided |= _provided(node)
    first: dict[str, nodes.Name] = {}
    for found in tree.find_all(nodes.Name):
        if found.name not in provided:
            first.setdefault(found.name, found)
    return sorted(first.values(), key=lambda found: found.lineno)


def _provided(node: nodes.Node) -> set[str]:
    if isinstance(node, nodes.For):
        return _names(node.target)
    if isinstance(node, nodes.If | nodes.CondExpr):
        return _names(node.test)
    if isinstance(node, nodes.Or | nodes.And):
        return _names(node.left)
    if isinstance(node, nodes.Test) or (isinstance(node, nodes.Filter) and node.name in ("d", "default")):
        return _names(node.node)
    return set()


def _names(node: nodes.Node | None) -> set[str]:
    if node is None:
        return set()
    own = {node.name} if isinstance(node, nodes.Name) else set()
    return own | {inner.name for inner in node.find_all(nodes.Name)}


def _bracketed(sub: nodes.Sub) -> str:
    """``a.b-c`` reads as a subtraction; this is what was meant, ``a['b-c']``; empty if it does not look like that."""
    segments = []
    inner = sub.left
    while isinstance(inner, nodes.Getattr):
        segments.append(inner.attr)
        inner = inner.node
    if not segments or not isinstance(inner, nodes.Name) or not isinstance(sub.right, nodes.Name):
        return ""
    outer = "".join(f".{segment}" for segment in reversed(segments[1:]))
    return f"{inner.name}{outer}['{segments[0]}-{sub.right.name}']"


def _tag_column(source: str, line: int) -> int:
    text = source.splitlines()[line - 1] if 0 < line <= len(source.splitlines()) else ""
    tag = _TAG.search(text)
    return tag.start() + 1 if tag else 1


def _name_column(source: str, node: nodes.Name) -> int:
    lines = source.splitlines()
    text = lines[node.lineno - 1] if node.lineno <= len(lines) else ""
    tag = _TAG.search(text)
    found = re.compile(rf"(?<![\w.]){re.escape(node.name)}\b").search(text, tag.end() if tag else 0)
    return found.start() + 1 if found else 1
