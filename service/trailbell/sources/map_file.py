"""``--map NAME|FILE``: a preset by its name, or a description of a map in a YAML file."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Final

from trailbell.watch.events import SOURCE as OWN_SOURCE
from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap, MapError, map_from_json
from trailbell_engine.system_errors import system_words

from .errors import SourceError

_LIMIT_BYTES: Final = 64 * 1024


def load_map(name_or_file: str) -> EventMap:
    """The map of that name, or the one the file describes; a file's own name is the map's unless it has a ``name``.

    Raises:
        SourceError: if there is neither, or the file describes no map.
    """
    if name_or_file == GENERIC.name:
        return GENERIC
    if name_or_file in PRESETS:
        return PRESETS[name_or_file]
    path = Path(name_or_file)
    if path.suffix not in (".yaml", ".yml", ".json") and not path.exists():
        near = get_close_matches(name_or_file, PRESETS, 1)
        raise SourceError(
            f"no map {name_or_file!r}" + (f"; did you mean `{near[0]}`?" if near else ""),
            f"the presets are {', '.join(PRESETS)}; or name a YAML file with id, event_type and time",
        )
    return _read(path)


def _read(path: Path) -> EventMap:
    import yaml

    try:
        with path.open("rb") as stream:
            text = stream.read(_LIMIT_BYTES + 1)
    except OSError as error:
        raise SourceError(f"the map {str(path)!r} cannot be read: {system_words(error)}", "check the path") from None
    if len(text) > _LIMIT_BYTES:
        raise SourceError(f"the map {str(path)!r} is larger than 64 KiB", "a map is a few lines")
    try:
        # The base loader makes texts of everything, and looks at no tag; with aliases refused it cannot be blown up.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.BaseLoader)):
            raise SourceError(f"the map {str(path)!r} uses a YAML alias", "write it out")
        found = map_from_json(yaml.load(text, yaml.BaseLoader), path.stem)  # noqa: S506 - BaseLoader constructs only texts
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise SourceError(
            f"{place}: no YAML: {getattr(error, 'problem', error)}", "a map looks like `id: [path]`"
        ) from None
    except MapError as error:
        raise SourceError(f"{path}: {error}", error.help) from None
    if found.name == OWN_SOURCE:
        raise SourceError(f"{path}: only trailbell's own events have the source {OWN_SOURCE!r}", "add a `name:`")
    return found
