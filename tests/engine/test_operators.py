"""The operators of ``match``: which values each holds for, and which it does not."""

from typing import NamedTuple

import pytest

from trailbell_engine.operators import NEGATIVES, OPERATORS, Names, OperandError
from trailbell_engine.predicate import ALWAYS, AllOf, Not, to_json
from trailbell_engine.schedule import Hours, Schedule

WORKDAY = Schedule(days=frozenset(range(5)), hours=(Hours(9 * 60, 17 * 60),))
NOON_OF_MONDAY, MIDNIGHT_OF_MONDAY = "2026-11-23T12:00:00Z", "2026-11-23T00:00:00Z"


class Row(NamedTuple):
    """One operator that looks at each value by itself: an operand, and values that do and do not meet it."""

    operator: str
    operand: object
    hit: object
    near_miss: object
    wrong_type: object


ROWS = (
    Row("equals", "sip", "sip", "SIP", 11),
    Row("equals", 11, 11.0, 12, "11"),
    Row("equals", True, True, False, 1),
    Row("in", ["sip", 5], 5.0, "SIP", "5"),
    Row("starts_with", ["4477", "4420"], "442079460000", "0442079460000", 442079460000),
    Row("ends_with", "@example.com", "eve@example.com", "eve@example.com.evil.net", {"@example.com": 1}),
    Row("matches", "^sip:.*@", "sip:bob@host", " sip:bob@host", 5),
    Row("glob", "sip:*@*.example.com", "sip:bob@pbx.example.com", "sip:bob@example.com", True),
    Row("gt", 10, "10.5", 10, "ten"),
    Row("gte", 10, 10.0, 9.999, "10 "),
    Row("lt", "2026-11-22T10:00:00Z", "2026-11-22T09:59:59.999999Z", "2026-11-22T10:00:00Z", 0),
    Row("lte", 0, -1, 1, "2026-11-22T10:00:00Z"),
    Row("cidr", ["203.0.113.0/24", "2001:db8::/32"], "2001:db8::7", "203.0.114.0", 3405803776),
    Row("during", WORKDAY, NOON_OF_MONDAY, MIDNIGHT_OF_MONDAY, 1795435200),
    Row("outside", WORKDAY, MIDNIGHT_OF_MONDAY, NOON_OF_MONDAY, "noon"),
)

SITUATIONS = {
    "the value itself": (lambda row: {"a": {"b": row.hit}}, True),
    "a near miss": (lambda row: {"a": {"b": row.near_miss}}, False),
    "MISSING": (lambda _: {"a": {}}, False),
    "MISSING from further up": (lambda _: {}, False),
    "MISSING below a scalar": (lambda _: {"a": "b"}, False),
    "null": (lambda _: {"a": {"b": None}}, False),
    "a wrong type": (lambda row: {"a": {"b": row.wrong_type}}, False),
    "an object": (lambda row: {"a": {"b": {"x": row.hit}}}, False),
    "an array with it": (lambda row: {"a": {"b": [row.near_miss, row.hit]}}, True),
    "an array without it": (lambda row: {"a": {"b": [row.near_miss, row.wrong_type]}}, False),
    "an empty array": (lambda _: {"a": {"b": []}}, False),
    "an array of arrays with it": (lambda row: {"a": {"b": [[row.near_miss], [[row.hit]]]}}, True),
    "an array of arrays without it": (lambda row: {"a": {"b": [[row.near_miss], []]}}, False),
    "an array on the way, with it": (lambda row: {"a": [{}, {"b": row.near_miss}, {"b": row.hit}]}, True),
    "an array on the way, without it": (lambda row: {"a": [{"b": row.near_miss}, "b", None]}, False),
    "an empty array on the way": (lambda _: {"a": []}, False),
    "arrays in arrays on the way": (lambda row: {"a": [[{"b": row.near_miss}], [[{"b": [row.hit]}]]]}, True),
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operator}-{row.hit}")
def test_an_operator_on_single_values(row, situation, a_test, an_event, it_holds):
    """A positive test holds for any element that meets it, on the way or at the end; never on MISSING."""
    make, expected = SITUATIONS[situation]
    event = an_event(make(row))
    assert it_holds(a_test("a.b", row.operator, row.operand), event) is expected


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(
    "row", [row for row in ROWS if OPERATORS[row.operator].negative], ids=lambda row: f"{row.operator}-{row.hit}"
)
def test_a_negative_is_the_negation_everywhere(row, situation, a_test, an_event, it_holds):
    """A negative operator holds exactly where its positive does not: on MISSING, null and wrong types, too."""
    event = an_event(SITUATIONS[situation][0](row))
    positive = a_test("a.b", row.operator, row.operand)
    negative = a_test("a.b", OPERATORS[row.operator].negative, row.operand)
    assert it_holds(negative, event) is not it_holds(positive, event)
    assert it_holds(Not(negative), event) is it_holds(positive, event)


def test_the_table_covers_every_operator_that_looks_at_values():
    """No operator of the language is left out of the table above; the others have their own tests below."""
    structural = {"contains", "exists", "length", "same_as", "any_element", "every_element"}
    assert {row.operator for row in ROWS} | structural == set(OPERATORS)
    assert set(NEGATIVES) == {"not_equals", "not_in", "not_cidr", "differs_from", "no_element"}


class TestEquality:
    """``equals``, ``in``: numbers by value, booleans only booleans, strings exactly."""

    @pytest.mark.parametrize(
        ("operand", "value", "expected"),
        [
            (1, 1.0, True),
            (1.0, 1, True),
            (1, True, False),
            (0, False, False),
            (True, 1, False),
            (False, 0.0, False),
            (-0.0, 0, True),
            (2**53 + 1, 2**53 + 1, True),
            (2**53 + 1, float(2**53), False),
            (10**30, 10**30, True),
            (10**22, 1e22, True),
            ("11", 11, False),
            (11, "11", False),
            ("", "", True),
            ("", None, False),
            (None, None, True),
            (None, False, False),
            (None, 0, False),
            ("é", "e\u0301", False),
            ("sip", ["sip"], True),
            ("sip", {"sip": "sip"}, False),
        ],
    )
    def test_one_value_against_another(self, operand, value, expected, a_test, an_event, it_holds):
        """``equals`` and ``in`` with that one entry say the same."""
        event = an_event({"a": value})
        assert it_holds(a_test("a", "equals", operand), event) is expected
        assert it_holds(a_test("a", "in", [operand, "something else"]), event) is expected
        assert it_holds(a_test("a", "in", ["something else", operand]), event) is expected

    def test_null_is_a_value_and_missing_is_not(self, a_test, an_event, it_holds):
        """``equals: null`` holds where null is present, and only there."""
        null = a_test("a", "equals", None)
        assert it_holds(null, an_event({"a": None}))
        assert it_holds(null, an_event({"a": [1, None]}))
        assert not it_holds(null, an_event({}))

    def test_a_named_list(self, a_test, an_event, it_holds):
        """``in`` takes the name of a list."""
        names = Names(lists={"admins": ("eve", "bob")})
        assert it_holds(a_test("user", "in", "admins", names=names), an_event({"user": "bob"}))
        assert it_holds(a_test("user", "not_in", "admins", names=names), an_event({"user": "mallory"}))


class TestContains:
    """``contains`` looks for a text in a string, and for an element in an array as a whole."""

    @pytest.mark.parametrize(
        ("operand", "value", "expected"),
        [
            ("oo", "foobar", True),
            ("oo", "FOOBAR", False),
            (["x", "bar"], "foobar", True),
            ("5", "a5", True),
            (5, "a5", False),
            (5, [1, 5.0], True),
            (5, ["5"], False),
            (1, [True], False),
            (True, [True], True),
            (None, [None], True),
            (None, None, False),
            ("foo", ["foobar"], False),
            ("foo", ["x", "foo"], True),
            ("foo", [["foo"]], False),
            ("foo", [], False),
            ("foo", {"foo": 1}, False),
            ("foo", 5, False),
        ],
    )
    def test_in_a_string_or_an_array(self, operand, value, expected, a_test, an_event, it_holds):
        """Substring of a string, equal element of an array, nothing else."""
        assert it_holds(a_test("a", "contains", operand), an_event({"a": value})) is expected

    def test_arrays_on_the_way(self, a_test, an_event, it_holds):
        """Each string or array that the path reaches is asked by itself."""
        tags = a_test("hosts.tags", "contains", "prod")
        assert it_holds(tags, an_event({"hosts": [{"tags": ["dev"]}, {"tags": ["eu", "prod"]}]}))
        assert it_holds(tags, an_event({"hosts": [{"tags": "eu,prod"}, {}]}))
        assert not it_holds(tags, an_event({"hosts": [{"tags": ["production"]}]}))

    def test_ignoring_case(self, a_test, an_event, it_holds):
        """Case is folded in strings and in elements; numbers stay numbers."""
        folded = a_test("a", "contains", ["PROD", 5], ignore_case=True)
        assert it_holds(folded, an_event({"a": "preprod"}))
        assert it_holds(folded, an_event({"a": ["Prod"]}))
        assert it_holds(folded, an_event({"a": [5]}))
        assert not it_holds(folded, an_event({"a": ["5"]}))


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


class TestOrdering:
    """``gt``, ``gte``, ``lt``, ``lte``: numbers, decimal strings and timestamps; anything else is not comparable."""

    @pytest.mark.parametrize(
        ("operand", "value", "order"),
        [
            (10, 11, 1),
            (10, 10.0, 0),
            ("10", 9, -1),
            (10, "10", 0),
            (10, "+10.50", 1),
            (10, "-11", -1),
            (10, ".5", -1),
            (10, "11.", 1),
            (2**53, 2**53 + 1, 1),
            (10**400, "9" * 399, -1),
            (0.5, 10**30, 1),
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00", 0),  # no zone is UTC
            ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00+01:00", 0),
            ("2026-11-22T10:00:00+01:00", "2026-11-22T09:30:00Z", 1),
            ("2026-11-22T10:00:00Z", "2026-11-22 09:59:59.999999", -1),
            ("2026-11-22T10:00:00Z", "2026-11-22t10:00:00z", 0),
        ],
    )
    def test_comparable(self, operand, value, order, a_test, an_event, it_holds):
        """Each of the four agrees with one order of numbers, and with one order of instants."""
        event = an_event({"a": value})
        held = {name for name in ("gt", "gte", "lt", "lte") if it_holds(a_test("a", name, operand), event)}
        assert held == {1: {"gt", "gte"}, 0: {"gte", "lte"}, -1: {"lt", "lte"}}[order]

    @pytest.mark.parametrize("operand", [10, "10", "2026-11-22T10:00:00Z"])
    @pytest.mark.parametrize(
        "value",
        ["", "ten", " 11", "11\n", "1e3", "0x10", "1_000", "Infinity", "nan", "٣", "-", ".", True, False, None, {}, []],
    )
    def test_not_comparable(self, operand, value, a_test, an_event, it_holds):
        """What is neither a number, a decimal string nor a time is on no side of anything."""
        event = an_event({"a": value})
        assert not any(it_holds(a_test("a", name, operand), event) for name in ("gt", "gte", "lt", "lte"))

    def test_numbers_and_times_do_not_meet(self, a_test, an_event, it_holds):
        """A number is neither before nor after a time."""
        for name in ("gt", "gte", "lt", "lte"):
            assert not it_holds(a_test("a", name, 0), an_event({"a": "2026-11-22T10:00:00Z"}))
            assert not it_holds(a_test("a", name, "2026-11-22T10:00:00Z"), an_event({"a": 1795341600}))

    @pytest.mark.parametrize("operand", ["ten", "", "2026-11-22", True, None, [1], {}])
    def test_an_operand_that_orders_nothing(self, operand, a_test):
        """An operand that is neither number nor time is a problem at load."""
        with pytest.raises(OperandError):
            a_test("a", "gt", operand)


PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
LINK_LOCAL = ["169.254.169.254", "fe80::1", "fe80::1%eth0"]
PUBLIC = ["8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
SPECIAL = ["0.0.0.1", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "::", "2001:db8::1", "ff02::1"]
NO_ADDRESS = ["", "localhost", "10.0.0", "010.0.0.1", "10.0.0.1/32", " 10.0.0.1", "10.0.0.1:80", "[::1]", 167772161]


class TestNetworks:
    """``cidr``: addresses of both families inside networks written out, named, or well known."""

    @pytest.mark.parametrize(
        ("name", "inside"),
        [("private", PRIVATE), ("loopback", LOOPBACK), ("link_local", LINK_LOCAL), ("public", PUBLIC)],
    )
    def test_well_known_networks(self, name, inside, a_test, an_event, it_holds):
        """The four names part the addresses between them; special ones belong to none."""
        test = a_test("ip", "cidr", name)
        held = [
            address
            for address in PRIVATE + LOOPBACK + LINK_LOCAL + PUBLIC + SPECIAL + NO_ADDRESS
            if it_holds(test, an_event({"ip": address}))
        ]
        assert held == inside

    @pytest.mark.parametrize("value", NO_ADDRESS)
    def test_what_is_no_address_is_in_no_network(self, value, a_test, an_event, it_holds):
        """``cidr`` is false and ``not_cidr`` true for what is no address."""
        event = an_event({"ip": value})
        assert not it_holds(a_test("ip", "cidr", ["0.0.0.0/0", "::/0", "public"]), event)
        assert it_holds(a_test("ip", "not_cidr", ["0.0.0.0/0", "::/0"]), event)

    @pytest.mark.parametrize(
        ("network", "value", "expected"),
        [
            ("203.0.113.0/24", "203.0.113.255", True),
            ("203.0.113.7", "203.0.113.7", True),
            ("203.0.113.7", "203.0.113.8", False),
            ("203.0.113.0/24", "::ffff:203.0.113.9", True),
            ("::ffff:203.0.113.0/120", "203.0.113.9", True),
            ("::ffff:203.0.113.0/120", "::ffff:203.0.113.9", True),
            ("2001:db8::/32", "2001:DB8:0::1", True),
            ("0.0.0.0/0", "::1", False),
            ("::/0", "10.0.0.1", False),
            ("::/0", "::ffff:10.0.0.1", False),
            (["10.0.0.0/8", "public"], "8.8.8.8", True),
        ],
    )
    def test_written_networks(self, network, value, expected, a_test, an_event, it_holds):
        """Families do not mix, but an IPv4 address in IPv6 clothes is the IPv4 address, in events and in rules."""
        assert it_holds(a_test("ip", "cidr", network), an_event({"ip": value})) is expected

    def test_a_named_list(self, a_test, an_event, it_holds):
        """A list of networks by name."""
        names = Names(lists={"offices": ("203.0.113.0/24", "2001:db8::/48")})
        assert it_holds(a_test("ip", "cidr", "offices", names=names), an_event({"ip": "203.0.113.5"}))

    @pytest.mark.parametrize(
        ("operand", "at", "message"),
        [
            ("10.0.0.1/8", (), "beyond its mask"),
            (["private", "10.0.0.300"], (1,), "no network"),
            ([["10.0.0.0/8"]], (0,), "found a list"),
            ([{"net": "10.0.0.0/8"}], (0,), "found a mapping"),
            ([None], (0,), "found null"),
            ([], (), "found a list"),
            (10, (), "found a number"),
            ("offices", (), "no list is called"),
        ],
    )
    def test_what_is_no_network(self, operand, at, message, a_test):
        """A wrong network is a problem at its own place."""
        with pytest.raises(OperandError, match=message) as refused:
            a_test("ip", "cidr", operand)
        assert refused.value.at == at

    def test_the_mask_s_fix_is_named(self, a_test):
        """Host bits beyond the mask: the network that was meant is offered."""
        with pytest.raises(OperandError) as refused:
            a_test("ip", "cidr", "10.1.2.3/8")
        assert refused.value.help == "write 10.0.0.0/8"


class TestExists:
    """``exists`` asks whether the field is there; null is there."""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"a": {"b": 1}}, True),
            ({"a": {"b": None}}, True),
            ({"a": {"b": []}}, True),
            ({"a": {"b": {}}}, True),
            ({"a": {"b": False}}, True),
            ({"a": {}}, False),
            ({"a": None}, False),
            ({"a": []}, False),
            ({"a": [{}, {"b": None}]}, True),
            ({"a": [{}, 5]}, False),
            ({"a": "b"}, False),
        ],
    )
    def test_presence(self, data, expected, a_test, an_event, it_holds):
        """Present and null counts as present; ``a.b`` over an empty array is MISSING."""
        assert it_holds(a_test("a.b", "exists", True), an_event(data)) is expected
        assert it_holds(a_test("a.b", "exists", False), an_event(data)) is not expected

    def test_the_envelope_is_always_there(self, a_test, an_event, it_holds):
        """``event_type``, ``id`` and ``time`` exist on every event; the record's own fields by those names need not."""
        for name in ("event_type", "id", "time"):
            assert it_holds(a_test(name, "exists", True), an_event())
            assert not it_holds(a_test(f'"{name}"', "exists", True), an_event())

    def test_its_operand_is_a_boolean(self, a_test):
        """``exists: 1`` is a problem at load."""
        with pytest.raises(OperandError, match="expected true or false"):
            a_test("a", "exists", 1)


class TestLength:
    """``length`` tests the size of a string, an array or an object."""

    @pytest.mark.parametrize(
        ("value", "size"),
        [
            ("", 0),
            ("straße", 6),
            ("𝄞", 1),
            ([], 0),
            ([[], [1, 2, 3]], 2),
            ({}, 0),
            ({"x": 1, "y": [1, 2, 3]}, 2),
            (11, None),
            (True, None),
            (None, None),
        ],
    )
    def test_sizes(self, value, size, a_test, an_event, it_holds):
        """Code points, elements, members; a number, boolean or null has no length at all."""
        held = [
            n
            for n in range(8)
            if it_holds(a_test("a", "length", a_test("this", "equals", n, in_element=True)), an_event({"a": value}))
        ]
        assert held == ([] if size is None else [size])

    def test_any_of_several(self, a_test, an_event, it_holds):
        """Through an array on the way, one value of that length is enough; MISSING has none."""
        long = a_test("a.b", "length", a_test("this", "gte", 3, in_element=True))
        assert it_holds(long, an_event({"a": [{"b": "x"}, {"b": [1, 2, 3]}]}))
        assert not it_holds(long, an_event({"a": [{"b": "x"}]}))
        assert not it_holds(long, an_event({}))

    def test_a_negative_inside_needs_a_length(self, a_test, an_event, it_holds):
        """``length: {not_equals: 0}`` is false where there is no length to be different."""
        not_empty = a_test("a", "length", a_test("this", "not_equals", 0, in_element=True))
        assert it_holds(not_empty, an_event({"a": [1]}))
        assert not it_holds(not_empty, an_event({"a": []}))
        assert not it_holds(not_empty, an_event({"a": 5}))
        assert not it_holds(not_empty, an_event({}))


class TestSameAs:
    """``same_as`` compares two fields of one event."""

    @pytest.mark.parametrize(
        ("left", "right", "expected"),
        [
            ("x", "x", True),
            ("x", "X", False),
            (1, 1.0, True),
            (1, True, False),
            (1, "1", False),
            (None, None, True),
            (None, 0, False),
            ("x", ["y", "x"], True),
            (["a", "x"], ["x", "b"], True),
            (["a"], [], False),
            ([], [], False),
            ([["x"]], "x", True),
            ({"k": 1}, {"k": 1.0}, True),
        ],
    )
    def test_two_fields(self, left, right, expected, a_test, an_event, it_holds):
        """Any element of one equals any element of the other; null is the same as null; both ways round."""
        for one, other in ((left, right), (right, left)):
            event = an_event({"a": one, "b": other})
            assert it_holds(a_test("a", "same_as", "b"), event) is expected
            assert it_holds(a_test("a", "differs_from", "b"), event) is not expected

    @pytest.mark.parametrize("data", [{}, {"a": None}, {"b": None}, {"a": "x", "c": "x"}])
    def test_missing_is_the_same_as_nothing(self, data, a_test, an_event, it_holds):
        """Where either side is MISSING, ``same_as`` is false and ``differs_from`` true, even against MISSING."""
        assert not it_holds(a_test("a", "same_as", "b"), an_event(data))
        assert it_holds(a_test("a", "differs_from", "b"), an_event(data))

    def test_with_the_envelope(self, a_test, an_event, it_holds):
        """The envelope can stand on either side."""
        event = an_event({"actor": "e1"}, id="e1")
        assert it_holds(a_test("actor", "same_as", "id"), event)
        assert it_holds(a_test("id", "same_as", "actor"), event)


class TestElements:
    """``any_element``, ``every_element``, ``no_element`` bind one element to a whole predicate."""

    @pytest.fixture
    def active_admin(self, a_test):
        role = a_test("role", "equals", "admin", in_element=True)
        return AllOf((role, a_test("active", "equals", True, in_element=True)))

    @pytest.mark.parametrize(
        ("value", "some", "every"),
        [
            ([{"role": "admin", "active": True}], True, True),
            ([{"role": "admin", "active": False}, {"role": "ops", "active": True}], False, False),
            ([{"role": "ops"}, {"role": "admin", "active": True}], True, False),
            ([{}, 5, None, "admin"], False, False),
            ([], False, True),
            ({"role": "admin", "active": True}, False, False),
            ("admin", False, False),
            (None, False, False),
        ],
    )
    def test_the_same_element_meets_the_whole_predicate(
        self, value, some, every, active_admin, a_test, an_event, it_holds
    ):
        """Two elements cannot share the work; what is no array has no elements."""
        event = an_event({"roles": value})
        assert it_holds(a_test("roles", "any_element", active_admin), event) is some
        assert it_holds(a_test("roles", "no_element", active_admin), event) is not some
        assert it_holds(a_test("roles", "every_element", active_admin), event) is every

    def test_plain_tests_may_be_met_by_two_elements(self, a_test, an_event, it_holds):
        """Without an element operator each operator stands for itself."""
        loose = AllOf((a_test("roles.role", "equals", "admin"), a_test("roles.active", "equals", True)))
        assert it_holds(loose, an_event({"roles": [{"role": "admin"}, {"active": True}]}))

    def test_on_missing(self, a_test, an_event, it_holds):
        """Nothing has no element, and not every element either."""
        assert not it_holds(a_test("roles", "any_element", ALWAYS), an_event())
        assert not it_holds(a_test("roles", "every_element", ALWAYS), an_event())
        assert it_holds(a_test("roles", "no_element", ALWAYS), an_event())

    def test_this_is_the_element(self, a_test, an_event, it_holds):
        """Scalars are tested as ``this``; below it lie the element's own fields."""
        starts = a_test("this", "starts_with", "adm", in_element=True)
        assert it_holds(a_test("roles", "any_element", starts), an_event({"roles": ["ops", "admin"]}))
        own = a_test("this.this", "equals", 1, in_element=True)
        assert it_holds(a_test("roles", "any_element", own), an_event({"roles": [{"this": 1}]}))

    def test_an_element_that_is_an_array(self, a_test, an_event, it_holds):
        """Elements of arrays of arrays are arrays: ``this`` means any of theirs, ``this[0]`` the first."""
        event = an_event({"rows": [[1, 2], [3]]})
        assert it_holds(a_test("rows", "any_element", a_test("this", "equals", 2, in_element=True)), event)
        assert not it_holds(a_test("rows", "any_element", a_test("this[0]", "equals", 2, in_element=True)), event)
        assert it_holds(a_test("rows", "any_element", a_test("this[0]", "equals", 3, in_element=True)), event)

    def test_the_dollar_reaches_the_event(self, a_test, an_event, it_holds):
        """``$.path`` is a path on the event, ``$.event_type`` its envelope."""
        own = a_test("owner", "same_as", "$.user", in_element=True)
        assert it_holds(a_test("items", "any_element", own), an_event({"user": "eve", "items": [{"owner": "eve"}]}))
        assert not it_holds(a_test("items", "any_element", own), an_event({"user": "eve", "items": [{"owner": "x"}]}))
        typed = a_test("$.event_type", "equals", "LOGIN", in_element=True)
        assert it_holds(a_test("items", "any_element", typed), an_event({"items": [0]}, event_type="LOGIN"))

    def test_the_envelope_s_names_are_fields_of_elements(self, a_test, an_event, it_holds):
        """Inside an element ``id`` is the element's own."""
        own = a_test("id", "equals", 7, in_element=True)
        assert it_holds(a_test("items", "any_element", own), an_event({"items": [{"id": 7}]}, id="e1"))

    def test_through_arrays_on_the_way(self, a_test, an_event, it_holds):
        """One array that meets the operator is enough."""
        even = a_test("this", "in", [0, 2, 4], in_element=True)
        event = an_event({"groups": [{"n": [1, 2]}, {"n": [2, 4]}]})
        assert it_holds(a_test("groups.n", "every_element", even), event)
        assert not it_holds(a_test("groups.n", "no_element", even), event)


def test_a_tree_prints_as_json(a_test):
    """A predicate prints as plain JSON, negations spelled out; it is what a rule's version is hashed from."""
    tree = AllOf((a_test("a.b", "not_in", ["x", 1], ignore_case=True), a_test("c", "same_as", "d")))
    assert to_json(tree) == {
        "all": [
            {"not": {"path": "a.b", "in": ["x", 1], "ignore_case": True}},
            {"path": "c", "same_as": {"path": "d"}},
        ]
    }


@pytest.mark.parametrize(
    ("operator", "operand", "message"),
    [
        ("equals", [1], "expected a single value, found a list"),
        ("equals", {}, "found a mapping"),
        ("in", [], "an empty list"),
        ("in", 5, "found a number"),
        ("in", [1, [2]], "in the list, found a list"),
        ("in", "nowhere", "no list is called 'nowhere'"),
        ("starts_with", "", "holds for every string"),
        ("ends_with", ["x", 5], "expected a string, found a number"),
        ("contains", [], "an empty list"),
        ("contains", "", "holds for every string"),
        ("contains", [5, ""], "holds for every string"),
        ("contains", {"a": 1}, "found a mapping"),
        ("glob", [None], "found null"),
        ("during", "business-hours", "no schedule is called"),
        ("during", 5, "expected a schedule"),
    ],
)
def test_an_operand_of_the_wrong_kind(operator, operand, message, a_test):
    """What an operator cannot use is refused at load, in words."""
    with pytest.raises(OperandError, match=message):
        a_test("a", operator, operand)
