"""A fake Audit API with a month in it, and clients that wait for nothing."""

import pytest

from trailbell.audit import AuditClient, RetryPolicy
from trailbell.testing.synthetic import month
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi


@pytest.fixture(scope="session")
def history():
    """Two days of events, oldest first."""
    return month(days=2).events


@pytest.fixture
def api(history):
    with FakeAuditApi(history) as api:
        yield api


@pytest.fixture
def waits():
    """The pauses that clients made, in seconds."""
    return []


@pytest.fixture
def connect(api, waits):
    """Make a client of the fake."""
    clients = []

    def make(key=KEY, secret=SECRET, base_url=None, **keywords):
        policy = keywords.pop("retry", None) or RetryPolicy(sleep=waits.append, jitter=lambda: 1.0)
        client = AuditClient(key, secret, base_url or api.base_url, retry=policy, **keywords)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()
