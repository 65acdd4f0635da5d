"""The past of a broker that keeps what it has delivered: asked from a time on, and nothing is changed there."""

from __future__ import annotations

import pytest

from trailbell.clock import now_us
from trailbell.sources.brokers import nats_past, recalling
from trailbell.sources.errors import SourceError
from trailbell.sources.past import past_of
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, format_time

from .benches import BEGAN_US

MS_US = 1000
pytestmark = pytest.mark.xdist_group("nats")


@pytest.fixture
def stream(servers, monkeypatch):
    """A stream that is read in small pieces."""
    monkeypatch.setattr(nats_past, "PIECE", 7)
    return servers("nats").bench()


def recalled(source, since_us=BEGAN_US - HOUR_US, until_us=BEGAN_US + HOUR_US):
    return [item for batch in past_of(source, since_us, until_us).batches() for item in batch.inputs]


def ids(inputs):
    return [item.id for item in inputs if isinstance(item, Event)]


def test_all_that_happened_between_two_instants(stream):
    """Each event once, the first instant included and the second not, in the order of the stream."""
    stream.publish_events(range(60))
    source = stream.source(once=True)
    assert ids(recalled(source)) == [f"e{number}" for number in range(60)]
    found = recalled(source, BEGAN_US + 10 * MS_US, BEGAN_US + 40 * MS_US)
    assert ids(found) == [f"e{number}" for number in range(10, 40)]


def test_it_is_independent_of_what_is_delivered(stream):
    """What is acknowledged is recalled, and what is recalled is delivered nevertheless."""
    stream.publish_events(range(10))
    source = stream.source(once=True)
    for given in (10, 0):
        assert len(ids(recalled(source))) == 10
        delivered = []
        for batch in source.batches(None):
            delivered += ids(batch.inputs)
            if batch.committed is not None:
                batch.committed()
        assert len(delivered) == given
    assert source.probe().waiting == 0


def test_the_server_is_asked_from_a_time_on(stream):
    """What it took before is not sent at all."""
    stream.publish_events(range(20))
    between_us = now_us()
    stream.publish_events(range(20, 30))
    source = stream.source()
    pieces = list(source._recalling.taken(between_us))
    assert [message.time_us >= between_us for piece in pieces for message in piece] == [True] * 10
    assert list(source._recalling.taken(now_us())) == []


def test_it_ends_with_what_was_there_when_it_began(stream):
    """A stream that grows while it is read is not read for ever."""
    stream.publish_events(range(20))
    found = []
    for batch in past_of(stream.source(), BEGAN_US, BEGAN_US + HOUR_US).batches():
        found += ids(batch.inputs)
        stream.publish_events(range(100 + len(found), 110 + len(found)))
    assert found == [f"e{number}" for number in range(20)]


def test_what_came_long_after_the_second_instant_is_not_looked_at(stream, monkeypatch):
    """What happened before it and came within a day is; so long a stream is read on."""
    happened_us = BEGAN_US - 15 * MINUTE_US
    stream.publish_events(range(3), time=format_time(happened_us))
    span_us = (happened_us - MINUTE_US, happened_us + MINUTE_US)
    assert len(ids(recalled(stream.source(), *span_us))) == 3
    monkeypatch.setattr(recalling, "BEHIND_US", MINUTE_US)
    assert recalled(stream.source(), *span_us) == []


def test_only_the_subject_counts(stream):
    """As live."""
    stream.publish_events(range(5))
    assert recalled(stream.source(subject=f"{stream.name}.other")) == []
    assert len(recalled(stream.source(subject=f"{stream.name}.x"))) == 5


def test_what_is_no_event_is_told(stream):
    """With its place in the stream."""
    stream.publish([b"{", b'{"id": "a", "event_type": "X", "time": "%s"}' % format_time(BEGAN_US).encode()])
    found = recalled(stream.source())
    assert ids(found) == ["a"]
    assert [item.place for item in found if isinstance(item, Malformed)] == [f"{stream.name}/1"]


def test_nothing_is_left_behind_at_the_server(stream):
    """The consumer of ours is gone when all is read."""
    stream.publish_events(range(5))
    recalled(stream.source())
    counts = []

    async def count(jetstream):
        counts.append((await jetstream.stream_info(stream.name)).state.consumer_count)

    stream._ask(count)
    assert counts == [0]


def test_why_it_cannot_be_read(stream):
    """No such stream, or no server: in the words that a live run has for it."""
    with pytest.raises(SourceError, match="has no stream 'NONE'"):
        recalled(stream.source(stream="NONE"))
    with pytest.raises(SourceError, match=r"NATS at nats://127.0.0.1:1: "):
        recalled(stream.source(url="nats://127.0.0.1:1"))


def test_a_dry_run_over_a_stream(stream, tmp_path, monkeypatch, trailbell):
    """`--source` takes the name that the configuration gives it."""
    monkeypatch.chdir(tmp_path)
    stream.publish_events(range(12))
    settings = "\n".join(f"    {name}: {value}" for name, value in stream.settings.items())
    (tmp_path / "trailbell.yaml").write_text(f"sources:\n  nats:\n{settings}\n")
    (tmp_path / "rule.yaml").write_text("id: a\ntitle: t\nseverity: low\nmatch: {user: user3}\n")
    code, out, err = trailbell("dry-run", "rule.yaml", "--source", "nats", "--since", "1h", "--format", "json")
    assert code == 0, err
    assert '"read": 12' in out
