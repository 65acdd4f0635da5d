"""Keys: the values of an event by which a rule keeps state and alerts apart."""

from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.key import compile_key, instant_of, key_of_text, key_text, record_of
from trailbell_engine.path import parse_path
from trailbell_engine.values import json_equal


def by(*texts):
    return tuple(map(parse_path, texts))


def test_a_key_is_read_in_the_order_of_by(an_event):
    """Missing is null, several values through an array are a list, an array at the end is itself."""
    paths = by("b", "a.x", "none", "event_type", "c", "d")
    event = an_event({"a": [{"x": 1}, {"x": 2}], "b": "b", "c": [3], "d": None}, event_type="T")
    key = {"b": "b", "a.x": [1, 2], "none": None, "event_type": "T", "c": [3], "d": None}
    assert compile_key(paths)(event) == key
    assert list(compile_key(paths)(event)) == list(key)


@given(data=st.data())
def test_equal_keys_and_only_those_have_the_same_text(data, json_values):
    """The text names the state of a key, so two keys share it exactly if their values are equal."""
    values = st.lists(st.one_of(st.text(max_size=3), json_values), min_size=2, max_size=2)
    one, other = data.draw(values), data.draw(values)
    assert (key_text(dict(enumerate(one))) == key_text(dict(enumerate(other)))) is json_equal(one, other)


@given(data=st.data())
def test_a_key_can_be_read_from_its_text(data, json_values):
    """A key that wakes by itself is known by its text alone."""
    paths = by("a", "b.c")
    key = {str(path): data.draw(st.one_of(st.text(), json_values)) for path in paths}
    assert json_equal(key_of_text(paths, key_text(key)), key)


def test_a_record_that_has_the_key(an_event):
    """It stands for the event where none came: reading the key from it gives the key, as far as names lead."""
    paths = by("user.name", "region")
    key = {"user.name": "eve", "region": None}
    record = record_of(paths, key)
    assert record == {"user": {"name": "eve"}, "region": None}
    assert compile_key(paths)(an_event(record)) == key


def test_looked_up_values_stand_where_paths_read_them():
    """And not in the record, where a source's own field may be called ``lookup``, too."""
    paths = by("lookup.people.team", "lookup.sites.geo.city", "lookup.hosts", '"lookup".x', "lookup.people.tags[0]")
    values = ("sales", "Paris", {"os": "linux"}, 1, "a")
    key = dict(zip(map(str, paths), values, strict=True))
    found = instant_of(paths, key, "test", 0)
    assert found.data == {"lookup": {"x": 1}}
    assert found.lookup == {"people": {"team": "sales"}, "sites": {"geo": {"city": "Paris"}}, "hosts": {"os": "linux"}}
    assert compile_key(paths[:-1])(found) == {name: key[name] for name in list(key)[:-1]}


def test_indexes_and_the_envelope_have_no_place_in_a_record():
    """Where no plain names lead there is nothing to fill in."""
    paths = by("items[0]", "id", "a.b")
    assert record_of(paths, {"items[0]": 1, "id": "e1", "a.b": 2}) == {"a": {"b": 2}}


def test_a_value_beside_a_part_of_it():
    """``user`` holds ``user.name`` already, whatever it is; the key itself is not written to."""
    for user in ({"name": "eve"}, {}, None, "eve", [1]):
        for paths in (by("user", "user.name"), by("user.name", "user")):
            key = {"user": user, "user.name": None}
            assert record_of(paths, key) == {"user": user}
            assert key == {"user": user, "user.name": None}
