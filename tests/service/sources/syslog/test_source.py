"""Syslog over real sockets: every transport and framing, and senders that are slow, many, foreign or rude."""

from __future__ import annotations

import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing
from zoneinfo import ZoneInfo

import pytest

from trailbell.clock import now_us
from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError
from trailbell.sources.syslog.door import LOOPBACK, Door, networks_of, plain_address
from trailbell.sources.syslog.events import EventReader
from trailbell.sources.syslog.hearing import Terms
from trailbell.sources.syslog.listening import read_address
from trailbell.sources.syslog.settings import build
from trailbell.sources.syslog.source import SyslogSource
from trailbell_engine.decoding.maps import GENERIC
from trailbell_engine.event import Event

PATIENCE_S = 20
LOCAL = {"udp": "udp://127.0.0.1:0", "tcp": "tcp://127.0.0.1:0", "tls": "tls://127.0.0.1:0"}


class Listener:
    """A source that is being read on a thread, as a live run does it.

    Attributes:
        source: the source.
        inputs: what it gave.
        ports: by transport.
    """

    def __init__(self, source):
        self.source = source
        self.inputs = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        assert source.listening.wait(PATIENCE_S)
        self.ports = {address.transport: address.port for address in source.addresses}

    def _read(self):
        with closing(self.source.batches()) as batches:
            for batch in batches:
                with self._changed:
                    self.inputs += batch.inputs
                    self._changed.notify_all()

    def wait(self, count):
        """The inputs, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.inputs) >= count, PATIENCE_S), self.inputs
        return self.inputs

    def texts(self, count):
        """The texts of the messages, once there are so many."""
        return [item.data["message"] if isinstance(item, Event) else item.reason for item in self.wait(count)]

    def connect(self, transport="tcp"):
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.ports[transport]), PATIENCE_S)

    def stop(self):
        """End it."""
        self.source.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def listening():
    """A function: a source with these settings, being read; all are ended."""
    open_ = []

    def make(*transports, source=None, **settings):
        addresses = [LOCAL[transport] for transport in transports]
        open_.append(Listener(source or build("syslog", {"listen": addresses, **settings}, {}, once=False)))
        return open_[-1]

    yield make
    for listener in open_:
        listener.stop()


@pytest.fixture
def files(authority, tmp_path):
    """A certificate for 127.0.0.1 and its key, as files."""
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}


def is_closed(connection):
    """Whether the other side ends the connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_datagrams(listening):
    """Each is a message; the address of its sender goes along."""
    listener = listening("udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in (b"<13>a: one", b"no syslog", b"<13>a: two\n"):
            sender.sendto(text, ("127.0.0.1", listener.ports["udp"]))
    assert listener.texts(3)[::2] == ["one", "two"]
    first, malformed, _ = listener.inputs
    assert first.data["syslog"]["peer"] == "127.0.0.1"
    assert (malformed.source, malformed.raw) == ("syslog", b"no syslog")
    assert malformed.place.startswith("udp 127.0.0.1:")


def test_streams(listening):
    """Counted messages and lines, of several senders at once, each in its order."""
    listener = listening("tcp")
    with listener.connect() as one, listener.connect() as other:
        one.sendall(b"<13>a: 1\n9 <13>a: \n2<13")
        other.sendall(b"<13>b: 1\n")
        listener.wait(3)
        one.sendall(b">a: 3\n")
        listener.wait(4)
    by_sender = {app: [item.data["message"] for item in listener.inputs if item.event_type == app] for app in "ab"}
    assert by_sender == {"a": ["1", "\n2", "3"], "b": ["1"]}


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_both_internets(listening):
    """`[::]` is heard over IPv6 and IPv4, whose addresses `allow` knows as such."""
    listener = listening(
        source=build("syslog", {"listen": ["tcp://[::]:0"], "allow": ["127.0.0.1", "::1"]}, {}, once=False)
    )
    for number, host in enumerate(("127.0.0.1", "::1"), start=1):
        with socket.create_connection((host, listener.ports["tcp"]), PATIENCE_S) as sender:
            sender.sendall(b"<13>a: x\n")
            assert listener.wait(number)[-1].data["syslog"]["peer"] == host


def test_a_last_line_needs_no_line_feed(listening):
    """`printf | nc` sends none."""
    listener = listening("tcp")
    with listener.connect() as sender:
        sender.sendall(b"<13>a: last")
    assert listener.texts(1) == ["last"]


def test_encrypted(listening, files, ca_file):
    """RFC 5425: the sender checks our certificate. What is no TLS is not understood, and harms nobody."""
    listener = listening("tls", tls=files)
    context = ssl.create_default_context(cafile=ca_file)
    with listener.connect("tls") as plain:
        plain.sendall(b"<13>a: plain\n" * 50)
        assert is_closed(plain)
    ((reason, count),) = listener.source.door.refused.items()
    assert (reason[:19], count) == ("because TLS failed ", 1)
    assert listener.source.lost == {"network": 0, "room": 0, "tls": 1, "system": 0, "overflow": 0}
    with context.wrap_socket(listener.connect("tls"), server_hostname="127.0.0.1") as sender:
        sender.sendall(b"".join(b"<13>a: %05d\n" % number for number in range(5_000)))
        assert listener.texts(5_000) == [f"{number:05d}" for number in range(5_000)]


def test_senders_with_certificates(listening, files, ca_file, authority):
    """With `client_ca` only those whose certificate it has signed are heard."""
    listener = listening("tls", tls=files | {"client_ca": ca_file})
    context = ssl.create_default_context(cafile=ca_file)
    with (
        context.wrap_socket(listener.connect("tls"), server_hostname="127.0.0.1") as stranger,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        stranger.recv(1)  # TLS 1.3 tells at the first reading
    authority.issue_cert("sender.test").configure_cert(context)
    with context.wrap_socket(listener.connect("tls"), server_hostname="127.0.0.1") as sender:
        sender.sendall(b"<13>a: known\n")
        assert listener.texts(1) == ["known"]


@pytest.mark.skipif(shutil.which("logger") is None and not os.environ.get("CI"), reason="logger is not installed")
@pytest.mark.parametrize(
    ("transport", "form"),
    [
        ("udp", ["--udp", "--rfc3164"]),
        ("udp", ["--udp", "--rfc5424", "--msgid", "LOGIN", "--sd-id", "x@1", "--sd-param", 'user="ada"']),
        ("tcp", ["--tcp", "--rfc3164"]),
        ("tcp", ["--tcp", "--rfc5424", "--octet-count"]),
    ],
)
def test_logger_of_util_linux(listening, transport, form):
    """What another program writes is understood: kind, process, priority, structured data, time."""
    listener = listening(transport, timezone="Europe/London")
    command = ["logger", "--server", "127.0.0.1", "--port", str(listener.ports[transport]), *form]
    before_us = time.time_ns() // 1_000
    subprocess.run(
        [*command, "-p", "auth.warning", "-t", "app", "--id=42", "hello there"], check=True, env={"TZ": "UTC"}
    )
    assert listener.texts(1) == ["hello there"]
    (found,) = listener.inputs
    header = found.data["syslog"]
    assert (header["facility"], header["severity"], header["app"], header["pid"]) == ("auth", "warning", "app", "42")
    assert found.event_type == ("LOGIN" if "--msgid" in form else "app")
    assert abs(found.time_us - before_us) < 10_000_000
    assert not found.untimed
    if "--sd-id" in form:
        assert header["structured"]["x@1"] == {"user": "ada"}


def test_a_message_that_does_not_end(listening):
    """A slow sender has so long for a message, however it trickles; then it is cut off, and what it sent is told."""
    reader = EventReader("syslog", GENERIC, ZoneInfo("UTC"), now_us)
    door, terms = Door("syslog", LOOPBACK, 10), Terms(1_000, message_s=0.3)
    listener = listening(
        source=SyslogSource("syslog", [read_address(LOCAL["tcp"])], reader, door, terms, lateness_us=0)
    )
    with listener.connect() as slow, listener.connect() as silent:
        silent.sendall(b"<13>a: whole\n")
        listener.wait(1)
        slow.sendall(b"<13>a: ")
        assert is_closed(slow)
        assert listener.wait(2)[1].raw == b"<13>a: "
        assert "did not come within" in listener.inputs[1].reason
        silent.sendall(b"<13>a: silence between messages is no fault\n")
        listener.wait(3)


def test_too_large(listening):
    """It is told with its beginning, and the next one is read."""
    listener = listening("tcp", "udp", max_message_bytes=2_048)
    with listener.connect() as sender:
        sender.sendall(b"<13>" + b"x" * 5_000 + b"\n<13>a: next\n")
        assert [text[:11] for text in listener.texts(2)] == ["larger than", "next"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<13>" + b"x" * 5_000, ("127.0.0.1", listener.ports["udp"]))
    assert listener.texts(3)[2] == "larger than 2,048 bytes (5,004 bytes)"


def test_a_connection_that_breaks(listening):
    """What had begun is told."""
    listener = listening("tcp")
    sender = listener.connect()
    sender.sendall(b"<13>a: whole\n100 <13>half")
    listener.wait(1)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    sender.close()
    assert "the connection" in listener.texts(2)[1]


def test_foreign_networks(listening):
    """They are not heard, and counted."""
    listener = listening("tcp", "udp", allow=["192.0.2.0/24", "::1"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<13>a: x", ("127.0.0.1", listener.ports["udp"]))
    with listener.connect() as sender:
        assert is_closed(sender)
    listener.stop()
    assert listener.inputs == []
    assert sum(listener.source.door.refused.values()) == listener.source.lost["network"] == 2


def test_connections_are_bounded(listening):
    """The one too many is closed; when another has gone there is room again."""
    listener = listening("tcp", max_connections=1)
    with listener.connect() as first:
        first.sendall(b"<13>a: 1\n")
        listener.wait(1)
        with listener.connect() as second:
            assert is_closed(second)
    with listener.connect() as third:
        third.sendall(b"<13>a: 2\n")
        listener.wait(2)
    assert sum(listener.source.door.refused.values()) == listener.source.lost["room"] == 1


def test_a_stop_takes_what_has_arrived(listening):
    """Everything that was sent before is given, half messages as such."""
    listener = listening("tcp")
    with listener.connect() as sender:
        sender.sendall(b"<13>a: first\n")
        listener.wait(1)
        sender.sendall(b"".join(b"<13>a: %d\n" % number for number in range(1_000)) + b"<13>half")
        listener.stop()
    texts = listener.texts(1_002)
    assert texts[1:-1] == [str(number) for number in range(1_000)]
    assert texts[-1] == "trailbell was stopped in the middle of it"


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells of half an end")
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_sender_that_looks_loses_nothing_by_a_stop(listening, files, ca_file, transport):
    """It hears that we go before we are gone: what it sent before it saw that is given, too."""
    listener = listening(transport, tls=files) if transport == "tls" else listening(transport)
    with listener.connect(transport) as connection:
        sender = connection
        if transport == "tls":
            context = ssl.create_default_context(cafile=ca_file)
            sender = context.wrap_socket(connection, server_hostname="127.0.0.1")
        sender.sendall(b"<13>a: before\n")
        listener.wait(1)
        stopping = threading.Thread(target=listener.stop)
        stopping.start()
        looks = select.poll()  # TLS itself has nothing more to say after it has read the end
        looks.register(sender, select.POLLRDHUP)
        assert looks.poll(PATIENCE_S * 1_000)
        sender.sendall(b"<13>a: on its way\n")
        sender.close()
        stopping.join()
    assert listener.texts(2) == ["before", "on its way"]


def test_dropped_datagrams_are_told(listening):
    """While nobody reads, the system's buffer fills; how many it dropped is recorded with the next one that comes."""
    source = build("syslog", {"listen": [LOCAL["udp"]]}, {}, once=False)
    batches = source.batches()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, closing(batches):
        thread = threading.Thread(target=lambda: first.append(next(batches)))
        first = []
        thread.start()
        assert source.listening.wait(PATIENCE_S)
        where = ("127.0.0.1", source.addresses[0].port)
        sender.sendto(b"<13>a: x", where)
        thread.join(PATIENCE_S)
        for _ in range(1_000):
            sender.sendto(b"<13>" + b"x" * 20_000, where)
        given = 1
        reasons = []
        while not reasons:
            if given < 1_000:
                sender.sendto(b"<13>after", where)
            batch = next(batches)
            given += sum(isinstance(item, Event) for item in batch.inputs)
            reasons = [item.reason for item in batch.inputs if not isinstance(item, Event)]
    dropped = int(reasons[0].removeprefix("the system dropped ").partition(" ")[0].replace(",", ""))
    assert source.lost["overflow"] == dropped > 0


def test_an_address_that_is_taken(listening):
    """Is said in words, when it is listened on and when `doctor` asks."""
    port = listening("tcp").ports["tcp"]
    second = build("other", {"listen": [f"tcp://127.0.0.1:{port}"]}, {}, once=False)
    with pytest.raises(SourceError, match="Address already in use"):
        next(second.batches())
    with pytest.raises(SourceError, match="cannot listen on tcp://"):
        second.probe()
    assert "can be listened on" in build("other", {"listen": [LOCAL["tcp"]]}, {}, once=False).probe()


def test_once_there_is_nothing_to_catch_up_with():
    """A run for cron does not wait for senders."""
    assert list(build("syslog", {"listen": [LOCAL["tcp"]]}, {}, once=True).batches()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"listen": ["udp://0.0.0.0:514"]}, "everybody could write events"),
        ({"listen": ["udp://[::]:514"]}, "everybody could write events"),
        ({"listen": ["tls://127.0.0.1:6514"]}, "needs a certificate"),
        ({"listen": ["tls://127.0.0.1:6514"], "tls": {"certificate": "none.pem", "key": "none.pem"}}, "`tls`: No such"),
        ({"listen": ["tcp://somewhere:1"]}, "`listen`"),
        ({"listen": ["tcp://127.0.0.1:99999"]}, "`listen`"),
        ({"listen": [LOCAL["udp"]], "allow": ["10.0.0.1/8"]}, "`allow`"),
        ({"listen": [LOCAL["udp"]], "map": "clodtrail"}, "`map`"),
        ({"listen": [LOCAL["udp"]], "timezone": "Mars/Olympus"}, "`timezone`"),
    ],
)
def test_settings_that_cannot_work(settings, message):
    """They are refused at the start, with what to write."""
    with pytest.raises(SettingsError, match=message) as caught:
        build("syslog", settings, {}, once=False)
    assert caught.value.help


def test_addresses_are_as_people_write_them():
    """IPv4 over IPv6 sockets is IPv4, so that `allow` means what it says."""
    assert [plain_address(host) for host in ("::ffff:10.0.0.1", "fe80::1%eth0", "10.0.0.1")] == [
        "10.0.0.1",
        "fe80::1",
        "10.0.0.1",
    ]
    door = Door("syslog", networks_of(["10.0.0.0/8", "fe80::/10"]), 1)
    assert [door.admits(peer) for peer in ("10.0.0.1", "fe80::1", "192.0.2.1", "::1")] == [True, True, False, False]
