"""Sets of time, against the plain thing: sets of instants."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trailbell.watch.spans import Span, shares, total_us, union, within, without

SPANS = st.lists(st.builds(Span, st.integers(0, 30), st.integers(0, 30)), max_size=6)


def instants(spans):
    """Every instant in them."""
    return {at for span in spans for at in range(*span)}


def is_tidy(spans):
    """In order, none empty, none touching the next."""
    return all(span.us > 0 for span in spans) and all(a.until_us < b.from_us for a, b in pairwise(spans))


@given(SPANS)
def test_a_union_is_the_same_time_in_as_few_spans_as_can_be(spans):
    """Nothing is lost or added, and nothing that touches stays apart."""
    assert instants(union(spans)) == instants(spans)
    assert is_tidy(union(spans))
    assert total_us(spans) == len(instants(spans))


@given(SPANS, SPANS)
def test_time_without_other_time_and_within_it(spans, others):
    """The difference and the intersection, each tidy."""
    assert instants(without(spans, others)) == instants(spans) - instants(others)
    assert instants(within(spans, others)) == instants(spans) & instants(others)
    assert is_tidy(without(spans, others))


@given(SPANS, st.integers(1, 7))
def test_shares_of_a_window_add_up_to_the_time_in_it(spans, parts):
    """Each part has its share, and together they have all."""
    window = Span(5, 5 + 3 * parts)
    found = shares(spans, window, parts)
    assert len(found) == parts
    assert round(sum(found) * 3, 6) == len(instants(spans) & instants([window]))
