"""Why an alert fired, as a message for its thread: the tree of the match, with what was asked and what was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from trailbell.cli.tree import verdict_lines
from trailbell.explaining import condition_text
from trailbell.store.alerts import StoredAlert
from trailbell_engine.counted import counted
from trailbell_engine.rule import RuleSet
from trailbell_notifiers import limits
from trailbell_notifiers.channels.slack.blocks import Block, fallback, fits
from trailbell_notifiers.channels.slack.text import plain, rich
from trailbell_notifiers.words.text import clean, fit, one_line

ALERTS_SHOWN: Final = 3
_WIDTH: Final = 88
_LINES: Final = 40
_LINE: Final = 160


def reasons(alerts: Sequence[StoredAlert], rules: RuleSet) -> dict[str, Any]:
    """``text`` and ``blocks`` about the first of these alerts."""
    for shown in range(ALERTS_SHOWN, 0, -1):
        blocks = [block for stored in alerts[:shown] for block in _about(stored, rules)]
        if fits(blocks):
            break
    left = len(alerts) - ALERTS_SHOWN
    if left > 0:
        more = plain(f"… and {left} more: `trailbell explain ID` says it of each", limits.SLACK_CONTEXT_TEXT)
        blocks.append({"type": "context", "elements": [more]})
    text = fallback("Why it fired", *(one_line(stored.alert.why) for stored in alerts[:ALERTS_SHOWN]))
    return {"text": text, "mrkdwn": False, "blocks": blocks}


def _about(stored: StoredAlert, rules: RuleSet) -> Iterator[Block]:
    alert = stored.alert
    head = [rich(f"🔎 {fit(one_line(str(stored.wording['title'])), _LINE)}", limits.SLACK_SECTION, style="bold")]
    if alert.why:
        head.append(rich(f"\n{fit(one_line(alert.why), 4 * _LINE)}", limits.SLACK_SECTION))
    if alert.rule_id in rules and rules[alert.rule_id].version == alert.rule_version:
        asked = condition_text(rules[alert.rule_id].condition)
        head.append(rich(f"\nThe rule asks for: {fit(one_line(asked), 2 * _LINE)}", limits.SLACK_SECTION))
    yield {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": head}]}
    explanation = stored.wording.get("explanation")
    if isinstance(explanation, dict):
        lines = [fit(clean(line.plain).rstrip(), _LINE) for line in verdict_lines(explanation, _WIDTH)]
        kept = lines[:_LINES] + ([f"… {counted(len(lines) - _LINES, 'more line')}"] if len(lines) > _LINES else [])
        tree = rich("\n".join(kept), limits.SLACK_SECTION)
        yield {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [tree]}]}
