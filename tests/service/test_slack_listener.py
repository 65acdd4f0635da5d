"""The connection for clicks ends when it is told to."""

from __future__ import annotations

import pytest
from slack_sdk.socket_mode.builtin import SocketModeClient

from trailbell.slack.listener import Listener
from trailbell.testing.slack import APP_TOKEN, FakeSlack
from trailbell_notifiers.secret import Secret


@pytest.mark.parametrize("mark_is_taken_back", [False, True])
def test_a_connection_closes(mark_is_taken_back, monkeypatch, caplog):
    """Also when the client's thread, about to receive, takes back the mark that it is to end."""
    if mark_is_taken_back:
        disconnect = SocketModeClient.disconnect

        def slowly(client):
            client.current_session_state.terminated = False
            disconnect(client)

        monkeypatch.setattr(SocketModeClient, "disconnect", slowly)
    with FakeSlack() as slack, Listener(Secret(APP_TOKEN), slack.api_url, lambda _: None) as listener:
        assert slack.socket.wait_connected(30)
    assert not listener._worker.is_alive()
    assert "does not close" not in caplog.text
