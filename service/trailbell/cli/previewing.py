"""Whom a dry-run previews: the receivers of the configuration, or one Slack channel where nothing is configured."""

from __future__ import annotations

import os
from pathlib import Path

import click

from trailbell.configuration.config import Config, ConfigError, find_config, load_config
from trailbell.dryrun.previewing import previewed
from trailbell.replay import Audience
from trailbell.wiring import WiringError
from trailbell_engine.rule import RuleSet

from .configuration import config_or_fail
from .exits import Exit, Failure


def told(rules: RuleSet, config_file: Path | None) -> Audience:
    """The receivers to preview.

    A configuration that is named must be right. One that is only found must not keep anybody from a dry-run: what is
    wrong with it is said on stderr.

    Raises:
        Failure: if the named configuration cannot be used.
    """
    config = config_or_fail(config_file, secrets=False) if config_file is not None else _found()
    try:
        return previewed(rules, config)
    except WiringError as error:
        if config_file is not None:
            raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
        click.echo(f"receivers are not previewed: {error.message}", err=True)
        return previewed(rules, None)


def _found() -> Config | None:
    file = find_config(os.environ)
    if file is None:
        return None
    try:
        return load_config(file, os.environ, secrets=False)
    except (ConfigError, OSError) as error:
        click.echo(f"receivers are not previewed: {file}: {error}; `trailbell doctor` says more", err=True)
        return None
