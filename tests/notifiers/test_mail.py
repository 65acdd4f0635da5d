"""E-mail over a real socket: TLS, refusals per recipient, and a message that stays what we wrote."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.headerregistry import Address

import pytest

from trailbell.testing.smtp import FakeSmtp
from trailbell_notifiers.channel import Attempt, ChannelError, build_channel
from trailbell_notifiers.channels.mail.channel import Mail, MailSettings
from trailbell_notifiers.delivery.advice import advice
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry
from trailbell_notifiers.secret import Secret

ID = "dlv_0123456789abcdef0123456789abcdef"
NOW_S = 1_800_000_000.0
ADA, BOB = "ada@example.com", "bob@example.com"


def _channel(port, **settings):
    base = {
        "to": [ADA, BOB],
        "from": "Trailbell <alerts@example.org>",
        "host": "127.0.0.1",
        "port": port,
        "timeout_s": 5,
    }
    return build_channel({"name": "mail", "email": {**base, **settings}})


def _attempt(target=ADA, **changes):
    return Attempt(ID, target, created_s=1_799_999_990.0, **changes)


def test_a_mail_arrives_over_verified_tls(tls_of, ca_file, message):
    """STARTTLS with a certificate of the given authority; one envelope recipient; the date of the decision."""
    with FakeSmtp(context=tls_of()) as server:
        channel = _channel(server.port, ca_file=ca_file)
        assert channel.send(channel.render(message, ID), _attempt(), NOW_S) == Delivered("OK: queued as fake")
    [mail] = server.messages
    assert mail.recipients == (ADA,)
    assert mail.sender == "alerts@example.org"
    assert mail.message["Date"].datetime.timestamp() == 1_799_999_990
    assert mail.message["Message-ID"] == f"<{ID}@example.org>"


def test_tls_from_the_first_byte(tls_of, ca_file, message):
    """`tls: implicit`, with login."""
    with FakeSmtp(context=tls_of(), tls="implicit", login=("alerts", "hunter2")) as server:
        channel = _channel(server.port, ca_file=ca_file, tls="implicit", username="alerts", password=Secret("hunter2"))
        assert isinstance(channel.send(channel.render(message, ID), _attempt(), NOW_S), Delivered)


def test_login_after_starttls(tls_of, ca_file, message):
    """User and password travel inside TLS; wrong ones are the operator's to mend, and are not repeated to anybody."""
    with FakeSmtp(context=tls_of(), login=("alerts", "hunter2")) as server:
        good = _channel(server.port, ca_file=ca_file, username="alerts", password=Secret("hunter2"))
        assert isinstance(good.send(good.render(message, ID), _attempt(), NOW_S), Delivered)
        bad = _channel(server.port, ca_file=ca_file, username="alerts", password=Secret("letmein"))
        receipt = bad.send(bad.render(message, ID), _attempt(), NOW_S)
    assert isinstance(receipt, Rejected)
    assert receipt.kind == "receiver"
    assert "535" in receipt.reason
    assert "letmein" not in receipt.reason


@pytest.mark.parametrize("tls", ["required", "implicit"])
def test_an_unknown_authority_is_not_trusted(tls_of, message, tls):
    """Without its CA file the server's certificate is refused, and nothing is sent."""
    kind = "starttls" if tls == "required" else "implicit"
    with FakeSmtp(context=tls_of(), tls=kind) as server:
        channel = _channel(server.port, tls=tls)
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
    assert isinstance(receipt, Rejected)
    assert receipt.kind == "receiver"
    assert "certificate" in receipt.reason
    assert server.messages == []


def test_a_certificate_for_another_name_is_not_trusted(tls_of, ca_file, message):
    """The right authority, the wrong host: the words say which name it is not for, and what to do."""
    with FakeSmtp(context=tls_of("mail.example.org")) as server:
        channel = _channel(server.port, ca_file=ca_file)
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
    assert isinstance(receipt, Rejected)
    assert receipt.reason.startswith("TLS with 127.0.0.1 failed: IP address mismatch")
    assert advice(receipt.reason) == "use the name that is in the certificate"
    assert server.messages == []


def test_a_server_without_tls_gets_nothing(message):
    """`tls: required` is not opportunistic."""
    with FakeSmtp() as server:
        channel = _channel(server.port)
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
    assert isinstance(receipt, Rejected)
    assert "STARTTLS" in receipt.reason
    assert server.messages == []


@pytest.fixture
def plain():
    """A server that wants no TLS."""
    with FakeSmtp() as server:
        yield server


def test_one_bad_address_keeps_nobody_else(plain, message):
    """Each recipient is served alone: 5yz is that address's fault, 4yz is tried again, the others have their mail."""
    plain.refusals = {BOB: "550 no such user", "eve@example.com": "451 greylisted"}
    channel = _channel(plain.port, tls="none", to=[ADA, BOB, "eve@example.com"])
    assert channel.targets == (ADA, BOB, "eve@example.com")
    body = channel.render(message, ID)
    receipts = [channel.send(body, _attempt(target), NOW_S) for target in channel.targets]
    assert receipts == [
        Delivered("OK: queued as fake"),
        Rejected("the mail server answered 550 to rcpt: no such user", "receiver"),
        Retry("the mail server answered 451 to rcpt: greylisted"),
    ]
    assert [mail.recipients for mail in plain.messages] == [(ADA,)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 try later", Retry("the mail server answered 451 to the message: try later")),
        ("552 too large", Rejected("the mail server answered 552 to the message: too large", "payload")),
        ("554 looks like spam", Rejected("the mail server answered 554 to the message: looks like spam", "payload")),
    ],
)
def test_what_the_answer_to_the_message_means(plain, message, answer, expected):
    """4yz may pass, 5yz will not."""
    plain.script(answer)
    channel = _channel(plain.port, tls="none")
    assert channel.send(channel.render(message, ID), _attempt(), NOW_S) == expected


def test_a_lost_answer_to_the_message_is_uncertain(plain, message):
    """The server has the mail and vanishes: the repeat is the same mail, with the same Message-ID and date."""
    plain.script(None)
    channel = _channel(plain.port, tls="none")
    body = channel.render(message, ID)
    assert isinstance(channel.send(body, _attempt(), NOW_S), Ambiguous)
    assert isinstance(channel.send(body, _attempt(number=2, uncertain=True), NOW_S + 60), Delivered)
    first, second = plain.messages
    assert first.raw == second.raw


def test_nobody_there_is_certain(message):
    """A refused connection has delivered nothing."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        channel = _channel(closed.getsockname()[1], tls="none")
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
    assert isinstance(receipt, Retry)
    assert "refused" in receipt.reason


SAYS = {
    "EHLO": b"250 mail.example.org\r\n",
    "MAIL": b"250 fine\r\n",
    "RCPT": b"250 fine\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
}


@contextmanager
def _answering(**says):
    """A mail server for one conversation that says these words to these commands; gives its port and what it heard."""
    heard = []

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 mail.example.org\r\n")
            for line in connection.makefile("rb"):
                heard.append(line)
                word = line.split()[0].decode().upper() if line.strip() else ""
                connection.sendall((SAYS | says).get(word, b""))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], heard
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"451 try later", Retry("the mail server answered 451 to data: try later")),
        (b"503 no valid RCPT", Rejected("the mail server answered 503 to data: no valid RCPT", "receiver")),
        (b"554 no valid recipients", Rejected("the mail server answered 554 to data: no valid recipients", "receiver")),
        (b"250 what for?", Retry("the mail server answered 250 to data: what for?")),
    ],
)
def test_what_a_server_refuses_before_the_message_is_not_for_what_it_says(message, answer, expected):
    """DATA itself is answered for who sends to whom (RFC 5321, 3.3): the message was not seen, and is not sent."""
    with _answering(DATA=answer + b"\r\n", QUIT=b"221 bye\r\n") as (port, heard):
        channel = _channel(port, tls="none")
        assert channel.send(channel.render(message, ID), _attempt(), NOW_S) == expected
    assert heard[-2:] == [b"data\r\n", b"quit\r\n"]


def test_lines_that_begin_with_a_dot_arrive_as_they_are(plain, message):
    """A dot alone on its line would end the mail."""
    channel = _channel(plain.port, tls="none")
    body = channel.render(message, ID) + b".\r\n..two\r\n.last"
    assert channel.send(body, _attempt(), NOW_S) == Delivered("OK: queued as fake")
    assert plain.messages[0].raw.endswith(b"\r\n.\r\n..two\r\n.last\r\n")


@contextmanager
def _dripping(stage, drop=b"2"):
    """A mail server that speaks well until a command, and then a byte at a time; gives its port."""
    stop = threading.Event()

    def drip(connection):
        while not stop.wait(0.02):
            connection.sendall(drop)

    def converse(connection):
        if stage == "greeting":
            return drip(connection)
        connection.sendall(b"220 mail.example.org\r\n")
        for line in connection.makefile("rb"):
            word = line.split()[0].decode().upper() if line.strip() else ""
            if word == stage:
                return drip(connection)
            connection.sendall(SAYS.get(word, b""))
        return None

    def serve(listener):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            converse(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("greeting", Retry),
        ("EHLO", Retry),
        ("MAIL", Retry),
        ("RCPT", Retry),
        ("DATA", Retry),
        (".", Ambiguous),
    ],
)
def test_a_dripping_server_is_left_at_the_deadline(message, stage, said):
    """One byte at a time, at whatever point, holds nobody beyond the deadline; and what is uncertain says so."""
    started_s = time.monotonic()
    with _dripping(stage) as port:
        channel = _channel(port, tls="none", timeout_s=0.4)
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
        took_s = time.monotonic() - started_s
    assert isinstance(receipt, said)
    assert said is Ambiguous or receipt.reason.endswith("at 127.0.0.1: no answer within 0.4 s")
    assert took_s < 4


def test_tls_that_drips_from_the_first_byte(message):
    """A record of TLS of which a byte comes now and then is no reason to wait for its end."""
    started_s = time.monotonic()
    with _dripping("greeting", drop=b"\x16\x03\x03\x40\x00\x02") as port:
        channel = _channel(port, tls="implicit", timeout_s=0.4)
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
        took_s = time.monotonic() - started_s
    assert isinstance(receipt, Retry | Rejected)
    assert took_s < 4


def test_an_answer_without_end_is_cut(message):
    """A server that never stops greeting fills no memory: it is left long before the deadline."""
    lines = b"220-and more\r\n" * 5_000
    with _dripping("greeting", drop=lines) as port:
        channel = _channel(port, tls="none", timeout_s=30)
        receipt = channel.send(channel.render(message, ID), _attempt(), NOW_S)
    assert receipt == Retry("connecting at 127.0.0.1: Connection unexpectedly closed")


def test_a_name_service_that_hangs_is_left_at_the_deadline(message):
    """Resolving cannot be interrupted, and is not waited for; ten attempts ask it once."""
    hanging, asked = threading.Event(), []

    def resolver(host, _port):
        asked.append(host)
        hanging.wait(30)
        return []

    settings = MailSettings(
        sender=Address("", "alerts", "example.org"),
        recipients=(Address("", "ada", "example.com"),),
        host="mail.example.org",
        port=25,
        tls="none",
        timeout_s=0.1,
        resolver=resolver,
    )
    channel, started_s = Mail("mail", settings), time.monotonic()
    receipts = {channel.send(channel.render(message, ID), _attempt(), NOW_S) for _ in range(10)}
    took_s = time.monotonic() - started_s
    hanging.set()
    assert receipts == {Retry("connecting at mail.example.org: no answer of the name service within 0.1 s")}
    assert asked == ["mail.example.org"]
    assert took_s < 8


def test_opportunistic_tls_takes_what_there_is(tls_of, message):
    """With STARTTLS the mail is encrypted, whoever signed the certificate; without it goes in the clear."""
    with FakeSmtp(context=tls_of("elsewhere.example.org")) as server:
        channel = _channel(server.port, tls="opportunistic")
        assert isinstance(channel.send(channel.render(message, ID), _attempt(), NOW_S), Delivered)
        assert [mail.encrypted for mail in server.messages] == [True]
    with FakeSmtp() as server:
        channel = _channel(server.port, tls="opportunistic")
        assert isinstance(channel.send(channel.render(message, ID), _attempt(), NOW_S), Delivered)
        assert [mail.encrypted for mail in server.messages] == [False]


def _parsed(channel, message):
    return message_from_bytes(channel.render(message, ID), policy=policy.default)


def test_headers_for_people_and_filters(message):
    """Threading, list, automation and our own headers; the subject is stable, so that mails of one rule look alike."""
    parsed = _parsed(_channel(25), message)
    assert parsed["Subject"] == "[High] Voice route of 447700900000 changed from sip to app"
    assert parsed["From"] == "Trailbell <alerts@example.org>"
    assert parsed["To"] == f"{ADA}, {BOB}"
    assert parsed["References"] == parsed["In-Reply-To"] == "<alert-0123456789abcdef0123456789abcdef@example.org>"
    assert parsed["List-Id"] == "<vonage-number-voice-type-changed.example.org>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["X-Trailbell-Rule"] == "vonage-number-voice-type-changed"
    assert parsed["X-Trailbell-Severity"] == "high"
    assert parsed["X-Trailbell-State"] == "opened"
    assert parsed["Importance"] is None


def test_only_critical_is_important(message_of):
    """Mail programs put a mark on it."""
    channel = _channel(25)
    assert _parsed(channel, message_of(severity="critical"))["Importance"] == "high"
    assert _parsed(channel, message_of("resolved", severity="critical"))["Importance"] is None


def test_rendering_is_pure(message):
    """The same message gives the same bytes: no random boundary, no clock."""
    channel = _channel(25)
    assert channel.render(message, ID) == channel.render(message, ID)


def test_both_parts_tell_the_same(message):
    """Every fact of the text part is in the HTML part."""
    parsed = _parsed(_channel(25), message)
    text = parsed.get_body(("plain",)).get_content()
    html = parsed.get_body(("html",)).get_content()
    for fact in [message.headline, message.summary, message.why, message.previous, *map(str, message.events), ID]:
        assert fact in text
        assert fact in html
    for label, value in (*message.fields, *message.links):
        assert label in text
        assert value in html


@pytest.mark.parametrize(
    ("text", "said", "help_"),
    [
        ("jörg@example.com", "before the `@`", "must be ASCII"),
        ("Jörg <jörg@bücher.example>", "before the `@`", "must be ASCII"),
        ("ada@bücher.example", "the domain of", "write `ada@xn--bcher-kva.example`"),
        ("Ada <ada@Bücher.example>", "the domain of", "write `ada@xn--bcher-kva.example`"),
        ("ada@straße.example", "the domain of", "write its `xn--` form"),
        ("ada@ü..example", "the domain of", "write its `xn--` form"),
        (f"ada@{'ü' * 300}.example", "the domain of", "write its `xn--` form"),
        ("Jörg", "is no address", "name@example.com"),
        ("a@b@ü", "is no address", "name@example.com"),
    ],
)
def test_an_address_beyond_ascii_is_told_what_to_write(text, said, help_):
    """The form of the domain that the name service knows, where it is certain; and which part it is about."""
    with pytest.raises(ChannelError) as caught:
        _channel(25, to=text)
    assert said in str(caught.value)
    assert help_ in caught.value.help


def test_the_name_beside_an_address_is_in_any_letters():
    """Only the address itself must be ASCII."""
    assert _channel(25, to="Jörg <joerg@xn--bcher-kva.example>").targets == ("joerg@xn--bcher-kva.example",)


@pytest.mark.parametrize(
    "settings",
    [
        {"to": "not an address"},
        {"to": ["ada@example.com\r\nRCPT TO:<evil@x>"]},
        {"to": "ada@example.com> NOTIFY=NEVER"},
        {"from": "nobody"},
        {"tls": "none", "username": "a", "password": "b"},
        {"tls": "opportunistic", "username": "a", "password": "b"},
        {"ca_file": "/nonexistent/ca.pem"},
    ],
)
def test_settings_that_cannot_work_are_told_at_start(settings):
    """Addresses that are none, passwords in the clear, a CA file that is not there."""
    with pytest.raises(ChannelError) as caught:
        _channel(25, **settings)
    assert "mail" in str(caught.value)
