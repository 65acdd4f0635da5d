"""Codes about paths, and about the configuration."""

from typing import Final

from trailbell_rules.code import Code

_RECEIVERS: Final = """\
# trailbell.yaml
receivers:
  siem:
    webhook: {url: "https://siem.example.com/hook"}
"""

PLACES: Final = (
    Code(
        name="no-rules",
        summary="The paths hold no rules: no `*.yaml` or `*.yml` file with a rule in it.",
        why="A run without rules looks like a quiet one.",
        bad="$ trailbell check rules/_shared.yaml",
        good="$ trailbell check rules/",
    ),
    Code(
        name="no-such-file",
        summary="The file is not there or cannot be read. Names in definitions are relative to the definitions file.",
        why="Rules that are not read do not fire.",
        bad="$ trailbell check ruels/",
        good="$ trailbell check rules/",
    ),
    Code(
        name="no-such-pack",
        summary="No pack of that name comes with the package.",
        why="Rules that are not read do not fire.",
        bad="$ trailbell check pack:vonnage",
        good="$ trailbell check pack:vonage",
    ),
    Code(
        name="bad-route",
        summary="A route, a `fallback` or a rule's `notify` names a receiver that is not configured, a matcher is "
        "none, or an inhibition compares a label that none of its alerts has.",
        why="Alerts would reach nobody, or nothing would ever be inhibited.",
        bad=_RECEIVERS + "route: {receiver: seim}\n",
        good=_RECEIVERS + "route: {receiver: siem}\n",
    ),
    Code(
        name="one-document",
        summary="The configuration is one YAML document, with no `---` inside.",
        why="Half of it would not count.",
        bad=_RECEIVERS + "---\nroute: {receiver: siem}\n",
        good=_RECEIVERS + "route: {receiver: siem}\n",
    ),
    Code(
        name="unset-variable",
        summary="The configuration names an environment variable, `${NAME}`, that is not set, and neither is "
        "`NAME_FILE`.",
        why="A receiver without its token would lose every alert, one by one.",
        bad="""\
# trailbell.yaml
receivers:
  security-slack:
    slack: {token: "${SLACK_TOKEN_OF_NOBODY}", channel: "#security"}
""",
        good=_RECEIVERS,
    ),
)
