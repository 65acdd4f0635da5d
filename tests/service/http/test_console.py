"""The console shows what is there, and nothing in it can run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import requests

from trailbell.http.settings import Sender
from trailbell_notifiers.secret import Secret

HOSTILE = "<script>alert(1)</script>\"' onload=x {{ 7*7*191 }} javascript:alert(1)"
RULES = """
id: login
title: "{{ event.user_email }} signed in"
severity: high
match: {event_type: USER_LOGIN}
"""


@pytest.fixture
def page(running, record):
    """A function: the text of a page of a console whose alerts are hostile."""
    server, _, _ = running(RULES, senders=(Sender(source="app", proof="token", secret=Secret("t")),))
    events = [record(number, "USER_LOGIN", user_email=HOSTILE, at_s=number * 90_000) for number in range(60)]
    headers = {"Authorization": "Bearer t"}
    assert requests.post(f"{server.url}/v1/events", json=events, headers=headers, timeout=20).status_code in (202, 400)

    def get(path):
        reply = requests.get(f"{server.url}{path}", timeout=10)
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return reply.text

    get.url = server.url
    return get


def test_every_page(page):
    """Each is there, and links to the others."""
    for path in ("/", "/rules", "/deliveries", "/sources", "/?severity=high&state=open&rule=login"):
        assert page(path).count('<a href="/rules"') == 1
    for path, kind in (("/console.css", "text/css"), ("/favicon.svg", "image/svg+xml")):
        assert requests.get(f"{page.url}{path}", timeout=10).headers["Content-Type"].startswith(kind)


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_hostile_text_is_text(page):
    """What events say is shown as it is; no element, attribute, link or template comes of it."""
    listed = page("/")
    (path, *_) = re.findall(r'href="(/alerts/[0-9a-f]+)"', listed)
    for text in (listed, page(path), page("/rules")):
        for tag, attributes in Elements(text).found:
            assert tag not in ("script", "img", "iframe", "style")
            assert not any(name.startswith("on") for name in attributes)
            assert (attributes.get("href") or "/").startswith(("/", "?"))
        assert "9359" not in text
    assert "{{ 7*7*191 }}" in page(path)


def test_in_a_browser(page, browser):
    """Every page opens without complaint, follows its own links, and has nothing to scroll sideways on a telephone."""
    (alert, *_) = re.findall(r'href="(/alerts/[0-9a-f]+)"', page("/"))
    for path in ("/", alert, "/rules", "/deliveries", "/sources"):
        browser.open(f"{page.url}{path}", width=375, scheme="dark")
        assert browser.run("return document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert browser.run("return document.querySelector('main').scrollWidth - innerWidth") <= 0, path
    browser.open(page.url)
    browser.click("main a[href^='/alerts/']")
    assert browser.run("return location.pathname").startswith("/alerts/")
    assert "{{ 7*7*191 }}" in browser.run("return document.body.innerText")
    assert browser.complaints() == []


def test_a_key_is_shown_as_people_write_it(running, record):
    """A part that is missing is none, a boolean is true, and a list is its values: no words of Python."""
    server, _, _ = running(
        RULES + "when: {each: {by: [user_email, mfa, roles]}}\n",
        senders=(Sender(source="app", proof="token", secret=Secret("t")),),
    )
    event = {**record(1, "USER_LOGIN", user_email=None), "mfa": True, "roles": ["admin", "ops"]}
    headers = {"Authorization": "Bearer t"}
    assert requests.post(f"{server.url}/v1/events", json=[event], headers=headers, timeout=20).status_code == 202
    (path, *_) = re.findall(r'href="(/alerts/[0-9a-f]+)"', requests.get(server.url, timeout=10).text)
    text = requests.get(f"{server.url}{path}", timeout=10).text
    for shown in ("<dt>user_email</dt><dd>none</dd>", "<dt>mfa</dt><dd>true</dd>", "<dt>roles</dt><dd>admin, ops</dd>"):
        assert shown in text


def test_unknown_pages(page):
    """What is not there is said so, whoever asks."""
    assert requests.get(f"{page.url}/alerts/none", timeout=10).status_code == 404
    assert requests.get(f"{page.url}/?severity=loud", timeout=10).status_code == 400
