"""What the engine's tests share: short ways to say an event and a test, and random ones that often meet."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from trailbell_engine.compile import compile_predicate
from trailbell_engine.event import Event
from trailbell_engine.interpret import holds
from trailbell_engine.operators import NEGATIVES, OPERATORS, Names
from trailbell_engine.path import EVERY, LOOKUP, Path, Root, parse_path
from trailbell_engine.predicate import AllOf, AnyOf, Not, Predicate, Test, tests
from trailbell_engine.schedule import Hours, Schedule
from trailbell_engine.timestamps import parse_time


def _event(data: dict[str, Any] | None = None, *, at: str = "2026-11-22T10:00:00Z", **envelope: Any) -> Event:
    fields = {"source": "test", "id": "e1", "event_type": "LOGIN", "time_us": parse_time(at)} | envelope
    return Event(data=data or {}, **fields)


def _test(
    path: str,
    operator: str,
    operand: Any,
    *,
    ignore_case: bool = False,
    in_element: bool = False,
    names: Names | None = None,
) -> Predicate:
    if operator in NEGATIVES:
        positive = NEGATIVES[operator]
        return Not(_test(path, positive, operand, ignore_case=ignore_case, in_element=in_element, names=names))
    declared = OPERATORS[operator]
    if declared.operand == "value":
        operand = declared.prepare(operand, names or Names())
    elif declared.operand == "path":
        operand = parse_path(operand, in_element=in_element)
    return Test(parse_path(path, in_element=in_element), operator, operand, ignore_case)


def _holds(predicate: Predicate, event: Event) -> bool:
    answer = holds(predicate, event)
    assert compile_predicate(predicate)(event) is answer, "the compiler and the interpreter disagree"
    return answer


@pytest.fixture(scope="session")
def an_event() -> Callable[..., Event]:
    """Makes an event of a record; the envelope by keyword, ``at`` is its time as text."""
    return _event


@pytest.fixture(scope="session")
def a_test() -> Callable[..., Predicate]:
    """Makes the predicate of one operator as a rule's loader would, a negative operator as a negation."""
    return _test


@pytest.fixture(scope="session")
def it_holds() -> Callable[[Predicate, Event], bool]:
    """Whether a predicate holds for an event, by the interpreter and by the compiler, which must agree."""
    return _holds


# Random predicates and events draw from one small vocabulary, so that about as many tests hold as do not.

_NAMES = ("a", "b", "c", "voice-type", "id")
_TEXTS = (
    *(
        "",
        "sip",
        "SIP",
        "sip:bob",
        "straße",
        "STRASSE",
        "İ",
        "\N{LATIN SMALL LETTER DOTLESS I}",
        "i",
        "11",
        "11.0",
        "-3.5",
    ),
    *("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "203.0.113.9", "8.8.8.8"),
    *("2026-11-22T10:00:00Z", "2026-11-22T23:30:00", "2026-11-21T12:00:00+02:00", "Europe/London", "Nowhere/At-All"),
)
_NUMBERS = (0, 1, 1.0, -3.5, 11, 2**53, 2**53 + 1, 10**30)
_SCALARS = st.one_of(st.sampled_from(_TEXTS), st.sampled_from(_NUMBERS), st.booleans(), st.none())
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3)),
    max_leaves=8,
)
_SCHEDULES = st.builds(
    Schedule,
    zone=st.sampled_from(("UTC", "Europe/London", "Pacific/Kiritimati")),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    hours=st.lists(st.builds(Hours, st.integers(0, 1439), st.integers(0, 1440)), max_size=2).map(tuple),
    holidays=st.sampled_from(("", "GB")),
    zone_from=st.one_of(st.none(), st.sampled_from(_NAMES).map(lambda name: Path((name,)))),
)
_OPERANDS = {
    "equals": _SCALARS,
    "in": st.lists(_SCALARS, min_size=1, max_size=4).map(tuple),
    "contains": st.lists(_SCALARS.filter(lambda item: item != ""), min_size=1, max_size=2).map(tuple),
    "matches": st.lists(st.sampled_from(("^sip", "(?i)SIP", "ss?e$", r"\d+", "^$", ".")), min_size=1, max_size=2).map(
        tuple
    ),
    "glob": st.lists(st.sampled_from(("*", "s?p*", "stra?e", "*.1.2.*", "[sip]")), min_size=1, max_size=2).map(tuple),
    "cidr": st.lists(
        st.sampled_from(("10.0.0.0/8", "2001:db8::/32", "203.0.113.9/32", "private", "public", "loopback")),
        min_size=1,
        max_size=2,
    ).map(tuple),
    "exists": st.just(True),
    "during": _SCHEDULES,
    "outside": _SCHEDULES,
    **dict.fromkeys(
        ("starts_with", "ends_with"),
        st.lists(st.sampled_from([text for text in _TEXTS if text]), min_size=1, max_size=2).map(tuple),
    ),
    **dict.fromkeys(
        ("gt", "gte", "lt", "lte"),
        st.one_of(st.sampled_from(_NUMBERS), st.sampled_from(("11", "-3.5", "2026-11-22T10:00:00Z"))),
    ),
}


_TABLES = ("people", "geo")


@st.composite
def _paths(draw: st.DrawFn, *, in_element: bool) -> Path:
    if draw(st.integers(0, 9)) == 0:
        return Path((draw(st.sampled_from(("event_type", "id", "time"))),), Root.ENVELOPE)
    if draw(st.integers(0, 9)) == 0:
        return Path((LOOKUP, draw(st.sampled_from(_TABLES)), draw(st.sampled_from(_NAMES))), Root.LOOKUP)
    segment = st.one_of(*[st.sampled_from(_NAMES)] * 5, st.sampled_from((0, -1, EVERY)))
    rest = draw(st.lists(segment, max_size=2))
    if in_element and draw(st.booleans()):
        return Path(tuple(rest))
    root = Root.EVENT if in_element and draw(st.integers(0, 3)) == 0 else Root.HERE
    return Path((draw(st.sampled_from(_NAMES)), *rest), root)


@st.composite
def _tests(draw: st.DrawFn, *, in_element: bool, depth: int) -> Test:
    structural = ["same_as"] + ["length", "any_element", "every_element"] * (depth > 0)
    operator = draw(st.sampled_from([*_OPERANDS, *structural]))
    path, fold = draw(_paths(in_element=in_element)), draw(st.booleans())
    if operator in _OPERANDS:
        return Test(path, operator, draw(_OPERANDS[operator]), fold and OPERATORS[operator].folds)
    if operator == "same_as":
        return Test(path, operator, draw(_paths(in_element=in_element)), fold)
    return Test(path, operator, draw(_trees(in_element=True, depth=depth - 1)))


@st.composite
def _trees(draw: st.DrawFn, *, in_element: bool = False, depth: int = 3) -> Predicate:
    kind = draw(st.sampled_from(("test", "all", "any", "not") if depth else ("test",)))
    if kind == "test":
        return draw(_tests(in_element=in_element, depth=depth))
    if kind == "not":
        return Not(draw(_trees(in_element=in_element, depth=depth - 1)))
    parts = tuple(draw(st.lists(_trees(in_element=in_element, depth=depth - 1), max_size=3)))
    return AllOf(parts) if kind == "all" else AnyOf(parts)


def _near(test: Test) -> st.SearchStrategy[Any]:
    """Values that meet the test, or miss it narrowly."""
    match test.operator, test.operand:
        case (("equals" | "gt" | "gte" | "lt" | "lte"), operand):
            return st.one_of(st.just(operand), st.sampled_from(_NUMBERS), _SCALARS)
        case (("in" | "contains"), operand):
            return st.one_of(st.sampled_from(operand), st.lists(st.sampled_from(operand), max_size=2))
        case (("starts_with" | "ends_with"), operand):
            text = st.sampled_from(operand)
            return st.one_of(text, text.map(str.swapcase), text.map(lambda found: f"{found}x{found}"))
        case "cidr", _:
            return st.sampled_from([text for text in _TEXTS if "." in text or "::" in text])
        case (("matches" | "glob"), _):
            return st.sampled_from(_TEXTS)
        case (("during" | "outside"), _):
            return st.sampled_from(("2026-11-22T10:00:00Z", "2026-11-22T23:30:00", "2026-11-23T09:00:00+02:00"))
        case (("length" | "any_element" | "every_element"), _):
            return st.lists(_VALUES, max_size=3)
        case _:
            return _SCALARS


def _plant(data: dict[str, Any], segments: tuple[Any, ...], value: Any) -> None:
    """Put the value where the path leads, making the objects and arrays on the way."""
    for segment in reversed(segments[1:]):
        value = {segment: value} if isinstance(segment, str) else [value]
    name = segments[0]
    if isinstance(value, dict) and isinstance(data.get(name), dict):
        value = data[name] | value
    data[name] = value


@st.composite
def _encounters(draw: st.DrawFn) -> tuple[Predicate, Event]:
    predicate, event = draw(_trees()), draw(_EVENTS)
    for test in draw(st.permutations(list(tests(predicate))))[:4]:
        own = test.path.root in (Root.HERE, Root.EVENT)
        if own and test.path.segments and isinstance(test.path.segments[0], str):
            value = draw(_near(test))
            _plant(event.data, test.path.segments, draw(st.sampled_from((value, value, [value], [[], value]))))
            if test.operator == "same_as" and test.operand.segments and isinstance(test.operand.segments[0], str):
                _plant(event.data, test.operand.segments, value)
    return predicate, event


_EVENTS = st.builds(
    Event,
    source=st.just("test"),
    id=st.sampled_from(("sip", "11", "e1")),
    event_type=st.sampled_from(("LOGIN", "LOGOUT", "", "sip")),
    time_us=st.sampled_from((0, 1_795_000_000_000_000, 1_795_300_000_000_001)),
    data=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=5),
    lookup=st.dictionaries(
        st.sampled_from(_TABLES),
        st.one_of(st.none(), st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=5)),
    ),
)


@pytest.fixture(scope="session")
def predicates() -> st.SearchStrategy[Predicate]:
    """Random predicate trees over every operator."""
    return _trees()


@pytest.fixture(scope="session")
def events() -> st.SearchStrategy[Event]:
    """Random events whose fields and values the random predicates know."""
    return _EVENTS


@pytest.fixture(scope="session")
def encounters() -> st.SearchStrategy[tuple[Predicate, Event]]:
    """A random predicate and an event into which values were put that meet some of its tests, or nearly do."""
    return _encounters()


@pytest.fixture(scope="session")
def json_values() -> st.SearchStrategy[Any]:
    """Random JSON values of the vocabulary."""
    return _VALUES
