"""The setting of the search for garbage is the process's, and comes back as it was."""

from __future__ import annotations

import gc

import pytest

from trailbell.garbage import collecting_seldom


@pytest.fixture(autouse=True)
def as_before():
    """Other tests find what they had."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_last_of_two_takes_it_back():
    """While anybody reads a history it is seldom searched, whoever ends first."""
    gc.set_threshold(700, 10, 10)
    first, second = collecting_seldom(), collecting_seldom()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > 700
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("mine", [0, 1_000_000])
def test_who_asks_for_less_still_gets_it(mine):
    """A process that never searches, or even more seldom, is left alone."""
    gc.set_threshold(mine, 10, 10)
    with collecting_seldom():
        assert gc.get_threshold() == (mine, 10, 10)
