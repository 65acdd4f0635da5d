"""Parts that cannot fit each other are refused before anything runs."""

import pytest

from trailbell.configuration.policy import read_policy
from trailbell.wiring import WiringError, check_inhibitions, known_labels, matched_labels
from trailbell_notifiers.policy.inhibition import read_inhibitions

RULES = """
id: lockout
title: t
severity: high
match: {event_type: LOCKED}
---
id: lockout-of-one
title: t
severity: high
match: {event_type: LOCKED}
when: {each: {by: user_email}}
---
id: failed-logins
title: t
severity: high
match: {event_type: FAILED}
when: {count: {at_least: 5, within: 5m, by: user_email}}
"""
FAILED = ["rule=failed-logins"]


def check(rules, **entry):
    """Whether the inhibition fits the rules."""
    entry = {"target": FAILED, "equal": ["user_email"], **entry}
    check_inhibitions(rules(RULES), read_inhibitions([entry]))


@pytest.mark.parametrize(
    "entry",
    [
        {"source": ["rule=lockout-of-one"]},
        {"source": ['rule=~"lockout.*"']},  # one of them has it
        {"source": ["severity=critical"]},
        {"source": ["rule=not-loaded"]},  # a rule that is taken away must not stop the others
        {"source": ["rule=lockout"], "equal": ["source"]},  # every alert has it
        {"source": ["rule=lockout"], "equal_missing": "match"},
    ],
)
def test_an_inhibition_that_can_apply_is_taken(rules, entry):
    """Both sides have alerts with the labels of ``equal``."""
    check(rules, **entry)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"source": ["rule=lockout"]}, "no alert that `source` takes has a label 'user_email'"),
        ({"source": FAILED, "target": ["rule=lockout"]}, "no alert that `target` takes has a label 'user_email'"),
        ({"source": ["severity=critical"], "equal": ["user_mail"]}, "has a label 'user_mail'"),
    ],
)
def test_an_inhibition_that_could_never_apply_is_refused(rules, entry, said):
    """It would look like one, and every alert would be told all the same."""
    with pytest.raises(WiringError) as refused:
        check(rules, **entry)
    assert said in refused.value.message
    assert "`equal_missing: match`" in refused.value.help


def test_what_matchers_ask_for_is_compared_with_what_alerts_have(rules):
    """A misspelled label takes no alert, and says nothing about it."""
    config = {
        "route": {
            "receiver": "a",
            "routes": [{"matchers": ["severty=low"], "routes": [{"matchers": ["user_email=x"]}]}],
        },
        "inhibit": [{"source": ["rule=a"], "target": ["tagg=b"]}],
        "silences": [{"matchers": ["ownr=me"], "ends": "2027-01-01T00:00:00Z", "comment": "x"}],
    }
    asked = matched_labels(read_policy(config, ["a"]))
    assert asked - set(known_labels(rules(RULES))) == {"severty", "tagg", "ownr"}
