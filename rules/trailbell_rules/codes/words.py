"""Codes about the templates of titles and summaries."""

from typing import Final

from trailbell_rules.code import Code

_BODY: Final = "severity: medium\nmatch: {event_type: ACCOUNT_SECRET_CREATE}\n"
_TESTS: Final = """\
tests:
  - name: a secret is created
    events: [{event_type: ACCOUNT_SECRET_CREATE, user_email: ana@example.com}]
    alerts: [{}]
"""

WORDS: Final = (
    Code(
        name="bad-template",
        summary="A title or summary is no Jinja2 template, or does more than read fields and print them.",
        why="Templates are read with what strangers wrote into events. They can call nothing, so that nothing can go "
        "wrong.",
        bad='# rules/secret.yaml\nid: secret-created\ntitle: "{{ user_email } created a secret"\n' + _BODY,
        good='# rules/secret.yaml\nid: secret-created\ntitle: "{{ user_email }} created a secret"\n' + _BODY,
    ),
    Code(
        name="unknown-variable",
        summary="A template prints a name that neither the rule's test events, nor the source, nor the engine "
        "provides.",
        why="Nothing may be there when an alert is written, and the alert goes out in built-in words instead of yours.",
        bad='# rules/secret.yaml\nid: secret-created\ntitle: "{{ usr_email }} created a secret"\n' + _BODY + _TESTS,
        good='# rules/secret.yaml\nid: secret-created\ntitle: "{{ user_email }} created a secret"\n' + _BODY + _TESTS,
        severity="warning",
        lint=True,
    ),
)
