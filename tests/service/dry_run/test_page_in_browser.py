"""The HTML report in a real browser: nothing is refused, tables sort, and it fits on a telephone, light and dark."""

from __future__ import annotations

import pytest

from trailbell.reports.html.page import as_html

NAMES = "return [...document.querySelectorAll('table.sortable tbody tr')].map(row => row.cells[0].textContent.trim())"
HEADS = "return [...document.querySelectorAll('table.sortable th')].map(head => head.textContent.trim())"
TOO_WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
OUT_OF_FRAME = """
return [...document.querySelectorAll('section table')].filter(table => {
  const frame = table.closest('section').getBoundingClientRect();
  return table.getBoundingClientRect().right > frame.right;
}).map(table => table.className)"""
BACKGROUND = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def url(report, tmp_path):
    """The page of the story, as a file."""
    file = tmp_path / "report.html"
    file.write_text(as_html(report), encoding="utf-8")
    return file.as_uri()


def test_it_opens_without_complaint_and_sorts(browser, url):
    """The policy allows what the page itself needs, and a click on a head sorts by it, one way and the other."""
    browser.open(url)
    assert browser.complaints() == []
    rules = browser.run(NAMES)
    column = browser.run(HEADS).index("Rule") + 1
    browser.click(f"table.sortable th:nth-child({column})")
    once = browser.run(NAMES)
    browser.click(f"table.sortable th:nth-child({column})")
    twice = browser.run(NAMES)
    assert len(rules) == 4
    assert sorted((once, twice)) == [sorted(rules), sorted(rules, reverse=True)]


def test_it_fits_on_a_telephone_and_follows_the_scheme(browser, url):
    """Nothing has to be scrolled sideways on anything, no table leaves its frame, and dark is dark."""
    backgrounds = []
    for scheme in ("light", "dark"):
        for width in (375, 800, 960, 1280):
            browser.open(url, width=width, scheme=scheme)
            assert browser.run(TOO_WIDE) == 0, width
            assert browser.run(OUT_OF_FRAME) == [], width
        backgrounds.append(browser.run(BACKGROUND))
    assert len(set(backgrounds)) == 2
