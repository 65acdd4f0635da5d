"""``gt``, ``gte``, ``lt``, ``lte``."""

import pytest

from trailbell_engine.operators import OperandError


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
        [
            *("", "ten", " 11", "11\n", "1e3", "0x10", "1_000", "Infinity", "nan", "٣", "-", ".", "9" * 310 + ".0"),
            *(True, False, None, {}, []),
        ],
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
