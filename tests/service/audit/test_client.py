"""The Audit API client against a fake on a real socket."""

import logging
import socket
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import orjson
import pytest

from trailbell.audit import (
    AnswerError,
    AuditClient,
    AuditError,
    AuthenticationError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    RetryPolicy,
    ServerError,
)
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.testing.vonage_faults import Body, Drop, Insert, Pass, Status, Truncate

# Reading


def test_all_pages_are_read(client, history):
    """Every event once, whatever the size of the pages."""
    expected = sorted(event["id"] for event in history)
    for size in (100, 7):
        assert sorted(event["id"] for event in client.events(size=size)) == expected


def test_pages_that_repeat_without_a_total_end(api, client):
    """An API that gives the same page for every number, and ids that are none, are no endless list."""
    events = [{"id": "a"}, {"id": ["b"]}, {"event_type": "X"}]
    page = Body(orjson.dumps({"_embedded": {"events": events}}))
    api.script(page, page, Status(500), Status(500))
    assert list(client.events(size=3)) == events


def test_one_page_has_its_number_and_the_total(client, history):
    """``page`` gives what the API gives."""
    page = client.page(2, size=10)
    assert (len(page.events), page.number, page.total) == (10, 2, len(history))


def test_one_event_is_fetched_by_its_id(client, history):
    """``event`` gives it whole."""
    assert client.event(history[3]["id"]) == history[3]


def test_an_id_cannot_leave_the_events(client, api):
    """Slashes and question marks in an id stay in it."""
    with pytest.raises(NotFoundError):
        client.event("../../x?y=1")
    assert api.seen[-1].path == "/beta/audit/events/..%2F..%2Fx%3Fy%3D1"


def test_the_kinds_of_events_are_asked_for_with_options(client, api):
    """``event_types`` is the API's own list."""
    kinds = {kind.type: kind.description for kind in client.event_types()}
    assert kinds == api.types
    assert api.seen[-1].method == "OPTIONS"


def test_filters_are_sent_and_narrow_the_list(client, history):
    """Types, both dates, text and user reach the API, each alone and all together."""
    by = next(event for event in history if event.get("user_id"))
    day = history[-1]["created_at"][:10]
    filters = {
        "event_types": ["USER_LOGIN", "USER_LOGOUT"],
        "date_from": f"{day}T06:00:00",
        "date_to": date.fromisoformat(day) + timedelta(days=1),
        "search_text": by["user_email"],
        "user_id": by["user_id"],
    }
    checks = {
        "event_types": lambda event: event["event_type"] in filters["event_types"],
        "date_from": lambda event: event["created_at"] >= filters["date_from"],
        "date_to": lambda event: event["created_at"] <= f"{filters['date_to']}T00:00:00",
        "search_text": lambda event: by["user_email"] in str(event),
        "user_id": lambda event: event.get("user_id") == by["user_id"],
    }
    for name, check in checks.items():
        found = list(client.events(**{name: filters[name]}))
        assert sorted(event["id"] for event in found) == sorted(event["id"] for event in history if check(event))
    found = list(client.events(**filters))
    assert len(found) == sum(all(check(event) for check in checks.values()) for event in history) > 0


def test_instants_are_sent_in_utc_without_a_zone(client, api):
    """As the API writes its own."""
    east = timezone(timedelta(hours=2))
    client.page(date_from=datetime(2026, 11, 2, 10, tzinfo=east), date_to=datetime(2026, 11, 2, 9, tzinfo=UTC))
    assert (api.seen[-1].parameters["date_from"], api.seen[-1].parameters["date_to"]) == (
        "2026-11-02T08:00:00",
        "2026-11-02T09:00:00",
    )
    with pytest.raises(ValueError, match="needs a zone"):
        client.page(date_from=datetime(2026, 11, 2, 10))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("arguments", [{"number": 0}, {"size": 0}, {"size": 101}])
def test_impossible_pages_are_not_asked_for(client, arguments):
    """The limits are the specification's."""
    with pytest.raises(ValueError, match="1 to 100"):
        client.page(**arguments)


def test_an_event_pushed_to_the_next_page_is_given_once(client, api, history):
    """Events that arrive during the reading shift the pages; ids already given are not given again."""
    newest = max(event["created_at"] for event in history)
    late = [history[0] | {"id": f"00000000-0000-4000-a000-{number:012d}", "created_at": newest} for number in range(5)]
    api.script(Pass(), Insert(tuple(late)))
    ids = [event["id"] for event in client.events(size=100)]
    assert len(ids) == len(set(ids)) >= len(history)


# Errors


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, AuthenticationError, "does not accept the API key and secret"),
        (403, ForbiddenError, "refuses this account"),
        (404, NotFoundError, "nothing there"),
        (400, RefusedError, "was refused (400)"),
        (410, RefusedError, "was refused (410)"),
        (301, AnswerError, "was redirected to"),
        (418, RefusedError, "was refused (418)"),
        (226, AnswerError, "was answered with status 226"),
    ],
)
def test_a_permanent_error_is_told_at_once(client, api, waits, status, error, words):
    """Each status has its own class and words, and the API's own message."""
    api.script(Status(status, {"Location": "http://elsewhere.example.com/"}, message="because\x1b[31m of this"))
    with pytest.raises(error) as caught:
        client.page()
    assert words in caught.value.message
    assert caught.value.status == status
    assert not caught.value.transient
    assert "\x1b" not in caught.value.message
    assert (len(api.seen), waits) == (1, [])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(429), RateLimitedError),
        (Status(500), ServerError),
        (Status(502), ServerError),
        (Status(503), ServerError),
        (Truncate(), AnswerError),
        (Body(b"<html>maintenance</html>"), AnswerError),
        (Body(b""), AnswerError),
        (Drop(), NetworkError),
    ],
)
def test_a_passing_error_is_retried_then_told(connect, api, waits, fault, error):
    """Five attempts with growing pauses; if the last one works, nobody notices."""
    api.script(*[fault] * 4)
    assert connect().page(size=1).events
    assert waits == [1.0, 2.0, 4.0, 8.0]
    api.script(*[fault] * 5)
    with pytest.raises(error) as caught:
        connect().page()
    assert caught.value.transient
    assert api.scripted == 0


def test_pauses_have_full_jitter_and_a_limit(connect, api):
    """A pause is drawn from zero to its range, and the ranges stop growing."""
    waits = []
    policy = RetryPolicy(attempts=10, base_s=10, limit_s=60, sleep=waits.append, jitter=lambda: 0.5)
    api.script(*[Status(500)] * 9)
    connect(retry=policy).page()
    assert waits == [5, 10, 20, 30, 30, 30, 30, 30, 30]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("999999", 3600, 3600),
        ("soon", 1, 1),
        (timedelta(seconds=90), 60, 90),
        (timedelta(days=-1), 0, 0),
        (timedelta(days=400), 3600, 3600),
    ],
)
def test_retry_after_is_honoured(client, api, waits, status, header, low, high):
    """As seconds or as a date, at most an hour; nonsense leaves our own pause."""
    if isinstance(header, timedelta):
        header = format_datetime(datetime.now(UTC) + header, usegmt=True)
    api.script(Status(status, {"Retry-After": header}))
    client.page()
    (wait_s,) = waits
    assert low <= wait_s <= high


def test_whoever_waits_is_told_why(connect, api):
    """``on_wait`` hears of the pause before it starts."""
    told = []
    policy = RetryPolicy(
        sleep=lambda _: told.append("slept"), on_wait=lambda wait_s, error: told.append((wait_s, error.status))
    )
    api.script(Status(429, {"Retry-After": "3"}))
    connect(retry=policy).page()
    assert told == [(3.0, 429), "slept"]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"5",
        b"{}",
        b'{"_embedded": []}',
        b'{"_embedded": {"events": {}}}',
        b'{"page": []}',
        b'{"_embedded": null}',
    ],
)
def test_an_answer_of_another_shape_is_an_error_in_words(client, api, body):
    """Not an empty list: that would look like silence."""
    api.script(Body(body))
    with pytest.raises(AnswerError) as caught:
        client.page()
    assert not caught.value.transient


def test_an_integer_beyond_64_bits_is_kept(client, api):
    """What the API wrote is what callers get."""
    api.script(Body(b'{"_embedded": {"events": [{"id": "x", "n": 123456789012345678901234567890}]}, "page": {}}'))
    assert client.page().events == [{"id": "x", "n": 123456789012345678901234567890}]


def test_a_body_without_end_is_cut(connect, monkeypatch, api):
    """Beyond the limit nothing more is read."""
    monkeypatch.setattr("trailbell.audit.transport.BODY_LIMIT_BYTES", 100_000)
    api.script(Body(b'{"_embedded": "' + b"x" * 200_000))
    with pytest.raises(AnswerError, match="larger than"):
        connect().page()


class Dripping:
    """A server that accepts, starts to answer, and sends a byte now and then."""

    def __init__(self, head):
        self.head = head
        self.done = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_):
        self.done.set()
        self.socket.close()
        self.thread.join()

    def serve(self):
        connection, _ = self.socket.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self.head)
            while not self.done.wait(0.02):
                try:
                    connection.sendall(b"1")
                except OSError:
                    return


def test_a_dripping_answer_has_a_deadline():
    """A byte before every read's timeout does not hold us for ever."""
    once = RetryPolicy(attempts=1)
    with (
        Dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") as base_url,
        AuditClient(KEY, SECRET, base_url, timeout_s=0.05, retry=once) as client,
        pytest.raises(NetworkError, match=r"not complete after 0\.5 s"),
    ):
        client.page()


def test_no_answer_at_all_is_a_network_error():
    """Refused connections and silent servers say so in words."""
    once = RetryPolicy(attempts=1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            AuditClient(KEY, SECRET, base_url, timeout_s=0.05, retry=once) as client,
            pytest.raises(NetworkError, match="did not answer within"),
        ):
            client.page()
    with (
        AuditClient(KEY, SECRET, base_url, retry=once) as client,
        pytest.raises(NetworkError, match="Connection refused"),
    ):
        client.page()


# Credentials stay where they belong


def test_links_and_redirects_are_never_followed(connect, api, history):
    """A ``next`` link and a ``Location`` on another server are not contacted."""
    with FakeAuditApi(history) as elsewhere:
        first = {
            "_embedded": {"events": history[:2]},
            "_links": {"next": {"href": f"{elsewhere.base_url}/events?page=2"}},
            "page": {"totalElements": 3},
        }
        api.script(Body(orjson.dumps(first)), Body(orjson.dumps(first | {"_embedded": {"events": history[2:3]}})))
        assert [event["id"] for event in connect().events()] == [event["id"] for event in history[:3]]
        api.script(Status(302, {"Location": f"{elsewhere.base_url}/events"}))
        with pytest.raises(AnswerError, match="redirected"):
            connect().page()
        assert elsewhere.seen == []


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.nexmo.com/beta/audit",
        "http://127.0.0.1.example.com/",
        "http://[2001:db8::1]/",
        "ftp://127.0.0.1/",
        "api.nexmo.com",
        "https://key:secret@api.nexmo.com/",
        "https://api.nexmo.com/?x=1",
        "",
    ],
)
def test_an_address_that_would_leak_the_secret_is_refused(base_url):
    """Plain http is for this machine alone."""
    with pytest.raises(ValueError, match=r"http|credentials"):
        AuditClient(KEY, SECRET, base_url)


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:1/x", "http://localhost/", "http://[::1]:9/", "https://api.example.com/"]
)
def test_https_and_this_machine_are_good_addresses(base_url):
    """A slash at the end is dropped."""
    with AuditClient(KEY, SECRET, base_url) as client:
        assert client.base_url == base_url.rstrip("/")


FAULTS = [
    Status(status, {"Location": f"http://x.example.com/{SECRET}"}, message=f"your {SECRET}")
    for status in (301, 400, 401, 403, 404, 429, 500)
]


@pytest.mark.parametrize("fault", [*FAULTS, Drop(), Body(SECRET.encode()), Truncate()])
def test_the_secret_is_in_no_error_and_no_log(connect, api, caplog, fault):
    """Even if the other side echoes it."""
    caplog.set_level(logging.DEBUG)
    client = connect(retry=RetryPolicy(attempts=1))
    api.script(fault)
    with pytest.raises(AuditError) as caught:
        client.page()
    everything = (
        f"{caught.value!r} {caught.value.message} {caught.value.help} {caplog.text} {client!r} {vars(client)!r}"
    )
    assert SECRET not in everything
    assert caught.value.__cause__ is None


def test_a_proxy_of_the_environment_does_not_see_loopback_requests(connect, monkeypatch):
    """The secret would pass it readable."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert connect().page().events
