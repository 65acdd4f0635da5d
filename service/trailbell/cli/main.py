"""The command ``trailbell``: finds the subcommand, loads it alone, and turns unhappy ends into words and exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from keyword import iskeyword
from typing import Any, Final

import click

from trailbell import __version__

from . import early
from .exits import Exit, Failure, say

COMMANDS: Final = {
    "init": "Make a working folder: configuration, starter rules with tests, editor and CI files.",
    "demo": "See it work, offline: a fake Audit API, a fake Slack, a month of history, live alerts.",
    "check": "Validate rules; every problem with its place and the way out.",
    "fmt": "Put rule files into their one form; comments stay.",
    "test": "Run the tests inside rules through the real engine.",
    "dry-run": "Run rules over history: what would they have told, how often, and whom.",
    "run": "Run for real: sources, alerts, notifications.",
    "serve": "Serve what is recorded over HTTP: the Audit API, alerts, deliveries.",
    "render": "Show a rule's message as a channel would: Slack, e-mail, webhook, PagerDuty, Teams and the others.",
    "explain": "Why an alert fired: every condition with the values it read.",
    "why-not": "Why a rule said nothing about an event, or what came of it.",
    "alerts": "Alerts of the store: list, show with every decision, acknowledge, resolve.",
    "deliveries": "What is told to whom: list, show with every attempt, and try again or give up what did not arrive.",
    "notify": "Try a receiver: send a test message, and say in words what is wrong.",
    "silences": "What is not told for a while: add, list, show, expire, and preview what it would have hidden.",
    "route": "Who would be told of an alert, and why: one, or a table of cases.",
    "config": "The configuration: what is in force and why, or take over an Alertmanager's.",
    "fields": "Which fields and values rules can use, from history and from what sources document.",
    "import": "Take over the rules of others: Sigma.",
    "events": "The Audit API from the shell: types, list, show, pull.",
    "coverage": "Which time has been read of each source, and which time each rule has not seen.",
    "store": "Look after the store: backup, restore, purge, migrate, check.",
    "docs": "What a problem's code means, and how to mend it.",
    "schema": "Print the JSON Schema of rules, for editors.",
    "doctor": "Check configuration, credentials, sources, receivers and the store.",
}
"""Every subcommand and its line of help, so that ``--help`` loads none of them. Each lives in a module of its name."""


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"trailbell.cli.{name}_" if iskeyword(name) else f"trailbell.cli.{name}")
        early.loaded(cmd_name)
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a name that is none, say which was meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else " `trailbell --help` lists the commands."
            raise click.UsageError(f"No such command: {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trailbell", message="%(prog)s %(version)s")
def cli() -> None:
    """Alerting rules for audit events.

    Write rules in YAML, see on history what they would have done, and get the alerts in Slack, by e-mail or by webhook.
    New here? `trailbell demo`.
    """


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    colour = False if os.environ.get("NO_COLOR") else None  # rich knows no-color.org, click does not
    try:
        result: Any = cli.main(arguments, prog_name="trailbell", standalone_mode=False, color=colour)
    except click.exceptions.Abort:
        return _interrupted()
    except KeyboardInterrupt:
        return _interrupted()
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except Failure as failure:
        say(failure)
        return failure.code
    except BrokenPipeError:
        # The reader went away (`| head`). Python would complain once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        from trailbell.store.database import StoreError  # so late, since most commands end well

        if not isinstance(error, StoreError):
            raise
        say(Failure(Exit.CONFIGURATION, error.message, error.help))
        return Exit.CONFIGURATION
    return int(result) if isinstance(result, int) else Exit.OK


def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return Exit.INTERRUPTED
