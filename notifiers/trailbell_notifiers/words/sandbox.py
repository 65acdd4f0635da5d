"""The only place where a template of a rule runs: bounded, without calls, attributes or globals.

Jinja's own sandbox stops attribute escapes but bounds no memory or time (``'x' * 10**9``, ``lipsum(100000)``, nested
loops) and has had escapes of its own (CVE-2016-10745, CVE-2019-10906, CVE-2024-56201, CVE-2025-27516). So a template
may hold only the node types, filters and tests listed here, and its text is never data from an event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NoReturn, cast

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from trailbell_engine.values import Json

from .filters import FILTERS, TESTS
from .work import STEP, charge, metered, weigh

SOURCE_LIMIT: Final = 8 * 1024
"""Characters of a template's source."""
OUTPUT_LIMIT: Final = 64 * 1024
"""Characters a template may write."""
LOOP_LIMIT: Final = 100
"""Turns of a loop; the elements after that are left out."""
DEPTH_LIMIT: Final = 60
"""Nesting of a template's syntax tree."""
LOOPS_NESTED: Final = 2

_ALLOWED: Final = frozenset(
    [
        "Template",
        "Output",
        "TemplateData",
        "If",
        "For",
        "Name",
        "Const",
        "Getattr",
        "Getitem",
        "Slice",
        "Filter",
        "Test",
        "Keyword",
        "CondExpr",
        "And",
        "Or",
        "Not",
        "Compare",
        "Operand",
        "Concat",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "FloorDiv",
        "Mod",
        "Neg",
        "Pos",
        "List",
        "Tuple",
    ]
)
_LOOP_FACTS: Final = frozenset({"index", "index0", "revindex", "first", "last", "length"})
_NUMBER_LIMIT: Final = 10**15


class TemplateError(Exception):
    """A template cannot be read or rendered.

    Attributes:
        message: one sentence.
        line: from 1.
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, line: int = 1, help_: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.help = help_


class Missing(jinja2.Undefined):
    """A field that the event does not have: false, empty, and so is every part of it; printing it fails."""

    __slots__ = ()

    def __str__(self) -> str:
        name = self._undefined_name
        raise jinja2.UndefinedError(f"`{name}` is missing")

    def __getitem__(self, *_: Any) -> Any:  # what Jinja calls its own way is a part of what is missing
        return self

    __hash__ = jinja2.Undefined.__hash__


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002  # Jinja's signature
        charge(STEP * 2)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return weigh(left + right)
        if not all(isinstance(value, int | float) and abs(value) <= _NUMBER_LIMIT for value in (left, right)):
            raise SecurityError(f"`{operator}` takes numbers up to 10^15")
        return self.binop_table[operator](left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in _LOOP_FACTS:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        charge(STEP)
        if isinstance(obj, Missing):
            return obj
        if isinstance(obj, Mapping) and isinstance(argument, str):
            return obj[argument] if argument in obj else self.undefined(name=argument)
        if isinstance(obj, list | str) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(name=str(argument))

    def call(self, *_: Any, **__: Any) -> NoReturn:
        raise SecurityError("templates call nothing")


def show(value: Json) -> str:
    """A value of an event as a reader sees it: strings as they are, all else as JSON.

    Raises:
        TypeError: for what is no JSON value.
        jinja2.UndefinedError: for a missing field.
    """
    if isinstance(value, str | Missing):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _NUMBER_LIMIT:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _bounded(value: Any) -> list[Any]:
    turns = list(islice(value, LOOP_LIMIT))
    charge(len(turns) * STEP)
    return turns


def _shown(value: Json) -> str:
    """What a template prints of a value, its work counted."""
    return show(weigh(value))


def _metered(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose work is counted: of what it is given, and of what it gives."""

    def counted(*values: Any, **named: Any) -> Any:
        for value in (*values, *named.values()):
            weigh(value)
        return weigh(filter_(*values, **named))

    return counted


def _environment() -> _Sandbox:
    sandbox = _Sandbox(undefined=Missing, finalize=_shown, autoescape=False, extensions=[], cache_size=0)
    sandbox.globals.clear()
    sandbox.filters.clear()
    sandbox.filters.update({name: _metered(filter_) for name, filter_ in FILTERS.items()})
    sandbox.filters.update(bounded=_bounded, weighed=weigh)
    sandbox.tests.clear()
    sandbox.tests.update(TESTS)
    return sandbox


_SANDBOX: Final = _environment()


def parse(source: str) -> nodes.Template:
    """The syntax tree of a template that keeps to the rules above.

    Raises:
        TemplateError: at the first thing that is no template or not allowed, with its line.
    """
    if len(source) > SOURCE_LIMIT:
        raise TemplateError(f"the template has {len(source)} characters, at most {SOURCE_LIMIT} are allowed")
    try:
        tree = _SANDBOX.parse(source)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError((error.message or "no template").rstrip("."), error.lineno) from error
    except (RecursionError, MemoryError) as error:
        raise TemplateError("the template is nested too deeply") from error
    _admit(tree)
    return tree


def _admit(tree: nodes.Template) -> None:
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, depth, loops = waiting.pop()
        kind = type(node).__name__
        if kind not in _ALLOWED:
            raise TemplateError(f"{_named(kind)} cannot be used in a template", node.lineno, _help(kind))
        loops += kind == "For"
        if depth > DEPTH_LIMIT or loops > LOOPS_NESTED:
            raise TemplateError("the template is nested too deeply", node.lineno, "loops may be nested twice")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise TemplateError(f"there is no filter `{node.name}`", node.lineno, f"filters are: {', '.join(FILTERS)}")
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            raise TemplateError(f"there is no test `{node.name}`", node.lineno, f"tests are: {', '.join(TESTS)}")
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateError("a recursive loop cannot be used in a template", node.lineno)
        waiting.extend((child, depth + 1, loops) for child in node.iter_child_nodes())


def _named(kind: str) -> str:
    words = {
        "Call": "a call",
        "Macro": "`macro`",
        "Pow": "`**`",
        "Assign": "`set`",
        "AssignBlock": "`set`",
        "Dict": "`{…}`",
    }
    return words.get(kind, f"`{kind.lower()}`")


def _help(kind: str) -> str:
    return "read a field: `{{ user_email }}`, or use a filter: `{{ user_email | upper }}`" if kind == "Call" else ""


def _through(filter_: str, expression: nodes.Expr) -> nodes.Expr:
    """The expression with one of our own filters around it, which no template can name."""
    wrapped = nodes.Filter(expression, filter_, [], [], None, None, lineno=expression.lineno)
    wrapped.set_environment(_SANDBOX)
    return wrapped


@lru_cache(maxsize=1024)
def _compiled(source: str) -> jinja2.Template:
    tree = parse(source)
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _through("bounded", cast("nodes.Expr", loop.iter))
    for comparison in list(tree.find_all(nodes.Compare)):
        comparison.expr = _through("weighed", comparison.expr)
        for operand in comparison.ops:
            operand.expr = _through("weighed", operand.expr)
    for joined in list(tree.find_all(nodes.Concat)):
        joined.nodes = [_through("weighed", part) for part in joined.nodes]
    return _SANDBOX.from_string(tree)


def render_template(source: str, names: Mapping[str, Json]) -> str:
    """The template's text over these names.

    Raises:
        TemplateError: whatever went wrong; nothing else is ever raised.
    """
    try:
        with metered():
            return _limited(_compiled(source).generate(names))
    except TemplateError:
        raise
    except Exception as error:  # a fault in a template must not lose the alert, whatever its type
        raise TemplateError(str(error) or type(error).__name__) from error


def _limited(pieces: Iterator[str]) -> str:
    kept = []
    room = OUTPUT_LIMIT
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TemplateError(f"the template wrote more than {OUTPUT_LIMIT} characters")
        kept.append(piece)
    return "".join(kept)
