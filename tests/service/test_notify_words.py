"""`trailbell notify test` against receivers with something wrong: it says what, and what to do."""

from __future__ import annotations

import json
import logging
import ssl

import pytest
import trustme

from trailbell.testing import slack as fake_slack
from trailbell.testing.bad_servers import MISCHIEF, bad_server
from trailbell.testing.slack import FakeSlack, Fault
from trailbell.testing.smtp import FakeSmtp
from trailbell.testing.webhook import FakeWebhook

CONFIGURATION = 3
DELIVERY = 5


@pytest.fixture
def authority(tmp_path):
    """A certificate authority, whose certificate is the file `ca.pem`."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def tls_of(authority):
    """A function: a server's TLS for a name."""

    def make(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    return make


@pytest.fixture
def said(tmp_path, monkeypatch, trailbell):
    """A function: what is said when a receiver of this kind and these settings is tried."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.getLogger("mail.log"), "disabled", True)  # the fake mail server's own words

    def try_it(kind, settings):
        (tmp_path / "trailbell.yaml").write_text(f"receivers: {{it: {{{kind}: {{{settings}}}}}}}")
        code, out, err = trailbell("notify", "test", "it")
        assert code == DELIVERY, (out, err)
        return out

    return try_it


MAIL = "to: ada@example.com, from: trailbell@example.org, host: 127.0.0.1"
OPEN = "allow_cidrs: [127.0.0.0/8]"


def test_a_mail_server_by_another_name(said, tls_of):
    """The certificate is good, for somebody else."""
    with FakeSmtp(context=tls_of("mail.example.org")) as server:
        words = said("email", f"{MAIL}, port: {server.port}, ca_file: ca.pem")
    assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in words
    assert "use the name that is in the certificate" in words


def test_a_webhook_by_another_name(said, tls_of):
    """The same over HTTPS."""
    with FakeWebhook(context=tls_of("hooks.example.org")) as hook:
        words = said("webhook", f'url: "{hook.url}", ca_file: ca.pem, {OPEN}')
    assert "certificate is not valid for '127.0.0.1'" in words
    assert "use the name that is in the certificate" in words


def test_an_authority_nobody_knows(said, tls_of):
    """Its certificate can be named."""
    with FakeWebhook(context=tls_of("127.0.0.1")) as hook:
        assert "name its authority with `ca_file`" in said("webhook", f'url: "{hook.url}", {OPEN}')


def test_no_tls_where_it_is_expected_and_the_other_way_round(said, tls_of):
    """Each says so."""
    with FakeSmtp() as server:
        words = said("email", f"{MAIL}, port: {server.port}, tls: implicit, timeout_s: 5")
        assert "check the port, and whether it speaks TLS there" in words
        words = said("email", f"{MAIL}, port: {server.port}, timeout_s: 5")
        assert "STARTTLS extension not supported" in words
    with FakeWebhook(context=tls_of("127.0.0.1")) as hook:
        plain = hook.url.replace("https", "http")
        assert "try https" in said("webhook", f'url: "{plain}", timeout_s: 5, {OPEN}')


@pytest.mark.parametrize(
    ("mischief", "words"),
    [
        ("silence", "no answer within 1 s"),
        ("nothing", "it hung up without an answer"),
        ("no protocol", "what it answered is no HTTP"),
    ],
)
def test_a_server_that_means_harm(said, mischief, words):
    """In words, and never a type of an exception."""
    with bad_server(MISCHIEF[mischief]) as port:
        found = said("webhook", f'url: "http://127.0.0.1:{port}/", timeout_s: 1, {OPEN}')
    assert words in found
    assert "Error" not in found


def test_an_address_that_is_never_a_receiver(said):
    """Nobody is told to open what cannot be opened."""
    words = said("webhook", 'url: "http://169.254.169.254/latest", allow_cidrs: ["0.0.0.0/0"]')
    assert "169.254.169.254 is never a destination" in words
    assert "open it with" not in words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("token_revoked", "install the app again and take its new token"),
        ("not_in_channel", "write `/invite @the-bot` in the channel"),
        ("missing_scope", "add the scope to the app, and install it again"),
        ("is_archived", "archived"),
    ],
)
def test_what_slack_says(said, code, words):
    """Its codes in words."""
    with FakeSlack() as slack:
        slack.script(Fault(code=code, method="chat.postMessage"))
        settings = f'token: {fake_slack.TOKEN}, channel: C0123456789, api_url: "{slack.api_url}"'
        assert words in said("slack", settings)


def test_one_whose_settings_cannot_work(tmp_path, monkeypatch, trailbell):
    """Each says its own error, and the others are tried; that nothing else is wrong is told by the exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no.pem").write_text("no certificate")
    (tmp_path / "trailbell.yaml").write_text(
        "receivers:\n"
        "  missing: {webhook: {url: https://example.com, ca_file: missing.pem}}\n"
        f"  broken: {{email: {{{MAIL}, ca_file: no.pem}}}}\n"
        f"  well: {{command: {{argv: [/usr/bin/tee, {tmp_path / 'heard'}]}}}}\n"
        "  away: {command: {argv: [/bin/false]}}\n"
    )
    code, out, err = trailbell("notify", "test", "missing", "broken", "well")
    assert (code, err) == (CONFIGURATION, "")
    assert "missing: webhook `missing`: cannot read ca_file missing.pem: No such file or directory" in out
    assert "broken: e-mail `broken`: ca_file no.pem holds no certificate" in out
    assert "✔ well" in out
    assert "A test of the receiver well" in (tmp_path / "heard").read_text()
    code, out, _ = trailbell("notify", "test", "--all", "--format", "json")
    assert code == DELIVERY
    assert [(one["receiver"], one["arrived"]) for one in json.loads(out)] == [
        ("missing", False),
        ("broken", False),
        ("well", True),
        ("away", False),
    ]
    assert trailbell("notify", "test", "missing")[0] == CONFIGURATION


def test_all_that_is_wrong_is_said_at_once(tmp_path, monkeypatch, trailbell):
    """Every receiver whose settings cannot work is told, by `run` too; `doctor` asks the others."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trailbell.yaml").write_text(
        "rules: [pack:vonage]\nreceivers:\n"
        "  one: {webhook: {url: https://example.com, ca_file: one.pem}}\n"
        "  two: {webhook: {url: https://example.com, ca_file: two.pem}}\n"
        "  three: {command: {argv: [/bin/true]}}\n"
    )
    _, out, _ = trailbell("doctor")
    for words in ("ca_file one.pem", "ca_file two.pem", "/bin/true is there"):
        assert words in out
    code, _, err = trailbell("run", "--once", "--events", "/dev/null")
    assert code == CONFIGURATION
    for words in ("'one'", "ca_file one.pem", "'two'", "ca_file two.pem", "help: `trailbell doctor` says"):
        assert words in err
