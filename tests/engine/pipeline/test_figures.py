"""Figures that are kept up as numbers come and go say what one would get by looking at the numbers themselves."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.conditions.figures import FIGURES

NUMBERS = st.floats(-1e300, 1e300) | st.integers(-(2**70), 2**70)


def figure(name, numbers):
    """The figure over numbers that were added one after the other."""
    kept_up = FIGURES[name]()
    for number in numbers:
        kept_up.add(number)
    return kept_up.value()


@given(st.lists(NUMBERS, min_size=1), st.randoms())
def test_a_figure_does_not_depend_on_the_order(numbers, random):
    """Not even that of numbers with decimals."""
    shuffled = random.sample(numbers, len(numbers))
    for name in FIGURES:
        assert figure(name, shuffled) == figure(name, numbers)


@given(st.lists(NUMBERS, min_size=1), st.lists(NUMBERS))
def test_what_has_gone_leaves_no_trace(numbers, gone):
    """A figure is that of the numbers which are there: no error of rounding stays behind."""
    for name, make in FIGURES.items():
        kept_up = make()
        for number in gone + numbers:
            kept_up.add(number)
        for number in gone:
            kept_up.remove(number)
        assert repr(kept_up.value()) == repr(figure(name, numbers)), name


@given(st.lists(st.integers(), min_size=1))
def test_a_sum_of_whole_numbers_is_whole(numbers):
    """As long as a double could hold it."""
    total = figure("sum", numbers)
    assert (total, type(total)) == (sum(numbers), int)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1))
def test_a_sum_is_the_nearest_to_the_exact_one(numbers):
    """As ``math.fsum`` has it; and a mean is rounded once."""
    assert figure("sum", numbers) == math.fsum(numbers)
    assert figure("avg", numbers) == float(sum(map(Fraction, numbers)) / len(numbers))


def test_a_sum_that_no_double_can_hold():
    """It is the greatest there is: beyond any bound, and a number still."""
    assert figure("sum", [1.5e308, 1.5e308]) == 1.7976931348623157e308
    assert figure("sum", [-1.5e308, -1.5e308]) == -1.7976931348623157e308


@given(st.lists(st.integers(), min_size=1), st.sampled_from((50, 95, 99)))
def test_percentiles_are_the_nearest_rank(numbers, percent):
    """The least of the numbers that at least so many per cent do not exceed."""
    share = [100 * sum(other <= number for other in numbers) >= percent * len(numbers) for number in numbers]
    least = min(number for number, enough in zip(numbers, share, strict=True) if enough)
    assert figure(f"p{percent}", numbers) == least
