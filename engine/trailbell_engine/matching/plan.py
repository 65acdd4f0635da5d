"""Plans: which fields the rules of an event type are anchored on, and one function that reads exactly these.

The function is generated: a plain sequence of ``dict.get`` costs 0.7 of what walking a table of fields does, and an
object that holds several fields is looked up once. ``Plan.source`` shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from trailbell_engine.event import Event
from trailbell_engine.path import Path, Root
from trailbell_engine.readers import reader
from trailbell_engine.values import MISSING

from .field import Field
from .postings import Candidate, Case, cases

_Find: TypeAlias = Callable[[Event], tuple[Case, ...]]


def plans(
    fields: Mapping[Path, Field], reach: Mapping[Path, set[Candidate]], loose: Sequence[Candidate]
) -> tuple[Plan, dict[str, Plan]]:
    """The plan of event types that no rule names, and the plan of each that some rule does.

    Args:
        fields: the indexes.
        reach: the candidates each of them leads to.
        loose: candidates without an anchor, which every event of their types leads to.
    """
    everyone = [*loose, *(candidate for candidates in reach.values() for candidate in candidates)]
    named = {name for candidate in everyone for name in candidate.types or ()}
    types = {path: _types(candidates) for path, candidates in reach.items()}

    def plan(event_type: str | None) -> Plan:
        read = {path: fields[path] for path, names in types.items() if event_type in names or None in names}
        always = [found for found in loose if found.types is None or event_type in found.types]
        return Plan(event_type, read, always)

    return plan(None), {name: plan(name) for name in named}


def _types(candidates: Iterable[Candidate]) -> set[str | None]:
    names: set[str | None] = set()
    for candidate in candidates:
        names.update((None,) if candidate.types is None else candidate.types)
    return names


class Plan:
    """How the candidates for events of one type are found.

    Attributes:
        find: gives the cases for an event; some may come twice.
        is_idle: whether it never gives any, whatever the event holds.
    """

    __slots__ = ("_always", "_event_type", "_fields", "find", "is_idle")

    def __init__(self, event_type: str | None, fields: Mapping[Path, Field], always: Sequence[Candidate]) -> None:
        """Note what to do; the function is generated at the first event.

        Args:
            event_type: the type; None stands for all that are not named.
            fields: the indexes to ask.
            always: candidates that every event of the type leads to.
        """
        self._event_type = event_type
        self._fields = fields
        self._always = always
        self.is_idle = not fields and not always
        self.find: _Find = self._find_first

    def close(self) -> None:
        """Let go of the indexes; nothing will be asked any more."""
        if self.find.__name__ == "find":
            self.find.__globals__.clear()  # which hold the function that holds them
        self._fields, self._always, self.find = {}, (), _nothing

    def _find_first(self, event: Event) -> tuple[Case, ...]:
        names: dict[str, Any] = {"MISSING": MISSING, "TYPE": self._event_type, "ALWAYS": cases(self._always)}
        exec(self.source(names), names)  # noqa: S102 - the source is ours: of rules it has only numbers and quoted names
        self.find = names["find"]
        return self.find(event)

    def source(self, names: dict[str, Any] | None = None) -> str:
        """The text of the function, and in ``names`` what it refers to."""
        names = {} if names is None else names
        tree = _Node()
        lines = ["def find(event):", f" found = {'ALWAYS' if self._always else '()'}"]
        for number, (path, field) in enumerate(self._fields.items()):
            names[f"read{number}"] = reader(path)
            look_up = _LookUp(number, field, self._event_type)
            names |= look_up.names
            if path.root is Root.HERE and path.segments and all(isinstance(name, str) for name in path.segments):
                tree.add(path.segments, look_up)
            else:
                lines += [
                    f" value = read{number}(event.data, event)",
                    *look_up.lines("value", "MISSING", " "),
                ]
        if tree.inner:
            lines += [" here0 = event.data", *tree.lines(0, " ")]
        return "\n".join([*lines, " return found"])


def _nothing(_: Event) -> tuple[Case, ...]:
    return ()


class _Node:
    """An object on the way to fields."""

    def __init__(self) -> None:
        self.inner: dict[str, _Node] = {}
        self.look_up: _LookUp | None = None

    def add(self, names: Sequence[Any], look_up: _LookUp) -> None:
        node = self
        for name in names:
            node = node.inner.setdefault(name, _Node())
        node.look_up = look_up

    def fields(self) -> Iterator[int]:
        """The fields below this object."""
        for node in self.inner.values():
            if node.look_up is not None:
                yield node.look_up.number
            yield from node.fields()

    def lines(self, depth: int, indent: str) -> Iterator[str]:
        """Read the fields below the object in ``here<depth>``, if it is one; through an array the general way."""
        here, below = f"here{depth}", f"here{depth + 1}"
        yield f"{indent}if {here}.__class__ is dict:"
        for name, node in self.inner.items():
            absent = "MISSING" if node.look_up is not None and node.look_up.asks_null else "None"
            yield f"{indent} {below} = {here}.get({name!r}{', MISSING' if absent == 'MISSING' else ''})"
            if node.look_up is not None:
                yield from node.look_up.lines(below, absent, indent + " ")
            if node.inner:
                yield from node.lines(depth + 1, indent + " ")
        yield f"{indent}elif {here}.__class__ is list:"
        for number in self.fields():
            yield f"{indent} value = read{number}(event.data, event)"
            yield f"{indent} if value is not MISSING: found += other{number}(value, TYPE)"


class _LookUp:
    """How one field's value is looked up.

    Attributes:
        number: of the field in the plan; names end with it.
        asks_null: null leads somewhere.
        names: what the lines refer to.
    """

    def __init__(self, number: int, field: Field, event_type: str | None) -> None:
        self.number = number
        self.asks_null = field.asks_null
        self._scans = field.scans
        self._numbers = field.numbers_of(event_type)
        self.names: dict[str, Any] = {f"other{number}": field.of_other}
        self._filter = field.filter_of(event_type) if field.scans else None
        if self._filter is not None:
            self.names |= self._filter.names(str(number))
        if field.scans:
            self.names |= {
                f"nowhere{number}": field.nowhere,
                f"known{number}": field.known.get,
                f"text{number}": field.of_text,
            }
        else:
            self.names[f"known{number}"] = field.texts_of(event_type).get
        if self._numbers is not None:
            self.names |= {
                f"number{number}": self._numbers.found,
                f"least{number}": self._numbers.least,
                f"most{number}": self._numbers.most,
            }

    def lines(self, value: str, absent: str, indent: str) -> Iterator[str]:
        """From the value to candidates. Most events lack most fields, so that is asked first."""
        number = self.number
        yield f"{indent}if {value} is not {absent}:"
        if self._numbers is not None:
            yield f"{indent} if {value}.__class__ is int or {value}.__class__ is float:"
            bounds = [f"least{number} <= {value}"] if self._numbers.least is not None else []
            bounds += [f"{value} <= most{number}"] if self._numbers.most is not None else []
            yield f"{indent}  if {' and '.join(bounds) or 'True'}:"
            yield f"{indent}   for at in number{number}({value}): found += at"
        yield f"{indent} {'if' if self._numbers is None else 'elif'} {value}.__class__ is str:"
        if self._scans:
            asked = "" if self._filter is None else f"({self._filter.condition(value, str(number))}) and "
            yield f"{indent}  if {asked}{value} not in nowhere{number}:"
            yield f"{indent}   at = known{number}({value})"
            yield f"{indent}   if at is None: at = text{number}({value})"
            yield f"{indent}   found += at.get(TYPE) or at.get(None, ())"
        else:
            yield f"{indent}  at = known{number}({value})"
            yield f"{indent}  if at: found += at"
        yield f"{indent} else: found += other{number}({value}, TYPE)"
