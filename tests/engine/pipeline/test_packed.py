"""Memories packed into few bytes: what was put is there, until it expires, and takes little."""

import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trailbell_engine.packed.packing import pack, unpack
from trailbell_engine.packed.table import NEVER, PackedTable, Record

TIMES = st.integers(-(2**70), 2**70) | st.sampled_from((0, 2**63 - 1, -(2**63)))
IDS = st.text(max_size=300) | st.uuids().map(str) | st.uuids().map(str).map(str.upper) | st.sampled_from(("", "-" * 36))
PAIRS = st.lists(st.tuples(TIMES, IDS).map(list), max_size=120)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | IDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(PAIRS | VALUES)
def test_what_is_packed_is_unpacked(value):
    """Equal, types and all: pairs of times and ids, and any other JSON."""
    try:
        json.dumps(value).encode().decode("utf-8")
        expected = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # half of a surrogate pair is in no event
    assert json.dumps(unpack(pack(value)), ensure_ascii=False).encode() == expected


@pytest.mark.parametrize(("step_us", "expected"), [(0, 20), (2**32 - 1, 20), (2**32, 25), (-1, 25)])
def test_a_pair_takes_20_bytes(step_us, expected):
    """Of a window in order whose ids are UUIDs; 25 where its times are far apart or go back."""
    window = [[1_780_000_000_000_000 + n * step_us, str(uuid.UUID(int=n))] for n in range(3)]
    assert len(pack(window)) == 1 + 3 * expected + (4 if expected == 20 else 0)
    assert unpack(pack(window)) == window


@given(st.lists(st.tuples(st.integers(0, 2**33), st.uuids().map(str)), min_size=1, max_size=110))
def test_windows_of_uuids_are_unpacked(steps):
    """Whatever their steps, and however many."""
    window, time_us = [], -(2**32)
    for step_us, event_id in steps:
        time_us += step_us
        window.append([time_us, event_id])
    assert unpack(pack(window)) == window


def test_ids_as_long_as_uuids_only_together_stay_apart():
    """One is a letter short, the next one a letter long."""
    both = str(uuid.UUID(int=2**127)) + str(uuid.UUID(int=2**126))
    window = [[1, both[:35]], [2, both[35:]]]
    assert unpack(pack(window)) == window


MARKS = (b"\xfd", b"\xfe", b"\xff", b"\x00", b"\x01", b"\x02", b"0 key-1", b"\xff0 key-1\xfe")
"""What a table marks records with, and what would look like one."""


def _utf8(text):
    return text.encode("utf-8", "surrogatepass")


class Table(RuleBasedStateMachine):
    """A packed table beside a dictionary."""

    def __init__(self):
        super().__init__()
        self.table, self.model, self.now = PackedTable(), {}, 0

    @rule(
        name=st.text(min_size=1, max_size=40).map(_utf8) | st.integers(0, 30).map(lambda n: b"0 key-%d" % n),
        payload=st.binary(min_size=1, max_size=200) | st.lists(st.sampled_from(MARKS), min_size=1).map(b"".join),
        grain=st.integers(0, 12) | st.just(NEVER),
    )
    def put(self, name, payload, grain):
        grain = grain if grain == NEVER else self.now + grain
        self.table.set(name, grain, payload)
        self.model[name] = Record(grain, name, payload)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data):
        name = data.draw(st.sampled_from(sorted(self.model)))
        self.table.remove(name)
        del self.model[name]

    @rule(grains=st.integers(0, 5))
    def expire(self, grains):
        self.now += grains
        self.table.expire(self.now)
        self.model = {name: record for name, record in self.model.items() if record.grain >= self.now}

    @invariant()
    def the_same(self):
        assert sorted(self.table) == sorted(self.model.values())
        assert len(self.table) == len(self.model)
        for name, record in self.model.items():
            assert self.table.get(name) == record.payload
        assert self.table.get(b"never there") is None


Table.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestTable = Table.TestCase


def test_what_comes_and_goes_leaves_nothing():
    """Neither records nor their names, once the grain is over in which they would have expired."""
    table = PackedTable()
    for turn in range(50):
        for number in range(100):
            table.set(b"key-%d" % number, turn + 1, b"x" * 50)
            table.remove(b"key-%d" % number)
        table.expire(turn + 2)
    assert (len(table), table.used_bytes) == (0, 0)


def test_a_hundred_thousand_records_take_little():
    """Beyond names and payloads 6 bytes each, and what Python needs for the buckets."""
    table = PackedTable()
    for number in range(100_000):
        table.set(b"user-%07d" % number, number % 7, b"x" * 26)
    assert len(table) == 100_000
    assert table.used_bytes == 100_000 * (2 + 4 + 12 + 26)
    buckets = table._buckets
    overhead = (sum(map(len, buckets)) and sum(bucket.__sizeof__() - len(bucket) + 8 for bucket in buckets)) / 100_000
    assert overhead < 10
    assert max(map(len, buckets)) < 5 * 1_300
