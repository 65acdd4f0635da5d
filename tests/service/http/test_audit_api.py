"""Our Audit API is the vendor's, over any source's events."""

from __future__ import annotations

import pytest
import requests

from trailbell.audit import AuditClient
from trailbell.audit.errors import AuthenticationError, NotFoundError, RefusedError
from trailbell.audit.retry import RetryPolicy
from trailbell.http.settings import AuditPair
from trailbell.store.ledger import StoreLedger
from trailbell.store.search_keeper import BuildingError
from trailbell_engine.event import Event
from trailbell_notifiers.secret import Secret

ALL = AuditPair("all", Secret("sécret"), None)
SECRETS = ("all", "sécret".encode())
ONE = AuditPair("abcd1234", Secret("example-secret"), "abcd1234")


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Wherever the store is."""
    return request.param


@pytest.fixture
def api(event, recorded, serving):
    """A server over 250 events of one account and two of others."""
    own = [event(number, ("NUMBER_UPDATED", "USER_LOGIN")[number % 2]) for number in range(250)]
    other = event(900, account_id="other")
    foreign = Event(
        "app", "a/b c", "login", own[0].time_us, {"who": "ada", "user_email": "ada@example.org", "user_id": 7}
    )
    recorded([*own, other, foreign])
    return serving(audit=(ALL, ONE))[1]


@pytest.fixture
def client(api):
    """A function: our own client with a pair."""
    opened = []

    def make(pair=ONE):
        base_url = f"{api.url}/beta/audit"
        opened.append(AuditClient(pair.key, pair.secret.reveal(), base_url, retry=RetryPolicy(attempts=1)))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def get(api):
    """A function: a GET, with the pair of all accounts if not told otherwise."""

    def make(path="/events", method="GET", auth=SECRETS, **keywords):
        return requests.request(method, f"{api.url}/beta/audit{path}", auth=auth, timeout=10, **keywords)

    return make


def test_our_client_reads_it(client):
    """Our own client finds every event of the account, each once, newest first."""
    events = list(client().events(size=100))
    assert len(events) == len({event["id"] for event in events}) == 250
    assert [event["created_at"] for event in events] == sorted((event["created_at"] for event in events), reverse=True)


def test_filters(client):
    """Types, dates, text and user narrow the list."""
    one = client()
    assert one.page(event_types=["USER_LOGIN"]).total == 125
    assert one.page(date_from="2026-11-02T10:00:10", date_to="2026-11-02T10:00:19").total == 10
    assert one.page(date_from="2026-11-03").total == 0
    assert one.page(search_text="203.0.113.9").total == 250
    assert one.page(search_text="nowhere").total == 0
    assert client(ALL).page(user_id=7).total == 1


def test_an_account_sees_its_own(client):
    """A pair of one account sees nothing of another, be it in lists, by id, or in the event types."""
    assert client().page().total == 250
    assert client(ALL).page().total == 252
    foreign = client(ALL).event("a/b c")
    assert foreign["context"] == {"who": "ada", "user_email": "ada@example.org", "user_id": 7}
    with pytest.raises(NotFoundError):
        client().event("a/b c")
    assert "login" not in [kind.type for kind in client().event_types()]
    assert "login" in [kind.type for kind in client(ALL).event_types()]


def test_an_account_is_a_text(event, recorded, serving):
    """What only looks like its name (a number, a boolean, an array) is nobody's, wherever the store is."""
    recorded([event(number, "A", account_id=account) for number, account in enumerate(["1", 1, True, ["1"], None])])
    _, server = serving(audit=(AuditPair("key", Secret("secret"), "1"), AuditPair("k", Secret("s"), "true")))

    def ask(method, *auth):
        return requests.request(method, f"{server.url}/beta/audit/events", auth=auth, timeout=10).json()

    assert [ask("GET", *pair)["page"]["totalElements"] for pair in (("key", "secret"), ("k", "s"))] == [1, 0]
    types = [ask("OPTIONS", *pair)["eventTypes"] for pair in (("key", "secret"), ("k", "s"))]
    assert [[known["type"] for known in own if known["type"] == "A"] for own in types] == [["A"], []]


def test_the_page_is_hal(get):
    """Links lead to the page itself, the next and the last one; the last page has no next."""
    document = get("/events", params={"event_type": "USER_LOGIN", "size": 50, "page": 2}).json()
    assert document["page"] == {"size": 50, "totalElements": 125, "totalPages": 3, "number": 2}
    assert {name: link["href"].partition("?")[2] for name, link in document["_links"].items()} == {
        "self": "event_type=USER_LOGIN&page=2&size=50",
        "next": "event_type=USER_LOGIN&page=3&size=50",
        "last": "event_type=USER_LOGIN&page=3&size=50",
    }
    last = requests.get(document["_links"]["next"]["href"], auth=SECRETS, timeout=10).json()
    assert len(last["_embedded"]["events"]) == 25
    assert "next" not in last["_links"]
    event = last["_embedded"]["events"][0]
    assert requests.get(event["_links"]["self"]["href"], auth=SECRETS, timeout=10).json() == event


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic YWxs",
        "Bearer YWxsOnM=",
        "Basic " + "A" * 5_000,
        b"Basic \xe9\xff",
        "Basic YWxsOnNlY3JldA==",
    ],
)
def test_strangers_are_refused(get, authorization):
    """Whatever comes instead of a known pair is 401, in the specified shape, and never a failure of ours."""
    headers = {"Authorization": authorization} if authorization else {}
    reply = get(auth=None, headers=headers)
    assert reply.status_code == 401
    assert reply.json().keys() == {"status", "error", "message"}
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("size=0", "size"),
        ("size=101", "size"),
        ("size=ten", "size"),
        ("page=0", "page"),
        ("page=٣", "page"),
        ("page=" + "9" * 400, "page"),
        ("date_from=yesterday", "date_from"),
        ("date_to=2026-13-01", "date_to"),
        ("search_text=" + "x" * 1001, "search_text"),
    ],
)
def test_what_cannot_be_read_is_named(get, query, word):
    """A parameter that cannot be read is 400, and the message names it."""
    reply = get(f"/events?{query}")
    assert (reply.status_code, reply.json()["error"]) == (400, "Bad Request")
    assert word in reply.json()["message"]


@pytest.mark.parametrize(
    "text", ['"', '" OR "', "NEAR(a b)", "a*", "^a", "a AND b", "\x00", "(", "%", "'; DROP", "\ud7ff", "-x", "a:b"]
)
def test_search_text_is_text(get, text):
    """What would be syntax elsewhere is looked for as it stands."""
    reply = get("/events", params={"search_text": text})
    assert reply.status_code == 200


def test_methods_and_forms(get):
    """HEAD has the head of GET, other methods are refused with the list of the possible ones, so are other forms."""
    assert (get(method="HEAD").status_code, get(method="HEAD").content) == (200, b"")
    refused = get(method="DELETE")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert get(headers={"Accept": "text/html"}).status_code == 406
    assert get(headers={"Accept": "application/hal+json, text/html;q=0.5"}).status_code == 200
    assert get("/nothing").json() == {
        "status": 404,
        "error": "Not Found",
        "message": "there is nothing at /beta/audit/nothing",
    }
    assert get("/events/none").json()["message"] == "Event with provided id: none was not found"


@pytest.mark.parametrize("event_id", ["a\nb", "\n", "a b/c?d=e#f", "%2F", "\u00fc\u2028", "\\", "a\r\nb\n"])
def test_the_link_of_an_event_leads_to_it(serving, recorded, event, event_id):
    """Whatever the sender's id is made of."""
    recorded([event(1)._replace(id=event_id)])
    server = serving(audit=(ALL,))[1]
    (listed,) = requests.get(f"{server.url}/beta/audit/events", auth=SECRETS, timeout=10).json()["_embedded"]["events"]
    found = requests.get(listed["_links"]["self"]["href"], auth=SECRETS, timeout=10)
    assert (found.status_code, found.json()) == (200, listed)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/events"), ("HEAD", "/events"), ("OPTIONS", "/events"), ("GET", "/events/x")]
)
def test_while_the_index_is_built_everything_says_so(serving, recorded, event, monkeypatch, method, path):
    """503 with Retry-After, and no fault in the log."""
    recorded([event(1)])
    parts, server = serving(audit=(ALL,))

    def building():
        raise BuildingError(150_000)

    monkeypatch.setattr(parts.keeper, "search", building)
    reply = requests.request(method, f"{server.url}/beta/audit{path}", auth=SECRETS, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")


def test_our_client_understands_refusals(client):
    """A wrong secret and a bad date reach the caller as what they are."""
    with pytest.raises(AuthenticationError):
        client(AuditPair("all", Secret("wrong"), None)).page()
    with pytest.raises(RefusedError, match="date_from"):
        client().page(date_from="yesterday")


def test_an_event_is_listed_as_soon_as_it_is_stored(event, recorded, serving, store):
    """Whoever reads after a commit reads what was committed."""
    database = recorded([event(1)])
    _, server = serving(audit=(ALL,))
    for number in range(2, 30):
        ledger = StoreLedger(database)
        with ledger.transaction():
            ledger.record([event(number)])
        reply = requests.get(f"{server.url}/beta/audit/events?size=1", auth=SECRETS, timeout=10)
        assert reply.json()["page"]["totalElements"] == number
