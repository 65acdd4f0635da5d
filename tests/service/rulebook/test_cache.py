"""The cache of rules is worth nothing: whatever happens to it, rules are read, only more slowly."""

from __future__ import annotations

import random

import pytest

from trailbell.rulebook import cache as cache_module
from trailbell.rulebook.cache import Entry, RuleCache

ENTRY = Entry("", ["x"], [], [[None, 1, "v"]])


@pytest.fixture
def file(tmp_path):
    """Where the cache is."""
    return tmp_path / "state" / "rules.cache"


@pytest.fixture
def cache(file):
    """A function: the cache, opened (again)."""
    opened = []

    def make():
        opened.append(RuleCache(file))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_what_was_put_is_there_in_the_next_process(cache):
    """By the digest of the text."""
    cache().put([(b"a", ENTRY)])
    again = cache()
    assert (again.get(b"a"), again.get(b"b")) == (ENTRY, None)


def test_another_program_believes_nothing_of_it(cache, monkeypatch):
    """A new version may read the same text otherwise."""
    cache().put([(b"a", ENTRY)])
    monkeypatch.setattr(cache_module, "_program", lambda: "another")
    assert cache().get(b"a") is None


def test_it_is_bounded(cache, monkeypatch):
    """What is not in use goes once there is much of it."""
    monkeypatch.setattr(cache_module, "_SPARE", 10)
    one = cache()
    one.put((b"%d" % number, ENTRY) for number in range(30))
    one.keep_only([b"%d" % number for number in range(9)])
    assert [number for number in range(30) if one.get(b"%d" % number)] == list(range(9))
    one.keep_only([b"0"])
    assert one.get(b"8") == ENTRY


def test_what_cannot_be_written_is_left_out(cache):
    """A number beyond 64 bits; the others are kept."""
    one = cache()
    one.put([(b"a", ENTRY._replace(rules=[10**30])), (b"b", ENTRY)])
    assert (one.get(b"a"), one.get(b"b")) == (None, ENTRY)


def test_damage_is_survived_and_mended(cache, file):
    """Bytes turned over anywhere: what is given is what was put, or nothing; and then it works again."""
    dice = random.Random(1)
    for _ in range(60):
        one = cache()
        one.put((b"%d" % number, ENTRY._replace(rules=["x" * 500])) for number in range(50))
        one.close()
        data = bytearray(file.read_bytes())
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        file.write_bytes(data[: dice.choice([len(data), dice.randrange(len(data))])])
        one = cache()
        for number in range(50):
            assert one.get(b"%d" % number) in (None, ENTRY._replace(rules=["x" * 500]))
        one.put([(b"new", ENTRY)])
        one.keep_only([b"new"])
        one.close()
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 100])
def test_what_is_no_cache_is_replaced(cache, file, content):
    """Only this file; it is ours by its name."""
    file.parent.mkdir()
    file.write_bytes(content)
    one = cache()
    one.put([(b"a", ENTRY)])
    assert one.get(b"a") == ENTRY


def test_where_nothing_can_be_written_there_is_no_cache(cache, file):
    """A folder stands where the file would be."""
    file.mkdir(parents=True)
    one = cache()
    one.put([(b"a", ENTRY)])
    one.keep_only([b"a"])
    assert one.get(b"a") is None
