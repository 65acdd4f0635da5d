"""Complete lists from an API that pages by offset."""

import pytest

from trailbell.audit import Page
from trailbell.audit.history import history
from trailbell.audit.walk import walk
from trailbell.testing.vonage_faults import Insert, Pass, RepeatPage
from trailbell_engine.timestamps import DAY_US, parse_time


def pages(*walks):
    """A page function over scripted walks: each a list of (events, total)."""
    script = [Page(list(events), number, total) for walk in walks for number, (events, total) in enumerate(walk, 1)]
    return lambda _number: script.pop(0), script


def names(walked):
    return sorted(event if isinstance(event, str) else event["id"] for event in walked.events)


def events(names):
    return [{"id": name} for name in names]


def test_one_good_walk_is_enough():
    """As many different events as every page announced."""
    page, left = pages([(events("abc"), 5), (events("de"), 5)])
    walked = walk(page)
    assert (names(walked), walked.complete, left) == (list("abcde"), True, [])


def test_a_total_that_moves_makes_another_walk():
    """And the findings of both add up."""
    page, left = pages([(events("abc"), 4), (events("cde"), 5)], [(events("xbc"), 5), (events("de"), 5)])
    walked = walk(page)
    assert (names(walked), walked.complete, left) == (list("abcdex"), True, [])


def test_an_event_met_twice_makes_another_walk():
    """Something shifted, although the total is the same."""
    page, _ = pages([(events("abc"), 5), (events("ca"), 5)], [(events("abc"), 5), (events("de"), 5)])
    assert walk(page).complete


def test_a_page_cut_short_makes_the_walk_longer():
    """A server with smaller pages than asked for is fine as long as all arrives."""
    page, _ = pages([(events("ab"), 5), (events("c"), 5), (events("de"), 5)])
    assert walk(page).complete


def test_five_walks_that_moved_are_not_complete():
    """The doubt is told in words."""
    page, left = pages(*[[(events("abc"), 5), ([], 5)]] * 5)
    walked = walk(page)
    assert (walked.complete, walked.doubt, left) == (False, "5 events are announced, 3 were found", [])


def test_without_a_total_the_first_empty_page_ends_the_walk():
    """The specification promises no total."""
    page, _ = pages([(events("abc"), None), (events("d"), None), ([], None)])
    walked = walk(page)
    assert (names(walked), walked.complete) == (list("abcd"), True)


def test_a_server_that_ignores_the_page_does_not_hold_us():
    """Without a total, a page that brings nothing new ends the walk, in doubt."""
    walked = walk(lambda number: Page(events("abc"), number, None))
    assert (names(walked), walked.complete, walked.doubt) == (list("abc"), False, "page 2 brought nothing new")


def test_elements_without_an_id_count_by_content():
    """Broken records do not make a list look incomplete."""
    page, _ = pages([([5, {"x": 1}, {"id": 7}, None], 4)])
    assert walk(page).complete


def test_history_is_complete_in_order_and_without_repeats(client, api):
    """Window by window, with the disturbances of a live API."""
    times = [parse_time(event["created_at"]) for event in api.ledger]
    api.script(Pass(), RepeatPage(1), Pass(), Insert(()))
    found = [
        event["id"]
        for window in history(client, times[0], times[-1] + 1_000_000, window_us=DAY_US // 5)
        for event in window
    ]
    assert len(found) == len(set(found)) == len(api.ledger)


@pytest.mark.parametrize("inclusive", [True, False])
def test_windows_meet_without_a_gap_or_a_repeat(client, api, inclusive):
    """Whatever the API does with events exactly at the end of a range."""
    api.ledger.inclusive = inclusive
    start = parse_time(next(iter(api.ledger))["created_at"])
    found = [
        event["id"]
        for window in history(client, start, start + 3_600_000_000, window_us=1_000_000 * 60)
        for event in window
    ]
    inside = [event for event in api.ledger if start <= parse_time(event["created_at"]) < start + 3_600_000_000]
    assert len(found) == len(set(found))
    assert set(found) >= {event["id"] for event in inside}
