"""The fake Audit API, asked with a plain HTTP client: what it answers is what the specification describes."""

import base64
import http.client
import json
import subprocess
import sys
from urllib.parse import urlencode, urlsplit

import pytest

from trailbell.testing.synthetic import month
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi

AUTHORIZATION = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()


@pytest.fixture(scope="module")
def history():
    return month(days=1).events


@pytest.fixture
def ask(history):
    """Send one request; status and document."""
    with FakeAuditApi(history) as api:
        parts = urlsplit(api.base_url)

        def request(path="/events", method="GET", authorization=AUTHORIZATION, **parameters):
            connection = http.client.HTTPConnection(parts.netloc, timeout=10)
            target = f"{parts.path}{path}" + (f"?{urlencode(parameters)}" if parameters else "")
            connection.request(method, target, headers={"Authorization": authorization} if authorization else {})
            response = connection.getresponse()
            document = json.loads(response.read())
            connection.close()
            return response.status, document

        request.api = api
        yield request


def test_a_list_is_hal_with_links_and_paging(ask, history):
    """30 a page unless asked; links are plain http, as the vendor's are."""
    status, document = ask(page=2)
    assert status == 200
    assert document["page"] == {
        "size": 30,
        "totalElements": len(history),
        "totalPages": -(-len(history) // 30),
        "number": 2,
    }
    assert len(document["_embedded"]["events"]) == 30
    assert set(document["_links"]) == {"self", "next", "last"}
    assert all(
        link["href"].startswith("http://api.nexmo.com/beta/audit/events?") for link in document["_links"].values()
    )


def test_the_last_page_has_no_next(ask, history):
    """And one behind it is empty."""
    last = -(-len(history) // 100)
    assert set(ask(page=last, size=100)[1]["_links"]) == {"self", "last"}
    assert ask(page=last + 1, size=100)[1]["_embedded"]["events"] == []


def test_bare_dates_are_midnights(ask, history):
    """As the documents write them."""
    assert ask(date_from="2026-10-01")[1]["page"]["totalElements"] == len(history)
    assert ask(date_from="2026-10-02")[1]["page"]["totalElements"] == 0
    assert ask(date_to="2026-10-01")[1]["page"]["totalElements"] == 0


def test_one_event_and_none(ask, history):
    """By id; errors have the specified shape."""
    assert ask(f"/events/{history[0]['id']}") == (200, history[0])
    status, document = ask("/events/aaaaaaaa-bbbb-cccc-dddd-0123456789ab")
    assert (status, document["status"], document["error"]) == (404, 404, "Not Found")
    assert document["message"] == "Event with provided id: aaaaaaaa-bbbb-cccc-dddd-0123456789ab was not found"


def test_options_lists_the_kinds(ask):
    """With descriptions."""
    status, document = ask(method="OPTIONS")
    assert status == 200
    assert {"type": "APP_CREATE", "description": "Application created."} in document["eventTypes"]


@pytest.mark.parametrize(
    "authorization", ["", "Basic nonsense", "Bearer x", "Basic " + base64.b64encode(b"a:b").decode()]
)
def test_nobody_gets_in_without_key_and_secret(ask, authorization):
    """Not even to the list of kinds."""
    for method, path in (("GET", "/events"), ("OPTIONS", "/events"), ("GET", "/nowhere")):
        status, document = ask(path, method, authorization)
        assert (status, document["error"]) == (401, "Unauthorized")


@pytest.mark.parametrize("parameters", [{"size": 0}, {"size": 101}, {"size": "x"}, {"page": 0}, {"date_from": "soon"}])
def test_bad_parameters_are_bad_requests(ask, parameters):
    """With words."""
    status, document = ask(**parameters)
    assert (status, document["status"], document["error"]) == (400, 400, "Bad Request")
    assert document["message"]


def test_events_may_be_added_at_any_time(ask, history):
    """And are there for the next request; what is no event is refused at once."""
    ask.api.add(history[0] | {"id": "00000000-0000-4000-a000-000000000000"})
    assert ask()[1]["page"]["totalElements"] == len(history) + 1
    for wrong in ({"id": "x"}, {"created_at": "soon"}, {"event_type": ""}):
        with pytest.raises(ValueError, match=r"."):
            ask.api.add(history[0] | wrong)


def test_people_can_start_it_and_are_told_how_to_use_it():
    """The address, and lines for the shell."""
    with subprocess.Popen(
        [sys.executable, "-m", "trailbell.testing.vonage_api", "--seed", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            exported = dict(
                process.stdout.readline().decode().removeprefix("export ").strip().split("=", 1) for _ in range(3)
            )
            parts = urlsplit(exported["VONAGE_AUDIT_URL"])
            connection = http.client.HTTPConnection(parts.netloc, timeout=10)
            connection.request("GET", f"{parts.path}/events?size=1", headers={"Authorization": AUTHORIZATION})
            assert json.loads(connection.getresponse().read())["page"]["totalElements"] > 1000
            connection.close()
            assert (exported["VONAGE_API_KEY"], exported["VONAGE_API_SECRET"]) == (KEY, SECRET)
        finally:
            process.terminate()
            process.communicate(timeout=10)


def test_a_client_that_goes_away_is_nothing_to_tell_of(ask, capfd):
    """Tests and people would look for a fault where there is none; what is one is told."""
    for error, told in ((ConnectionResetError(), False), (ValueError("a fault"), True)):
        try:
            raise error
        except type(error):
            ask.api._server.handle_error(None, ("127.0.0.1", 1))
        assert ("Traceback" in capfd.readouterr().err) == told
