"""What a string looks like: patterns, globs, and comparing without case."""

import pytest

from trailbell_engine.operators import OperandError

STRING_OPERATORS = {
    "equals": lambda text: text,
    "in": lambda text: [text],
    "contains": lambda text: text,
    "starts_with": lambda text: text,
    "ends_with": lambda text: text,
    "matches": lambda text: f"^{text}$",
    "glob": lambda text: text,
}


class TestIgnoreCase:
    """``ignore_case: true`` folds by ``str.casefold``, in every operator that compares strings."""

    @pytest.mark.parametrize("operator", STRING_OPERATORS)
    @pytest.mark.parametrize(
        ("written", "value", "expected"),
        [
            ("SIP", "sip", True),
            ("sip", "SIP", True),
            ("STRASSE", "straße", True),
            ("ÉCOLE", "école", True),
            ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
            ("I", "\N{LATIN SMALL LETTER DOTLESS I}", False),  # it is its own letter, whatever the locale
            ("I", "i", True),
            ("sip", "sips", None),
        ],
    )
    def test_folding(self, operator, written, value, expected, a_test, an_event, it_holds):
        """Folding is full case folding, locale independent."""
        if expected is None:
            expected = operator in ("contains", "starts_with")
        test = a_test("a", operator, STRING_OPERATORS[operator](written), ignore_case=True)
        assert it_holds(test, an_event({"a": value})) is expected

    @pytest.mark.parametrize("operator", STRING_OPERATORS)
    @pytest.mark.parametrize("text", ["sip", "straße", "İ", "ŉ", "ﬁ", "ᾳ"])
    def test_what_holds_exactly_holds_folded(self, operator, text, a_test, an_event, it_holds):
        """Ignoring case only ever adds values."""
        assert it_holds(
            a_test("a", operator, STRING_OPERATORS[operator](text), ignore_case=True), an_event({"a": text})
        )

    def test_a_question_mark_is_one_character_before_folding(self, a_test, an_event, it_holds):
        """``?`` takes the ß that stands in the value, though it folds to two letters."""
        event = an_event({"a": "Straße"})
        assert it_holds(a_test("a", "glob", "STRA?E", ignore_case=True), event)
        assert it_holds(a_test("a", "glob", "stra??e", ignore_case=True), event)
        assert not it_holds(a_test("a", "glob", "stra?e"), event)

    def test_the_difference_without_it(self, a_test, an_event, it_holds):
        """Without ``ignore_case`` every one of them is exact."""
        for operator, operand_for in STRING_OPERATORS.items():
            assert not it_holds(a_test("a", operator, operand_for("sip")), an_event({"a": "SIP"}))

    def test_same_as(self, a_test, an_event, it_holds):
        """``same_as`` and ``differs_from`` fold both sides."""
        event = an_event({"a": "Eve@Example.com", "b": ["x", "eve@example.COM"]})
        assert it_holds(a_test("a", "same_as", "b", ignore_case=True), event)
        assert not it_holds(a_test("a", "same_as", "b"), event)
        assert not it_holds(a_test("a", "differs_from", "b", ignore_case=True), event)


class TestPatterns:
    """``matches`` is RE2, unanchored and linear; ``glob`` is anchored at both ends."""

    @pytest.mark.parametrize(
        ("pattern", "value", "expected"),
        [
            ("oo", "foobar", True),
            ("^foo", "x\nfoo", False),
            ("(?m)^foo", "x\nfoo", True),
            ("bar$", "bar\n", False),
            ("a.b", "a\nb", False),
            ("(?s)a.b", "a\nb", True),
            ("(?i)SIP", "sip", True),
            (["^x", "y$"], "ay", True),
            (r"\d", "٣", False),
            (r"\pN", "٣", True),
            ("^.$", "𝄞", True),
            ("^$", "", True),
            ("a\\x00b", "a\0b", True),
        ],
    )
    def test_matches(self, pattern, value, expected, a_test, an_event, it_holds):
        """``$`` is the end of the text, ``.`` stops at line ends, characters are code points."""
        assert it_holds(a_test("a", "matches", pattern), an_event({"a": value})) is expected

    def test_a_pattern_that_backtracks_elsewhere_finishes(self, a_test, an_event, it_holds):
        """Nested repetition over a long text is no work for RE2; a backtracking engine would not end this century."""
        assert not it_holds(a_test("a", "matches", "(a+)+$"), an_event({"a": "a" * 100_000 + "!"}))

    @pytest.mark.parametrize(
        ("pattern", "advice"),
        [("(", "RE2"), ("(?!x)", "look-around"), (r"(a)\1", "back-references"), ("(?:\\pL{1000}){1000}", "RE2")],
    )
    def test_an_invalid_pattern(self, pattern, advice, a_test):
        """What RE2 cannot compile, or only with too much memory, is refused at load with advice."""
        with pytest.raises(OperandError) as refused:
            a_test("a", "matches", ["fine", pattern])
        assert (refused.value.code, refused.value.at) == ("bad-pattern", (1,))
        assert advice in refused.value.help

    @pytest.mark.parametrize("operator", ["matches", "glob"])
    def test_a_pattern_that_is_too_large_without_case(self, operator, a_test):
        """A pattern that would fit exactly and not without case is refused at load, whichever way it is meant."""
        with pytest.raises(OperandError, match="too large"):
            a_test("a", operator, "k" * 160_000)

    @pytest.mark.parametrize(
        ("glob", "value", "expected"),
        [
            ("*", "", True),
            ("*", "a\nb", True),
            ("?", "", False),
            ("?", "𝄞", True),
            ("a?c", "abc", True),
            ("a?c", "ac", False),
            ("a*c", "abcbc", True),
            ("a*c", "xabc", False),
            ("a*c", "abcx", False),
            ("a.c", "abc", False),
            ("[ab]", "a", False),
            ("[ab]", "[ab]", True),
            ("a+b|c(d)^$\\{2}", "a+b|c(d)^$\\{2}", True),
            ("a\0b", "a\0b", True),
            ("é*", "école", True),
            (["x*", "*y"], "ay", True),
        ],
    )
    def test_glob(self, glob, value, expected, a_test, an_event, it_holds):
        """Only ``*`` and ``?`` are special, and the whole string must fit."""
        assert it_holds(a_test("a", "glob", glob), an_event({"a": value})) is expected
