"""What is sent and not heard: counted by `/metrics`, for nobody sends it again."""

from __future__ import annotations

import socket
import time

import pytest

from trailbell.sources.syslog.settings import build

PATIENCE_S = 20
NAME = "trailbell_source_lost_total"


@pytest.fixture
def counted(metrics):
    """A function: what `/metrics` counts as lost, by reason; and the address of a source that lets nobody in."""
    lines, read = metrics
    source = build("edge", {"listen": ["udp://127.0.0.1:0"], "allow": ["192.0.2.0/24"]}, {}, once=False)
    read(source)
    assert source.listening.wait(PATIENCE_S)
    return lambda: dict(line.rsplit(" ", 1) for line in lines(NAME)), ("127.0.0.1", source.addresses[0].port)


def test_metrics_count_what_was_refused(counted):
    """From nought on, so that the first one is seen as a change."""
    counts, address = counted
    sample = f'{NAME}{{source="edge",reason="network"}}'
    assert counts()[sample] == "0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(3):
            sender.sendto(b"<13>a: x", address)
    until_s = time.monotonic() + PATIENCE_S
    while counts()[sample] != "3":
        assert time.monotonic() < until_s, counts()
