"""Codes about the text of a file, before it is a rule."""

from typing import Final

from trailbell_rules.code import Code

_LATIN: Final = "latin-1"

_ZURICH: Final = """\
# rules/zurich.yaml
id: zurich
title: Somebody in Zürich
severity: low
match: {context.city: Zürich}
"""
_DELETED: Final = """\
# rules/app.yaml
id: app-deleted
title: An application was deleted
severity: high
match:
  event_type: APP_DELETE
"""
TEXT: Final = (
    Code(
        name="alias",
        summary="An alias (`*name`) has no anchor (`&name`) before it, stands inside what it repeats, or repeats too "
        "much: all aliases of a document together may repeat 10,000 values.",
        why="Nine short lines of aliases can stand for more values than a computer holds. Often the text is no alias "
        "at all: it begins with `*` and has no quotes.",
        bad="""\
# rules/callback.yaml
id: callback-elsewhere
title: A number calls back elsewhere
severity: high
match: {context.http: {not: {contains: *internal}}}
""",
        good="""\
# rules/callback.yaml
id: callback-elsewhere
title: A number calls back elsewhere
severity: high
match: {context.http: {not: {contains: '*internal'}}}
""",
    ),
    Code(
        name="bad-key",
        summary="A key of a mapping is no text. `404` is a number and `true` a boolean; in quotes they are texts.",
        why="Fields of events are texts. A key of another kind would never be found.",
        bad="""\
# rules/errors.yaml
id: many-errors
title: There were errors
severity: low
match: {404: {exists: true}}
""",
        good="""\
# rules/errors.yaml
id: many-errors
title: There were errors
severity: low
match: {"404": {exists: true}}
""",
    ),
    Code(
        name="bad-number",
        summary="A number cannot be held exactly by an event: it is infinite, not a number, or beyond 64 bits.",
        why="It would compare with something else than what is written. An identifier that looks like a number needs "
        "quotes.",
        bad="""\
# rules/one-device.yaml
id: one-device
title: The device was used
severity: low
match: {context.device: 89441000304567891234567}
""",
        good="""\
# rules/one-device.yaml
id: one-device
title: The device was used
severity: low
match: {context.device: "89441000304567891234567"}
""",
    ),
    Code(
        name="control-character",
        summary="The file holds a character that YAML does not allow, such as NUL or ESC.",
        why="It comes from a wrong encoding, or is there to deceive who reads the file on a terminal.",
        bad="# rules/quiet.yaml\nid: quiet\ntitle: All is well\x1b[2K\nseverity: low\nmatch: {source: CD}\n",
        good="# rules/quiet.yaml\nid: quiet\ntitle: All is well\nseverity: low\nmatch: {source: CD}\n",
    ),
    Code(
        name="duplicate-key",
        summary="A key stands twice in one mapping.",
        why="Most YAML readers keep the last one in silence, so half of what is written would mean nothing.",
        bad="""\
# rules/sign-in.yaml
id: sign-in-from-elsewhere
title: A sign-in from elsewhere
severity: low
match:
  source_country: {not_in: [GB]}
  event_type: USER_LOGIN
  source_country: {not_in: [IE]}
""",
        good="""\
# rules/sign-in.yaml
id: sign-in-from-elsewhere
title: A sign-in from elsewhere
severity: low
match:
  event_type: USER_LOGIN
  source_country: {not_in: [GB, IE]}
""",
    ),
    Code(
        name="leading-zero",
        summary="A number begins with zeros, which get lost: by YAML 1.2 `0447` is the number 447.",
        why="Telephone and account numbers are texts. As a number it equals no text.",
        bad="""\
# rules/our-number.yaml
id: our-number-changed
title: Our number was changed
severity: high
match: {event_type: NUMBER_UPDATED, context.msisdn: 0447700900000}
""",
        good="""\
# rules/our-number.yaml
id: our-number-changed
title: Our number was changed
severity: high
match: {event_type: NUMBER_UPDATED, context.msisdn: "447700900000"}
""",
        severity="warning",
        lint=True,
    ),
    Code(
        name="merge-key",
        summary="The merge key `<<` is used, which is no part of YAML 1.2.",
        why="Readers of YAML 1.2, editors among them, take it for a field that is called `<<`.",
        bad="""\
# rules/secrets.yaml
id: secret-created
title: A secret was created
severity: medium
match:
  <<: {source: CD}
  event_type: ACCOUNT_SECRET_CREATE
""",
        good="""\
# rules/secrets.yaml
id: secret-created
title: A secret was created
severity: medium
match:
  use: by-a-person
  event_type: ACCOUNT_SECRET_CREATE
# rules/_shared.yaml
predicates:
  by-a-person: {source: CD}
""",
    ),
    Code(
        name="not-utf-8",
        summary="The file is not UTF-8.",
        why="Its letters would be other letters on the next machine, and a rule that compares them would not match.",
        bad=_ZURICH,
        good=_ZURICH,
        encoding=_LATIN,
    ),
    Code(
        name="tab",
        summary="A tab indents a line. YAML allows spaces only.",
        why="Editors show tabs as wide as they like, so what looks like one level is another.",
        bad=_DELETED.replace("  ", "\t"),
        good=_DELETED,
    ),
    Code(
        name="too-deep",
        summary="Values are nested more than 64 levels deep.",
        why="No event is, and a text of nothing but brackets could otherwise end the program.",
        bad=f"""\
# rules/deep.yaml
id: deep
title: Deep
severity: low
match: {{a: {"[" * 66}x{"]" * 66}}}
""",
        good="# rules/deep.yaml\nid: deep\ntitle: Deep\nseverity: low\nmatch: {a: [x]}\n",
    ),
    Code(
        name="too-large",
        summary="A file, or what `use` draws into a rule, is beyond the budget: 1 MiB a file of rules, 100,000 tests "
        "drawn in by `use`, and a bound on the files of lists.",
        why="Loading must stay fast whatever a file holds. Six lines that use one another can be a million tests.",
        bad="A file of three megabytes with ten thousand rules in it.",
        good="A file for each rule. A long list of values goes into a file of its own, which a definition names.",
    ),
    Code(
        name="too-many-problems",
        summary="A file has more than 1,000 problems. The rest of it was not read.",
        why="Nobody mends more at once. Mostly one mistake is behind them all.",
        bad="A file that holds something else than rules, such as an export of 300,000 lines, in the rules' folder.",
        good="Move the file to another folder, or begin its name with a dot.",
    ),
    Code(
        name="yaml-syntax",
        summary="The text is no YAML. The rest of this rule could not be read; the other rules of the file were.",
        why="What comes after the mistake could mean anything, so none of it is taken.",
        bad="""\
# rules/released.yaml
id: number-released
title: Released: a number
severity: low
match: {event_type: NUMBER_RELEASE}
""",
        good="""\
# rules/released.yaml
id: number-released
title: "Released: a number"
severity: low
match: {event_type: NUMBER_RELEASE}
""",
    ),
    Code(
        name="yaml-tag",
        summary="A YAML tag (`!!str`, `!name`) is used.",
        why="Tags make programs of data in some readers. Quotes make a text of anything.",
        bad="""\
# rules/port.yaml
id: port-opened
title: A port was opened
severity: low
match: {context.port: !!str 22}
""",
        good="""\
# rules/port.yaml
id: port-opened
title: A port was opened
severity: low
match: {context.port: "22"}
""",
    ),
)
