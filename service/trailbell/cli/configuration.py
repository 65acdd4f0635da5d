"""Finding and reading the configuration, with its problems shown as those of rules are."""

from __future__ import annotations

import os
from pathlib import Path

from trailbell.configuration.config import Config, ConfigError, find_config, load_config
from trailbell_engine.system_errors import system_words

from .exits import Exit, Failure


def config_or_fail(file: Path | None, *, secrets: bool = True) -> Config:
    """The configuration that applies.

    Args:
        file: as named on the command line; else it is looked for.
        secrets: fill in ``${NAME}`` from the environment.

    Raises:
        Failure: with exit code 3, after printing every problem.
    """
    try:
        return load_config(file or find_config(os.environ), os.environ, secrets=secrets)
    except ConfigError as error:
        from .problems import print_problems

        raise Failure(Exit.CONFIGURATION, print_problems(error.problems, error.sources)) from error
    except OSError as error:
        help_ = (
            "`trailbell init` makes a configuration to start from" if error.filename == str(file) else "check the path"
        )
        raise Failure(
            Exit.CONFIGURATION, f"cannot read {error.filename or file}: {system_words(error)}", help_
        ) from error


def config_if_sound() -> Config | None:
    """The configuration that applies, without secrets; None if there is none that can be read. Nobody asked for it."""
    try:
        return load_config(find_config(os.environ), os.environ, secrets=False)
    except (ConfigError, OSError):
        return None
