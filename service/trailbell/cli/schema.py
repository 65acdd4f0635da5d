"""``trailbell schema``: the JSON Schema of rules, for editors."""

from __future__ import annotations

import json

import click


@click.command("schema")
@click.argument("what", type=click.Choice(["rule", "definitions"]), default="rule")
def command(what: str) -> None:
    """Print the JSON Schema of rules, or of definitions files (`_*.yaml`).

    With it an editor completes and checks while you type. For VS Code, Neovim and Helix (yaml-language-server), put
    this as the first line of a rule file; the path is relative to that file, here one in `rules/`:

    # yaml-language-server: $schema=../.trailbell/rule-1.schema.json
    """
    from trailbell_rules.schema import definitions_schema, rule_schema

    schema = rule_schema() if what == "rule" else definitions_schema()
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
