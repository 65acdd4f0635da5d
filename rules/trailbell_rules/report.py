"""Where readers of a document put what they find wrong, by place instead of by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trailbell_engine.path import Path, PathError, Root, parse_path
from trailbell_engine.values import Json

from .document import Document, Place
from .problem import MAXIMUM_PROBLEMS, Problem, ProblemSeverity, Span
from .template_lookups import lookups_read

_UNREADABLE = Path(("?",))


class Mention(NamedTuple):
    """A lookup is named by a path or a template.

    Attributes:
        name: of the lookup.
        place: of the path or the template.
        key: the path is the key there.
        offset: of the name in the template; None for a path.
    """

    name: str
    place: Place
    key: bool = False
    offset: int | None = None

    @property
    def in_template(self) -> bool:
        """Whether it is a template that names it."""
        return self.offset is not None


class Report:
    """The problems of one document.

    One mistake is one problem: what lies at or below a place that was flagged before is not reported again.

    Attributes:
        problems: in the order of discovery.
        rule_id: the document's ``id``, if it has one.
        lookups: the lookups that its paths and templates name.
        used_nodes: how many nodes of predicates the document has drawn in by ``use``, a budget against bombs.
    """

    def __init__(self, document: Document, flagged: Iterable[Place] = ()) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.used_nodes = 0
        self.lookups: list[Mention] = []
        self._flagged = set(flagged)
        value = document.value
        self.rule_id = str(value["id"]) if isinstance(value, dict) and isinstance(value.get("id"), str) else ""

    @property
    def failed(self) -> bool:
        """Whether there is an error, the flagged places included."""
        return bool(self._flagged) or any(problem.severity == "error" for problem in self.problems)

    @property
    def full(self) -> bool:
        """Whether no more problems are taken, so that looking for words for them is in vain."""
        return len(self.problems) >= MAXIMUM_PROBLEMS

    def value(self, code: str, summary: str, place: Place, help_: str = "", label: str = "") -> None:
        """An error about a value."""
        self._add(code, "error", summary, place, self.document.span_of_value(place), help_, label)

    def key(self, code: str, summary: str, place: Place, help_: str = "", label: str = "") -> None:
        """An error about a key."""
        self._add(code, "error", summary, place, self.document.span_of_key(place), help_, label)

    def warning(self, code: str, summary: str, place: Place, help_: str = "") -> None:
        """A warning, at a key."""
        self._add(code, "warning", summary, place, self.document.span_of_key(place), help_, "")

    def mention(self, code: str, summary: str, mention: Mention, help_: str = "", label: str = "") -> None:
        """An error about a lookup's name."""
        place, document = mention.place, self.document
        if mention.offset is not None:
            span = document.span_inside(place, mention.offset)
        else:
            span = document.span_of_key(place) if mention.key else document.span_of_value(place)
        self._add(code, "error", summary, place, span, help_, label)

    def template(self, text: Json, place: Place) -> None:
        """Note the lookups that a template names; what is no text is reported elsewhere."""
        if isinstance(text, str):
            self.lookups += [Mention(read.name, place, offset=read.offset) for read in lookups_read(text)]

    def _add(
        self, code: str, severity: ProblemSeverity, summary: str, place: Place, span: Span, help_: str, label: str
    ) -> None:
        if not self.full and not any(place[:length] in self._flagged for length in range(len(place) + 1)):
            self.problems.append(Problem(code, severity, summary, span, help_, label, self.rule_id))

    def path(self, text: Json, place: Place, *, key: bool = False, in_element: bool = False) -> Path:
        """The field path that a value (or a key) spells. A bad one is reported at its very character."""
        if not isinstance(text, str):
            self.value("wrong-type", f"expected a field path, found {kind(text)}", place, "name a field: `user_email`")
            return _UNREADABLE
        try:
            path = parse_path(text, in_element=in_element)
        except PathError as error:
            span = self.document.span_inside(place, error.column, key=key)
            self._add("bad-path", "error", str(error), place, span, error.help, "")
            return _UNREADABLE
        if path.root is Root.LOOKUP:
            self.lookups.append(Mention(str(path.segments[1]), place, key))
        return path

    def paths(self, value: Json, place: Place) -> tuple[Path, ...]:
        """A path or a list of paths."""
        if isinstance(value, list):
            return tuple(self.path(item, (*place, position)) for position, item in enumerate(value))
        return (self.path(value, place),)


def kind(value: Json) -> str:
    """The kind of a value in the words of a YAML file."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "a mapping"
