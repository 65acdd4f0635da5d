"""What a dry-run knows of the events it has seen, whatever the sources and the batches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trailbell.memory import Seen
from trailbell_engine.event import Event, Malformed, Tick

HORIZON = 5

inputs = st.lists(
    st.one_of(
        st.builds(
            lambda source, id_: Event(source, id_, "", 0, {}), st.sampled_from("ab"), st.sampled_from("0123456789")
        ),
        st.just(Tick(1)),
        st.just(Malformed("a", "x:1", "broken", b"")),
    ),
    max_size=60,
)


def plainly(items):
    """The same with pairs: two generations of identities, the older forgotten when the younger is full."""
    young, old = set(), set()
    for item in items:
        identity = item[:2] if isinstance(item, Event) else None
        yield identity is None or identity not in young | old
        if identity is not None and identity not in young | old:
            young.add(identity)
            if len(young) == HORIZON:
                young, old = set(), young


@given(inputs, st.integers(1, 7))
def test_duplicates_are_known_within_the_horizon(items, batch):
    """However inputs are cut into batches, each event is new once, until so many others have come."""
    seen = Seen(HORIZON)
    news = [is_new for at in range(0, len(items), batch) for is_new in seen.news(items[at : at + batch])]
    assert news == list(plainly(items))


def test_an_id_belongs_to_its_source():
    """The same id from two sources is two events."""
    seen = Seen()
    assert seen.news([Event("a", "1", "", 0, {}), Event("b", "1", "", 0, {}), Event("a", "1", "", 0, {})]) == [
        True,
        True,
        False,
    ]
