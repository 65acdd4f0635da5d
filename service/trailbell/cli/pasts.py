"""The past of a source that is configured, by its name or its kind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailbell.configuration.config import Config
from trailbell.configuration.environment import Unset, expand, filled
from trailbell.configuration.sources import SourceSettings
from trailbell.sources.errors import NoPastError
from trailbell.sources.kinds import WITH_PAST, SettingsError, maker_of
from trailbell.sources.past import past_of
from trailbell_engine.system_errors import system_words

from .configuration import config_or_fail
from .exits import Exit, Failure

if TYPE_CHECKING:
    from trailbell.sources.base import Inputs

_STORED = "what a run has recorded is in the store: --since without --source"


def past_or_fail(config_file: Path | None, wanted: str, since_us: int, until_us: int) -> Inputs:
    """What happened at a source in ``[since_us, until_us)``; nothing is asked yet.

    Only this source's secrets need be in the environment: a dry-run tells nobody anything.

    Args:
        config_file: as named on the command line; else it is looked for.
        wanted: the source's name in the configuration, or its kind if it is the only one.
        since_us: microseconds since the epoch, UTC.
        until_us: likewise.

    Raises:
        Failure: if no such source is configured, its settings cannot work, or nobody can ask it for its past.
    """
    config = config_or_fail(config_file, secrets=False)
    name, kind, settings, _ = _chosen(config, wanted)
    try:
        values: Any = filled(dict(settings), lambda text, _: expand(text, os.environ))
        source = maker_of(kind).build(name, values, os.environ, once=True)
        return past_of(source, since_us, until_us)
    except Unset as error:
        help_ = f"export {error.name}=…: the source {name} of {config.file} needs it"
        raise Failure(Exit.CONFIGURATION, str(error), help_) from error
    except SettingsError as error:
        raise Failure(Exit.CONFIGURATION, f"the source {name}: {error}", error.help) from error
    except OSError as error:
        message = f"cannot read {error.filename}: {system_words(error)}"
        raise Failure(Exit.CONFIGURATION, message, f"the source {name} needs it") from error
    except NoPastError as error:
        raise Failure(Exit.USAGE, error.message, _with_past(config)) from error


def _chosen(config: Config, wanted: str) -> SourceSettings:
    named = next((source for source in config.sources if source.name == wanted), None)
    if named is not None:
        return named
    alike = [source for source in config.sources if source.kind == wanted]
    if len(alike) == 1:
        return alike[0]
    if alike:
        names = ", ".join(source.name for source in alike)
        raise Failure(Exit.USAGE, f"--source {wanted}: several are configured", f"name one: {names}")
    if wanted == "vonage":  # it needs no settings, only credentials in the environment
        return SourceSettings(wanted, wanted, {})
    where = config.file or "trailbell.yaml"
    configured = ", ".join(source.name for source in config.sources)
    there = f"there are {configured}" if configured else f"write it below `sources:` in {where}"
    raise Failure(Exit.USAGE, f"--source {wanted}: no such source is configured", f"{there}; {_STORED}")


def _with_past(config: Config) -> str:
    """What can be asked instead."""
    names = [source.name for source in config.sources if source.kind in WITH_PAST]
    return f"{', '.join(names)} can be asked; {_STORED}" if names else _STORED
