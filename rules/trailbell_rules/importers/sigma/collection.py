"""Sigma documents as a set: rules with the filters on them, and the correlations over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from trailbell_engine.values import Json
from trailbell_rules.document import read_documents
from trailbell_rules.suggest import listed

from .correlation import Referred, correlated
from .detection import detection_predicate
from .fields import FieldMap
from .unsayable import Unsayable
from .values import Predicate, conjunction
from .writing import Names, Written, write_rule


class Refused(NamedTuple):
    """A document that was not imported."""

    file: str
    line: int
    title: str
    reason: str


class Imported(NamedTuple):
    """What came of a set of Sigma documents.

    Attributes:
        rules: by id, each a file of its own.
        refused: what was not imported, with the reason.
        filters: how many filters were worked into rules.
        referred: rules that only correlations use, and that therefore tell nothing by themselves.
    """

    rules: tuple[Written, ...]
    refused: tuple[Refused, ...]
    filters: int
    referred: tuple[str, ...]


class _Source(NamedTuple):
    """A document and where it stands."""

    file: str
    line: int
    value: dict[str, Any]

    @property
    def title(self) -> str:
        """What people call it."""
        named = (self.value.get(key) for key in ("title", "name", "id"))
        return str(next(filter(None, named), "a rule without a title"))

    @property
    def names(self) -> frozenset[str]:
        """What others call it."""
        return frozenset(str(self.value[key]) for key in ("id", "name") if key in self.value)


def import_texts(texts: Mapping[str, bytes], fields: FieldMap) -> Imported:
    """Import the documents of files as one set.

    Args:
        texts: by file name.
        fields: of the source they are about.
    """
    refused: list[Refused] = []
    sources = [source for file, text in texts.items() for source in _read(file, text, refused)]
    rules = [source for source in sources if "detection" in source.value and "filter" not in source.value]
    correlations = [source for source in sources if "correlation" in source.value]
    filters = [source for source in sources if "filter" in source.value]
    others = [source for source in sources if source not in (*rules, *correlations, *filters)]
    refused += [Refused(one.file, one.line, one.title, "it is no rule, correlation or filter") for one in others]
    importer = _Importer(rules, correlations, filters, fields, refused)
    written = tuple(importer.written())
    return Imported(
        written,
        tuple(sorted(refused)),
        len(importer.filters_used),
        tuple(sorted(source.title for source in importer.silent)),
    )


def _read(file: str, text: bytes, refused: list[Refused]) -> Iterator[_Source]:
    reading = read_documents(file, text)
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    if errors:
        first = errors[0]
        refused.append(Refused(file, first.span.line, file, f"it is no sound YAML: {first.summary}"))
        return
    for document in reading.documents:
        line = document.span_of_key(()).line
        if isinstance(document.value, dict) and "action" not in document.value:
            yield _Source(file, line, document.value)
        else:
            reason = "documents with `action` are of a Sigma before collections" if document.value else "it is empty"
            refused.append(Refused(file, line, file, reason))


class _Importer:
    """One import: which rules exist, and what became of each."""

    def __init__(
        self,
        rules: list[_Source],
        correlations: list[_Source],
        filters: list[_Source],
        fields: FieldMap,
        refused: list[Refused],
    ) -> None:
        self._rules, self._correlations, self._filters = rules, correlations, filters
        self._fields = fields
        self._refused = refused
        self._names = Names()
        self._by_name = {name: source for source in rules for name in source.names}
        self.filters_used: set[tuple[str, int]] = set()
        generating = [self._referred_names(one) for one in correlations if one.value["correlation"].get("generate")]
        told = {name for names in generating for name in names}
        used = {name for one in correlations for name in self._referred_names(one)}
        self.silent = [source for source in rules if source.names & used and not source.names & told]

    def written(self) -> Iterator[Written]:
        """The rules, in the order of their documents; what cannot be said is put with the refused."""
        for source in self._rules:
            if source in self.silent:
                continue
            written = self._tried(source, lambda source=source: (self._predicate(source), None))
            if written is not None:
                yield written
        for source in self._correlations:
            written = self._tried(source, lambda source=source: self._correlated(source))
            if written is not None:
                yield written
        for source in self._filters:
            if (source.file, source.line) not in self.filters_used:
                self._refuse(source, "it filters none of the imported rules")

    def _tried(self, source: _Source, make: Any) -> Written | None:
        try:
            match, when = make()
            return write_rule(source.value, source.file, match, when, self._fields, self._names)
        except Unsayable as reason:
            self._refuse(source, str(reason))
            return None

    def _refuse(self, source: _Source, reason: str) -> None:
        self._refused.append(Refused(source.file, source.line, source.title, reason))

    def _predicate(self, source: _Source) -> Predicate:
        """The match of a rule, with every filter on it."""
        if source.value.get("status") in ("deprecated", "unsupported"):
            raise Unsayable(f"its status is {source.value['status']}")
        logsource = source.value.get("logsource")
        if not isinstance(logsource, dict) or not self._fields.covers(logsource):
            raise Unsayable(f"it is about {_said(logsource)}, and the map {self._fields.name} is not")
        parts = [detection_predicate(source.value["detection"], self._fields)]
        for one in self._filters:
            if self._applies(one, source, logsource):
                parts.append(detection_predicate(_filter_detection(one), self._fields))
                self.filters_used.add((one.file, one.line))
        return conjunction(parts) if len(parts) == 1 else _all(parts)

    def _applies(self, one: _Source, source: _Source, logsource: Mapping[str, Json]) -> bool:
        wanted = one.value["filter"].get("rules") if isinstance(one.value["filter"], dict) else None
        own = one.value.get("logsource")
        if isinstance(own, dict) and any(logsource.get(key) != value for key, value in own.items()):
            return False
        if wanted == "any":
            return True
        return isinstance(wanted, list) and bool(source.names & {str(name) for name in wanted})

    def _referred_names(self, source: _Source) -> list[str]:
        correlation = source.value["correlation"]
        named = correlation.get("rules") if isinstance(correlation, dict) else None
        return [str(name) for name in (named if isinstance(named, list) else [named]) if name is not None]

    def _correlated(self, source: _Source) -> tuple[Predicate, dict[str, Any]]:
        correlation = source.value["correlation"]
        if not isinstance(correlation, dict):
            raise Unsayable("its correlation is no mapping")
        referred = []
        for name in self._referred_names(source):
            if any(name in other.names for other in self._correlations):
                raise Unsayable(f'it correlates "{name}", which is itself a correlation')
            if name not in self._by_name:
                raise Unsayable(f'it correlates "{name}", which is not among the files')
            try:
                referred.append(Referred(name, self._predicate(self._by_name[name])))
            except Unsayable as reason:
                raise Unsayable(f'it correlates "{name}", and {reason}') from reason
        if not referred:
            raise Unsayable("it correlates no rules")
        return correlated(correlation, referred, self._fields)


def _filter_detection(source: _Source) -> dict[str, Any]:
    return {name: value for name, value in source.value["filter"].items() if name != "rules"}


def _all(parts: list[Predicate]) -> Predicate:
    """A rule and its filters side by side: merging them would hide which is which."""
    return {"all": parts}


def _said(logsource: Json) -> str:
    if not isinstance(logsource, dict) or not logsource:
        return "no logsource"
    said = [f"{key} {value}" for key, value in logsource.items() if key != "definition"]
    return listed(said, "and") if said else "no logsource"
