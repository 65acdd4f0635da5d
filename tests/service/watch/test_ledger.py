"""The ledger of time that has been read: small, whatever comes; truthful about what came late."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell.store.coverage import Coverage, read_covered
from trailbell.watch.spans import Span


def noted(database, reads):
    """The ledger after reads ``(from, until, live from)``."""
    ledger = Coverage(database)
    with database.transaction():
        database.execute("DELETE FROM covered")
        for first, after, live in reads:
            ledger.add("vonage", Span(first, after), live)
    return read_covered(database).get("vonage", [])


BOTH = pytest.mark.parametrize("backend", ["sqlite", "postgres"])


@pytest.fixture(name="database")
def _database(store):
    """One store for all examples of a test; each begins with an empty ledger."""
    return store()


@BOTH
def test_polls_that_follow_one_another_are_one_row(database):
    """A day of polls, each overlapping the one before it."""
    reads = [(max(0, at - 300), at + 60, at) for at in range(0, 86_400, 60)]
    assert noted(database, reads) == [(Span(0, 86_400), False)]


@BOTH
def test_what_was_read_late_stays_late(database):
    """Six hours that nobody ran, read afterwards, between two stretches that were read as they happened."""
    reads = [(0, 3_600, 0), (3_300, 25_200, 24_300), (24_900, 25_260, 24_400)]
    assert noted(database, reads) == [
        (Span(0, 3_600), False),
        (Span(3_600, 24_300), True),
        (Span(24_300, 25_260), False),
    ]


READS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).filter(lambda read: read[0] < read[1]),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(READS)
def test_every_instant_is_as_it_was_read_first(database, reads):
    """Against a plain table of instants; rows neither overlap nor touch one of their own sort."""
    plain = {}
    for first, after, live in reads:
        for at in range(first, after):
            plain.setdefault(at, at < live)
    rows = noted(database, reads)
    assert {at: late for span, late in rows for at in range(*span)} == plain
    assert sum(span.us for span, _ in rows) == len(plain)
    assert len(rows) == len(_runs(plain))


def _runs(plain):
    return [at for at in plain if (at - 1) not in plain or plain[at - 1] != plain[at]]
