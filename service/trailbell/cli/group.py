"""A command with commands of its own."""

from __future__ import annotations

from typing import Final

import click

_WHOLE: Final = 1_000
"""Characters of a summary: click cuts it to one line otherwise, in the middle of what it says."""


class Group(click.Group):
    """Lists its commands with their whole summaries, over as many lines as they take."""

    group_class = type  # groups within it are of this kind, too

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The section of the help, in click's order."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(_WHOLE)) for name, one in commands if one is not None])
