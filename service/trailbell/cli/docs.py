"""``trailbell docs``: the page of a problem's code."""

from __future__ import annotations

import click

from .exits import Exit, Failure


@click.command("docs")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the CODE of a problem that `trailbell check` found, with an example; without CODE, list all codes."""
    from trailbell_rules.codes import CODES
    from trailbell_rules.suggest import did_you_mean

    if code is None:
        width = max(map(len, CODES))
        click.echo("\n".join(f"{name:{width}}  {_sentence(entry.summary)}" for name, entry in CODES.items()))
        return
    if code not in CODES:
        help_ = did_you_mean(code, CODES) or "`trailbell docs` lists the codes"
        raise Failure(Exit.USAGE, f"no problem has the code {code!r}", help_)
    from trailbell.problem_pages import page

    _show(page(CODES[code]))


def _sentence(text: str) -> str:
    """The first sentence."""
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]


def _show(text: str) -> None:
    """Rendered on a terminal; as Markdown into a pipe, where it may go on to be a page."""
    from .consoles import out

    console = out()
    if not console.is_terminal:
        click.echo(text, nl=False)
        return
    from rich.markdown import Markdown

    console.print(Markdown(text))
