"""What each problem code means, and why it is a problem: the page behind ``trailbell docs CODE``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, str]] = {
    "alias": (
        "A YAML alias (`*name`) repeats what an anchor (`&name`) marks. It must stand after its anchor and "
        "outside it, and all aliases of a document together may repeat 10,000 values: nine short lines of aliases "
        "can stand for more values than a computer holds. A text that begins with `*` needs quotes."
    ),
    "bad-condition": "The parameters of the condition are well-formed one by one, but not together.",
    "bad-duration": (
        "A duration is written with units, largest first: `90s`, `10m`, `1h30m`, `2d`, `1w`, `250ms`. It is more "
        "than nothing and at most ten years."
    ),
    "bad-key": "A key of a mapping is a text. `404:` is a number and `true:` a boolean; in quotes they are texts.",
    "bad-list": (
        "A list of a definitions file has values: written out, one a line of a text file, or a column of a CSV file."
    ),
    "bad-network": (
        'A network is an address and a mask, such as `203.0.113.0/24` or `"2001:db8::/32"`, and no bit is set '
        "beyond the mask: `10.0.0.1/8` could mean one machine or sixteen million."
    ),
    "bad-number": (
        "The number cannot be held exactly by an event: it is infinite, not a number, or beyond 64 bits. An "
        "identifier that looks like a number needs quotes."
    ),
    "bad-operand": "The operator cannot use this value. The reference lists what each operator takes.",
    "bad-path": (
        "A field path has names separated by dots: `context.voice-type`. A name with a dot, bracket or quotation "
        'mark in it is quoted: `a."b.c"`. `items[0]`, `items[-1]` and `items[*]` pick elements.'
    ),
    "bad-pattern": (
        "Patterns are RE2, which takes linear time whatever the event holds. It has no look-around and no "
        "back-references."
    ),
    "bad-schedule": (
        "A schedule is `{timezone: Europe/London, days: mon-fri, hours: 08:00-18:00, holidays: GB}`; each part "
        "may be left out. Hours may run over midnight, days over the weekend."
    ),
    "bad-route": "A route names a receiver that is not configured, or matches in a way that can never hold.",
    "bad-template": "A title or summary is no Jinja2 template, or does more than read fields and print them.",
    "bad-value": "The value is of the right kind and still not one that may stand here.",
    "circular-use": (
        "A named predicate uses itself, directly or through others, or more than 32 use one another in a row."
    ),
    "control-character": (
        "The file holds a character that YAML does not allow, such as NUL or ESC. It may come from a wrong "
        "encoding, or be there to deceive a reader."
    ),
    "duplicate-id": "Two rules of a set share an id. Alerts and state belong to an id, so it must be unique.",
    "duplicate-key": "A key stands twice in one mapping. Most YAML readers keep the last one in silence.",
    "duplicate-name": (
        "Two definitions of one kind share a name. Only the definitions of a pack may be replaced by others."
    ),
    "leading-zero": "By YAML 1.2 `0447` is the number 447. A telephone number or an account needs quotes.",
    "merge-key": "The merge key `<<` is no part of YAML 1.2. Name a predicate in a definitions file and `use` it.",
    "misplaced": "Files whose name begins with `_` hold definitions, all others hold rules.",
    "missing-key": "A key that must be there is not.",
    "no-operator": "A test that is a mapping needs at least one operator.",
    "no-rules": "The paths hold no rules: no `*.yaml` or `*.yml` file with a rule in it.",
    "no-such-file": (
        "The file is not there or cannot be read. Names in definitions are relative to the definitions file."
    ),
    "no-such-pack": "No pack of that name comes with the package.",
    "not-utf-8": "Rule files are UTF-8.",
    "one-document": "The configuration is one YAML document, with no `---` inside.",
    "operator-as-field": "An operator stands where a field path stands. Below its field it would test something.",
    "several-conditions": "`when` takes exactly one condition. Two conditions are two rules.",
    "tab": "YAML allows no tabs in indentation.",
    "too-deep": "Values are nested more than 64 levels deep.",
    "too-large": "A file, or what `use` draws into a rule, is beyond the budget that keeps loading fast.",
    "undefined-name": (
        "No definition of that name is in the rule set. Definitions stand in files whose name begins with `_`."
    ),
    "unknown-condition": "`when` names no condition that is known.",
    "unknown-key": "The key means nothing here. Nothing is ignored in silence, as a misspelt key would be.",
    "unknown-variable": (
        "A template prints a name that neither the rule's test events nor the engine provide; nothing may be there "
        "when an alert is written."
    ),
    "unknown-operator": (
        "A test that is a mapping consists of operators. A field inside a field is written as one path: "
        "`context.msisdn`, not `context: {msisdn: …}`."
    ),
    "unset-variable": "The configuration names an environment variable, `${NAME}`, that is not set.",
    "untested": (
        "A rule should carry one test that fires and one that stays silent: a rule that never fires looks like a "
        "quiet day."
    ),
    "unused-definition": "Nothing uses the definition; it may be misspelt somewhere.",
    "wrong-type": "The value is of another kind than what must stand here.",
    "yaml-syntax": (
        "The text is no YAML. The rest of the document could not be read; other documents of the file were."
    ),
    "yaml-tag": "YAML tags (`!!str`, `!name`) are not used: quotes make a text of anything.",
}
