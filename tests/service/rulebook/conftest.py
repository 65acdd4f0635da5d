"""Folders of rules, and books that read them."""

from __future__ import annotations

import pytest

from trailbell.rulebook.book import RuleBook
from trailbell.rulebook.cache import RuleCache


@pytest.fixture
def folder(tmp_path):
    """A folder for rules."""
    (tmp_path / "rules").mkdir()
    return tmp_path / "rules"


@pytest.fixture
def book(folder, tmp_path):
    """A function: a fresh book of the folder, as a new process would open it; ``cached`` with the cache of the test."""
    opened = []

    def make(*paths, cached=True):
        cache = RuleCache(tmp_path / "state" / "rules.cache") if cached else None
        opened.append(cache)
        return RuleBook([*map(str, paths)] or [str(folder)], cache)

    yield make
    for cache in opened:
        if cache is not None:
            cache.close()
