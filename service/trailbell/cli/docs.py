"""``trailbell docs``: what a problem's code means."""

from __future__ import annotations

import click

from .exits import Exit, Failure


@click.command("docs")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the CODE of a problem that `trailbell check` found; without CODE, list all codes."""
    from trailbell_rules.codes import CODES
    from trailbell_rules.suggest import did_you_mean

    if code is None:
        click.echo("\n".join(CODES))
        return
    if code not in CODES:
        help_ = did_you_mean(code, CODES) or "`trailbell docs` lists the codes"
        raise Failure(Exit.USAGE, f"no problem has the code {code!r}", help_)
    click.echo(click.wrap_text(f"{code}: {CODES[code]}", width=100))
