"""Checking the templates of a rule when it is loaded, so that no alert has to find out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from jinja2 import nodes

from .namespace import OWN_NAMES
from .sandbox import TemplateError, parse

_TAG: Final = re.compile(r"\{[{%#]")


class TemplateProblem(NamedTuple):
    """One thing to mend in a template. ``line`` and ``column`` count from 1 within the template's own text."""

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
    try:
        tree = parse(source)
    except TemplateError as error:
        return [TemplateProblem(f"{name}: {error.message}", error.line, _tag_column(source, error.line), error.help)]
    if known is None:
        return []
    names = {*known, *OWN_NAMES}
    return [_unknown(source, name, node, dashed, names) for node, dashed in _bare_names(tree) if node.name not in names]


def _unknown(source: str, name: str, node: nodes.Name, dashed: str, names: Collection[str]) -> TemplateProblem:
    if dashed:
        help_ = f"a name with a dash goes in brackets: `{dashed}`"
    else:
        close = difflib.get_close_matches(node.name, sorted(names), 1)
        help_ = f"did you mean `{close[0]}`?" if close else f"if it may be missing: `{{{{ {node.name} or 'unknown' }}}}`"
    column = _name_column(source, node)
    return TemplateProblem(f"{name}: nothing is called `{node.name}`", node.lineno, column, help_)


def _bare_names(tree: nodes.Template) -> Iterator[tuple[nodes.Name, str]]:
    """Names that are read without a provision for their absence, each once; with ``a['b-c']`` if it reads like ``a.b-c``."""
    seen: set[str] = set()
    waiting: list[tuple[nodes.Node, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        node, bound = waiting.pop(0)
        if isinstance(node, nodes.For):
            waiting.append((node.iter, bound))
            bound |= {target.name for target in node.target.find_all(nodes.Name)} | _names(node.target) | {"loop"}
            waiting.extend((child, bound) for child in (*node.body, *node.else_))
            continue
        if isinstance(node, nodes.If | nodes.CondExpr):
            bound |= _every_name(node.test)
        if isinstance(node, nodes.Or | nodes.And):
            bound |= _every_name(node.left)
        if isinstance(node, nodes.Test) or (isinstance(node, nodes.Filter) and node.name in ("d", "default") and node.node):
            bound |= _every_name(node.node) if node.node is not None else frozenset()
        if isinstance(node, nodes.Name) and node.name not in bound and node.name not in seen:
            seen.add(node.name)
            yield node, ""
        if isinstance(node, nodes.Sub) and isinstance(node.left, nodes.Getattr) and isinstance(node.right, nodes.Name):
            if node.right.name not in bound and node.right.name not in seen:
                seen.add(node.right.name)
                yield node.right, _dashed(node.left, node.right)
        waiting.extend((child, bound) for child in node.iter_child_nodes())


def _dashed(left: nodes.Getattr, right: nodes.Name) -> str:
    path = [left.attr]
    inner = left.node
    while isinstance(inner, nodes.Getattr):
        path.append(inner.attr)
        inner = inner.node
    base = inner.name if isinstance(inner, nodes.Name) else "event"
    *outer, last = reversed(path)
    return "".join([base, *(f".{segment}" for segment in outer), f"['{last}-{right.name}']"])


def _names(node: nodes.Node) -> frozenset[str]:
    return frozenset({node.name}) if isinstance(node, nodes.Name) else frozenset()


def _every_name(node: nodes.Node) -> frozenset[str]:
    return frozenset(inner.name for inner in node.find_all(nodes.Name)) | _names(node)


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
