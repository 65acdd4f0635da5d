"""Draws ``demo.svg``: a dry-run of the shipped rules over the synthetic month, and one alert as Slack shows it."""

import io
import json
import re
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.text import Text

import trailbell
from trailbell.cli.samples import print_samples
from trailbell.cli.table import print_report
from trailbell.testing.synthetic import month

_WIDTH = 116


def draw() -> str:
    """The picture as SVG; the same on every machine but for the font."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False, markup=False)
    rules = trailbell.load_rules("pack:vonage")
    report = trailbell.dry_run(rules, month(seed=1, start=date(2026, 10, 1)).events, map="vonage")
    console.print(Text("$ trailbell dry-run pack:vonage --events october.ndjson --sample 1\n", "bold"))
    print_report(console, report)
    hijack = next(stored for stored in report.alerts if stored.alert.rule_id == "vonage-number-voice-type-changed")
    print_samples(console, rules, trailbell.Report(**{**_fields(report), "alerts": (hijack,)}), 1)
    # Rich points to a font on the web; whoever looks at a picture should not be asking anybody for anything.
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="trailbell"), flags=re.DOTALL)


def _fields(report: trailbell.Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__slots__}


if __name__ == "__main__":
    target = Path(__file__).with_name("demo.svg")
    target.write_text(draw(), encoding="utf-8")
    print(json.dumps({"wrote": str(target.name)}))
