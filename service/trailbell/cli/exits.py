"""Exit codes, and the one way in which a command ends unhappily."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    CONFIGURATION = 3
    SOURCE = 4
    DELIVERY = 5
    INTERRUPTED = 130


def say(failure: Failure) -> None:
    """Print a failure on stderr, as a command that ends with it does."""
    import click

    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(failure.message, err=True)
    if failure.help:
        click.secho(" help: ", fg="cyan", nl=False, err=True)
        click.echo(failure.help, err=True)


class Failure(Exception):  # noqa: N818 - it is how a command ends, not an error of the program
    """A command cannot go on, and says why in words for people; no traceback is shown.

    Attributes:
        code: the exit code.
        message: what happened.
        help: what to do about it; may be empty.
    """

    def __init__(self, code: Exit, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help_
