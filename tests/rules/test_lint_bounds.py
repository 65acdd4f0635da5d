"""Checks end in bounded time on whatever a large file holds, and say a bounded number of things."""

import time
from collections.abc import Callable

import pytest

from trailbell.loading import all_checks
from trailbell_rules.lint import Check, Seen
from trailbell_rules.lint.base import MOST_OF_A_RULE
from trailbell_rules.load import load_texts

BYTES = 400_000
HEAD = "id: a\ntitle: t\nseverity: low\nmatch:\n"
RULE = "id: a{}\ntitle: t\nseverity: low\nmatch: {}\n---\n"
LAST = "id: a\ntitle: t\nseverity: low\nmatch: {a: b}\n"


def _filled(head: str, piece: Callable[[int], str], tail: str = "") -> str:
    pieces, size, number = [head], len(head), 0
    while size < BYTES:
        pieces.append(piece(number))
        size += len(pieces[-1])
        number += 1
    return "".join([*pieces, tail])


def _rules(match: str) -> str:
    return _filled("", lambda n: RULE.format(n, match.replace("N", str(n))), LAST)


def _tested(fields: int) -> str:
    head = (
        HEAD
        + "".join(f"  user_emaix{n}.a: b\n" for n in range(fields))
        + "tests:\n- name: t\n  alerts: []\n  events:\n"
    )
    return _filled(head, lambda n: f"  - {{event_type: A, user_email{n}: 1}}\n")


SHAPES = {
    "many alternatives": lambda: _filled(HEAD + "  any:\n", lambda n: f"  - {{a: v{n}, b: w{n}}}\n"),
    "alternatives in alternatives": lambda: _filled(HEAD + "  all:\n", lambda n: f"  - any: [a: v{n}, b: v{n}]\n"),
    "kinds nobody knows": lambda: _filled(HEAD + "  event_type: [", lambda n: f"USER_LOGI{n}, ", "X]\n"),
    "fields nobody knows": lambda: _filled(HEAD + "  event_type: USER_LOGIN\n", lambda n: f"  user_emai{n}: x\n"),
    "fields that are nearly those of tests": lambda: _tested(200),
    "as many fields as tests": lambda: _tested(9_000),
    "severities": lambda: _filled(
        HEAD + "  a: b\nalert:\n  severity:\n", lambda n: f"  - {{if: {{a: v{n}}}, then: high}}\n"
    ),
    "steps": lambda: _filled(
        HEAD + "  a: b\nwhen:\n  sequence:\n    within: 1h\n    steps:\n",
        lambda n: f"    - {{name: s{n}, match: {{a: v{n}}}}}\n",
    ),
    "rules of one kind": lambda: _rules("{event_type: A, x: N}"),
    "rules with nothing to tell them apart": lambda: _rules("{x: {not_equals: N}}"),
    "rules that imply one another": lambda: _rules("{x: {gt: N}}"),
}


def _took_s(text: str, checks: tuple[Check, ...]) -> float:
    started = time.process_time()
    load_texts({"r.yaml": text}, checks=checks)
    return time.process_time() - started


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_rules_are_checked_in_seconds(shape: str) -> None:
    """What was quadratic took minutes; the checks take no longer than reading does, give or take a second or two."""
    text = SHAPES[shape]()
    read_s = _took_s(text, ())
    checked_s = _took_s(text, all_checks())
    assert checked_s - read_s < 3 + read_s


def test_one_check_says_a_bounded_number_of_things_about_a_rule() -> None:
    """Nobody mends more at once."""
    text = "# trailbell: ignore[untested] x y z\n" + HEAD + "  event_type: USER_LOGIN\n"
    text += "".join(f"  user_emai{number}: x\n" for number in range(1_000))
    loaded = load_texts({"r.yaml": text}, checks=all_checks())
    assert len(loaded.problems) == MOST_OF_A_RULE


def test_history_of_many_names_costs_no_more() -> None:
    """Thousands of kinds and of fields, and a rule that knows none of them."""
    seen = Seen(
        events=10_000,
        first_us=0,
        last_us=1,
        event_types={"USER_LOGIN": 9_000, **{f"USER_LOGI{number}": 1 for number in range(5_000)}},
        read=1,
        paths=frozenset(f"user_emai{number}x" for number in range(5_000)),
    )
    text = _filled(HEAD + "  event_type: USER_LOGIN\n", lambda n: f"  user_emai{n}: x\n")
    read_s = _took_s(text, ())
    checked_s = _took_s(text, all_checks(seen))
    assert checked_s - read_s < 3 + read_s
