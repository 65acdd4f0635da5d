"""What the rules of a set share: its definitions, read again only if they, or the files they name, have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trailbell_engine.system_errors import system_words
from trailbell_engine.value_list import ValueList
from trailbell_rules.definitions import Definitions, DefinitionsDocument
from trailbell_rules.document import read_documents
from trailbell_rules.finding import about
from trailbell_rules.problem import Problem
from trailbell_rules.source import Source

from .stamps import Stamp, settled, stamp_of
from .texts import Text


class Shared(NamedTuple):
    """The definitions of a set.

    Attributes:
        definitions: what they define.
        digest: of their texts; the content of lists and tables is not part of it.
        files: the lists and tables that they name.
        stamps: of these files; None for one that may have changed while it was read.
        errors: what is wrong with them.
        sources: their texts by file name, if something is wrong.
    """

    definitions: Definitions
    digest: str
    files: tuple[Path, ...]
    stamps: Mapping[Path, Stamp | None]
    errors: tuple[Problem, ...] = ()
    sources: Mapping[str, Source] = {}

    @property
    def settled(self) -> bool:
        """Whether a change of the lists and tables since then would show in a stamp."""
        return None not in self.stamps.values()

    @property
    def lists(self) -> Mapping[str, ValueList]:
        """The lists that are kept in files."""
        return {name: one for name, one in self.definitions.names.lists.items() if isinstance(one, ValueList)}


def share(texts: Sequence[Text], before: Shared | None) -> Shared:
    """The definitions that stand in the texts.

    Args:
        texts: of all definitions files.
        before: the last ones, which are given again if nothing has changed.
    """
    digest = _digest(texts)
    same = before is not None and before.digest == digest and before.settled
    if before is not None and same and before.stamps == _stamps(before.files):
        return before
    problems: list[Problem] = []
    sources: dict[str, Source] = {}
    documents: list[DefinitionsDocument] = []
    for text in texts:
        name = str(text.found.path)
        try:
            reading = read_documents(name, text.bytes_again())
        except OSError as error:
            problems.append(about(name, "no-such-file", f"{name} cannot be read: {system_words(error)}", ""))
            continue
        problems += reading.problems
        sources[name] = reading.source
        flags = text.found.overridable, text.found.quiet
        documents += [DefinitionsDocument(document, *flags) for document in reading.documents]
    definitions = Definitions(documents)
    stamps = {file: _lasting(stamp) for file, stamp in _stamps(definitions.files).items()}
    errors = tuple(one for one in (*problems, *definitions.problems) if one.severity == "error")
    return Shared(definitions, digest, tuple(stamps), stamps, errors, sources if errors else {})


def _stamps(files: Sequence[Path]) -> dict[Path, Stamp | None]:
    return {file: stamp_of(file) for file in files}


def _lasting(stamp: Stamp | None) -> Stamp | None:
    return stamp if stamp is not None and settled(stamp) else None


def _digest(texts: Sequence[Text]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text.found.path}\0{text.found.overridable:d}{text.found.quiet:d}".encode() + text.digest)
    return digest.hexdigest()
