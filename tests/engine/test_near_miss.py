"""What is nearly right about a test that does not hold: said, so that nobody stares at two equal words."""

import pytest

from trailbell_engine.explain import explain


@pytest.fixture
def remark(a_test, an_event):
    """A function: what is said beside ``path operator operand`` on a record."""

    def of(data, path, operator, operand, **more):
        return explain(a_test(path, operator, operand, **more), an_event(data)).remark

    return of


@pytest.mark.parametrize(
    ("value", "operator", "operand", "words"),
    [
        ("SIP", "equals", "sip", "it differs only in case"),
        ("SIP", "in", ["app", "sip"], "it differs only in case"),
        ("sip ", "equals", "sip", "it differs only in white space"),
        ("two  words", "equals", "two words", "it differs only in white space"),
        (" Sip", "equals", "sip", "it differs only in white space and in case"),
        ("si\u200bp", "equals", "sip", "it differs only in characters that cannot be seen or look alike"),
        ("\uff53ip", "equals", "sip", "it differs only in characters that cannot be seen or look alike"),
        ("11", "equals", 11, "it is a string, and the rule has a number"),
        (11, "equals", "11", "it is a number, and the rule has a string"),
        ("true", "equals", True, "it is a string, and the rule has a boolean"),
        (11, "in", ["7", "11"], "it is a number, and the rule has a string"),
        ("Ada@Example.com", "ends_with", "@example.com", "it differs only in case"),
        ("CUSTOMER", "contains", "custom", "it differs only in case"),
        (" 192.0.2.1", "cidr", "192.0.2.0/24", "it differs only in white space"),
        (7, "starts_with", "x", "it is a number, not a string"),
        ("12 EUR", "gt", 10, "it is a string, not a number or a time"),
        ("noon", "gte", "2026-11-22T10:00:00Z", "it is a string, not a number or a time"),
        ("host.example.com", "cidr", "private", "it is a string, not an IP address"),
        ("sip", "any_element", None, "it is a string, not an array"),
        (["x", "SIP"], "equals", "sip", "it differs only in case"),
    ],
)
def test_nearly(remark, a_test, value, operator, operand, words):
    """Case, white space, look-alikes, and types are named."""
    operand = a_test("this", "equals", "x", in_element=True) if operand is None else operand
    assert remark({"a": value}, "a", operator, operand) == words


@pytest.mark.parametrize(
    ("value", "operator", "operand"),
    [("tel", "equals", "sip"), (7, "equals", 8), (None, "equals", "sip"), ("sip", "equals", "sip"), (5, "gt", 10)],
)
def test_what_is_plainly_different_needs_no_remark(remark, value, operator, operand):
    """Neither does what holds."""
    assert remark({"a": value}, "a", operator, operand) == ""


def test_case_that_is_ignored_is_no_difference(remark):
    """With ``ignore_case`` only the rest can differ."""
    assert remark({"a": "SIP "}, "a", "equals", "sip", ignore_case=True) == "it differs only in white space"


def test_a_long_list_is_not_searched(remark):
    """What somebody may have meant is not worth a walk over a million entries."""
    entries = [f"n{number}" for number in range(20_000)]
    assert remark({"a": "N1"}, "a", "in", entries[:100]) == "it differs only in case"
    assert remark({"a": "N1"}, "a", "in", entries) == ""


@pytest.mark.parametrize(
    ("data", "path", "words"),
    [
        ({"voice_type": "sip"}, "voice-type", 'the event has "voice_type"'),
        ({"context": {"Voice-Type": "sip"}}, "context.voice-type", 'the event has "Voice-Type"'),
        ({"userEmail": "a"}, "useremail", 'the event has "userEmail"'),
        ({"a.b": 1}, "a.b", 'the event has "a.b": a name with dots in it is quoted'),
        ({"source_ip": "192.0.2.1"}, "source", ""),
        ({"context": "sip"}, "context.voice-type", ""),
        ({}, "voice-type", ""),
    ],
)
def test_a_field_of_nearly_that_name(remark, data, path, words):
    """Where a path finds nothing, the field that was likely meant is named."""
    assert remark(data, path, "equals", "x") == words
