"""The HTML report: one file, no network, no foreign script, no event as markup, the same bytes every time."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from trailbell.reports.html import charts
from trailbell.reports.html.page import as_html, share
from trailbell.reports.printers import PRINTERS


class Outline(HTMLParser):
    """The headings, the sections and the table heads of a page, and every attribute that could load something."""

    def __init__(self, page):
        super().__init__()
        self.lines, self.loads, self.handlers, self._depth, self._said = [], [], [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href") and not value.startswith(
                "#"
            ):
                self.loads.append((tag, name, value))
            if name.startswith("on") or name == "style":
                self.handlers.append((tag, name))
        if tag in ("h1", "h2", "h3", "th", "summary"):
            self._said = [tag, ""]

    def handle_data(self, data):
        if self._said:
            self._said[1] += data

    def handle_endtag(self, tag):
        if self._said and tag == self._said[0]:
            self.lines.append(f"{tag:<8}{' '.join(self._said[1].split())}")
            self._said = None


@pytest.fixture
def page(report):
    """The page of the story."""
    return as_html(report)


def test_its_structure(page, golden):
    """Headings, table heads and what can be opened."""
    golden("page-outline.txt", "\n".join(Outline(page).lines) + "\n")


def test_it_loads_nothing_and_runs_nothing_but_its_own(page):
    """No attribute names anything outside, no handler is inline, and the policy would forbid both."""
    outline = Outline(page)
    assert outline.loads == []
    assert outline.handlers == []
    assert "url(" not in page
    assert "@import" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src &#39;none&#39;; ")
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy


def test_event_data_is_text(page):
    """A value with a tag in it is shown, not obeyed."""
    assert "sip:<b>" not in page
    assert "sip:&lt;b&gt;@x" in page


def test_the_same_report_gives_the_same_bytes(report, page):
    """Deterministic, and how long the run took is no part of it."""
    from dataclasses import replace

    assert as_html(replace(report, elapsed_s=99.0)) == page == PRINTERS["html"](report)


def test_an_empty_history_has_a_page(loaded):
    """Nothing read, nothing fired: still a page, without a division by nothing, that says what it cannot say."""
    import trailbell

    page = as_html(trailbell.dry_run(loaded(), [], map="vonage"))
    assert "the history holds no events: nothing can be said about these rules." in page


def test_stacked_bars_are_as_high_as_their_counts(report):
    """Each bar's blocks add up to its alerts, in the chart's own coordinates."""
    chart = charts.alerts_chart(report)
    per_bar = [sum(column) for column in zip(*report.per_bar().values(), strict=True)]
    for bar, count in zip(chart.bars, per_bar, strict=True):
        assert sum(block.height for block in bar.blocks) == pytest.approx(charts.HEIGHT * count / chart.top, abs=0.01)
    assert chart.gaps == ((38, 24),)  # of four days from ten o'clock on, by the hour, the third


def test_something_is_never_drawn_as_nothing():
    """One in a million is a sliver."""
    assert (share(1, 1_000_000), share(0, 5), share(5, 5), share(1, 0)) == ("0.40", "0", "100.00", "0")
