"""The mixed rules as people write them: YAML files with templates, a condition and a test in each rule."""

import json
from pathlib import Path

from mixed_rules import Maker
from world import World

from trailbell_engine.rule import Rule
from trailbell_engine.schedule import Schedule

FILES_A_FOLDER = 500

RULE = """# {id}: what it is for, and when it is harmless
id: {id}
title: "{{{{ user_email }}}} did {{{{ event_type }}}}"
severity: low
description: Somebody did what they should not do.
match:
{match}when: {{count: {{at_least: 3, within: 10m, by: user_email}}}}
alert:
  summary: "{{{{ user_email }}}} from {{{{ source_ip }}}}"
  fields: [user_email, source_ip]
tags: [test]
tests:
  - name: it fires
    events:
      - {{event_type: X, user_email: a@example.com, source_ip: 203.0.113.9}}
    alerts: []
"""


def write_rules(folder: Path, number: int, rules_a_file: int) -> list[Path]:
    """Write so many rules; gives the files."""
    rules = list(Maker(World(), 1).mixed(number))
    files = []
    for position in range(0, number, rules_a_file):
        index = position // rules_a_file
        file = folder / f"{index // FILES_A_FOLDER:03}" / f"{index:06}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("---\n".join(map(rule_text, rules[position : position + rules_a_file])))
        files.append(file)
    return files


def rule_text(rule: Rule) -> str:
    """A rule as YAML."""
    tests: dict[str, dict[str, object]] = {}
    for part in rule.match.parts:  # type: ignore[union-attr]  # the generator makes no other
        tests.setdefault(str(part.path), {})[part.operator] = part.operand
    match = "".join(f"  {path}: {json.dumps(operators, default=_schedule)}\n" for path, operators in tests.items())
    return RULE.format(id=rule.id, match=match)


def _schedule(schedule: Schedule) -> dict[str, object]:
    return {"hours": [str(hours) for hours in schedule.hours], "timezone": schedule.zone}
