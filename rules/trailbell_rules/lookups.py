"""From ``lookups`` of a definitions file to tables that rules can read from."""

from __future__ import annotations

import pathlib
from typing import NamedTuple

from trailbell_engine.lookup import Lookup
from trailbell_engine.path import Root
from trailbell_engine.system_errors import system_words
from trailbell_engine.values import Json

from .document import Place
from .report import Report
from .suggest import did_you_mean
from .tables import MemoryTable, TableError, open_table


class Opened(NamedTuple):
    """A lookup, if its definition is sound, and the file it reads from, if it names one."""

    lookup: Lookup | None
    file: pathlib.Path | None = None


def read_lookup(value: Json, place: Place, report: Report) -> Opened:
    """Open the table of ``{file, key, on}``. It is read when rules are loaded; a change of the file is seen then."""
    if not isinstance(value, dict) or not isinstance(value.get("file"), str) or "key" not in value:
        return Opened(None)  # the schema has said it
    key = report.path(value["key"], (*place, "key"))
    if key.root is Root.LOOKUP:
        report.value("bad-lookup", "the key of a lookup is a field of the event", (*place, "key"))
    path = pathlib.Path(report.document.file).parent / value["file"]
    on = value.get("on")
    try:
        if not path.is_file():
            beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            label = did_you_mean(path.name, beside)
            summary, help_ = f"no file is called {value['file']}", "the name is relative to this file"
            report.value("no-such-file", summary, (*place, "file"), help_, label)
            return Opened(None, path)
        table = open_table(path, on if isinstance(on, str) else None)
    except TableError as error:
        about = error.about if error.about in value else "file"
        report.value("bad-lookup", f"{value['file']}: {error}", (*place, about), error.help)
        return Opened(None, path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        words = system_words(error)
        report.value("no-such-file", f"{value['file']} cannot be read: {words}", (*place, "file"))
        return Opened(None, path)
    if isinstance(table, MemoryTable) and table.repeated is not None:
        summary = f'{value["file"]} has several rows for "{table.repeated}"; the first counts'
        report.warning("bad-lookup", summary, (*place, "file"), "keep one row for each key")
    return Opened(Lookup(str(place[-1]), key, table), path)
