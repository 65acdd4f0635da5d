"""The conformance kit for channels: what every channel must do, whatever it speaks. For pytest.

A package that offers a channel proves it so::

    class TestPigeon(ChannelConformance):
        @pytest.fixture
        def bench(self):
            with PigeonLoft() as loft:
                yield Bench("pigeon", {"loft": loft.url, "key": "c4n4ry"}, lambda: loft.letters, secrets=("c4n4ry",))

Every fact about the service is the bench's; every promise to the outbox is checked here: equal bytes on every
rendering, one receipt for every way things go, the same key on a repeat, an end to every wait, and no secret anywhere.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, get_args

import jsonschema
import pytest

from trailbell_notifiers.channel import Attempt, Channel, ChannelError, Maker, maker_of
from trailbell_notifiers.message import Kind
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from trailbell_notifiers.secret import Secret

from .bad_servers import MISCHIEF, bad_server, refusing_port
from .hostile import hostile_texts
from .messages import hostile_message, sample_group, sample_message

DELIVERY_ID: Final = "dlv_0123456789abcdef0123456789abcdef"
NOW_S: Final = 1_800_000_000.0
_RECEIPTS: Final = (Delivered, Retry, Rejected, Ambiguous)
_PATIENCE_S: Final = 5.0
"""Beyond a channel's own timeout; machines that run tests are busy."""


class Outcome(NamedTuple):
    """A way in which a delivery goes.

    Attributes:
        name: in words.
        arrange: makes the peer behave so, once.
        receipt: what the channel must then say: a whole receipt, or only its type.
        arrives: whether the peer has the message afterwards.
    """

    name: str
    arrange: Callable[[], object]
    receipt: Receipt | type
    arrives: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A channel beside the peer it speaks to.

    Attributes:
        kind: as in ``receivers``.
        settings: that lead to the peer; plain texts.
        arrived: what the peer has taken so far, each as a text or a JSON value.
        secrets: texts that must never be shown: not in a body, a receipt, a repr, or a log.
        secret_settings: names of settings that hold secrets.
        outcomes: what the peer's answers mean.
        at: settings that lead to 127.0.0.1 at a port, for peers that misbehave; None where no socket is involved.
        limit_bytes: no body is longer.
        inert: looks at a body for the traces of a hostile text, and fails if it is live.
        key_of: what the peer knows a repeat by; None where the peer has no such thing.
        maker: stands behind the kind; found by its name if not given.
    """

    kind: str
    settings: Mapping[str, Any]
    arrived: Callable[[], Sequence[Any]]
    secrets: tuple[str, ...] = ()
    secret_settings: tuple[str, ...] = ()
    outcomes: Sequence[Outcome] = ()
    at: Callable[[int], Mapping[str, Any]] | None = None
    limit_bytes: int = 512 * 1024
    inert: Callable[[bytes, str], None] = field(default=lambda _body, _text: None)
    key_of: Callable[[], Sequence[str]] | None = None
    maker: Maker | None = None

    def channel(self, **changes: Any) -> Channel:
        """The channel, with settings replaced; secrets are wrapped as the configuration does it."""
        settings = {**self.settings, **changes}
        for name in self.secret_settings:
            if isinstance(settings.get(name), str):
                settings[name] = Secret(settings[name])
        return (self.maker or maker_of(self.kind)).build("x", settings)


def attempt_of(channel: Channel, **changes: Any) -> Attempt:
    """An attempt on the channel's first target."""
    return Attempt(DELIVERY_ID, channel.targets[0], created_s=NOW_S, **changes)


class ChannelConformance:
    """The promises. Subclass it and give it a fixture ``bench``."""

    def test_the_schema_describes_the_settings(self, bench: Bench) -> None:
        """Good settings are valid, a misspelt one is not, and every setting of its own says what it is for."""
        schema = (bench.maker or maker_of(bench.kind)).SCHEMA
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        assert [error.message for error in validator.iter_errors(dict(bench.settings))] == []
        assert list(validator.iter_errors({**bench.settings, "no-such-setting": 1})) != []
        assert schema.get("description")

    def test_it_delivers(self, bench: Bench) -> None:
        """A message that is sent has arrived, once."""
        channel = bench.channel()
        receipt = channel.send(channel.render(sample_message(), DELIVERY_ID), attempt_of(channel), NOW_S)
        assert isinstance(receipt, Delivered)
        assert len(bench.arrived()) == 1

    @pytest.mark.parametrize("kind", get_args(Kind))
    def test_every_kind_of_message_is_told(self, bench: Bench, kind: Kind) -> None:
        """Opened, updated, resolved and all the others, of one alert and of a group."""
        channel = bench.channel()
        for message in (sample_message(kind), sample_group(kind=kind)):
            receipt = channel.send(channel.render(message, DELIVERY_ID), attempt_of(channel), NOW_S)
            assert isinstance(receipt, Delivered), receipt

    def test_rendering_is_pure(self, bench: Bench) -> None:
        """The same message and id give the same bytes, in an equal channel too; no secret in them."""
        for message in (sample_message(), sample_group()):
            body = bench.channel().render(message, DELIVERY_ID)
            assert body
            assert body == bench.channel().render(message, DELIVERY_ID)
            assert not [secret for secret in bench.secrets if secret.encode() in body]

    def test_a_repeat_is_the_same(self, bench: Bench) -> None:
        """What arrives twice is equal, and carries the same key, so that a peer can drop it."""
        channel = bench.channel()
        body = channel.render(sample_message(), DELIVERY_ID)
        channel.send(body, attempt_of(channel), NOW_S)
        channel.send(body, attempt_of(channel, number=2), NOW_S + 30)
        arrived = bench.arrived()
        assert len(arrived) in (1, 2)  # a peer that knows repeats may show only one
        assert arrived[0] == arrived[-1]
        if bench.key_of is not None:
            assert len(set(bench.key_of())) == 1

    def test_every_outcome_has_its_receipt(self, bench: Bench) -> None:
        """What the peer answers decides between delivered, retry, rejected and ambiguous, and nothing else does."""
        channel = bench.channel()
        body = channel.render(sample_message(), DELIVERY_ID)
        for outcome in bench.outcomes:
            before = len(bench.arrived())
            outcome.arrange()
            receipt = channel.send(body, attempt_of(channel), NOW_S)
            if isinstance(outcome.receipt, type):
                assert isinstance(receipt, outcome.receipt), f"{outcome.name}: {receipt}"
            else:
                assert receipt == outcome.receipt, outcome.name
            assert (len(bench.arrived()) > before) == outcome.arrives, outcome.name

    def test_no_secret_is_shown(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        """Not in a repr, not in a receipt, not in a log at any level, whatever goes wrong."""
        channel = bench.channel()
        body = channel.render(sample_message(), DELIVERY_ID)
        shown = [repr(channel), str(channel), repr(vars(channel)), repr(channel.probe())]
        with caplog.at_level(logging.NOTSET):
            for outcome in bench.outcomes:
                outcome.arrange()
                shown.append(repr(channel.send(body, attempt_of(channel), NOW_S)))
            if bench.at is not None:
                with refusing_port() as port:
                    away = bench.channel(**bench.at(port))
                    shown.append(repr(away.send(body, attempt_of(away), NOW_S)))
        text = "\n".join([*shown, caplog.text])
        assert not [secret for secret in bench.secrets if secret in text]

    def test_a_bad_secret_is_not_repeated(self, bench: Bench) -> None:
        """A secret that cannot be one is refused, or kept, in words that do not hold it."""
        for name in bench.secret_settings:
            try:
                shown = repr(bench.channel(**{name: "\x00not \u202egood c4n4ry-of-the-kit"}))
            except ChannelError as error:
                shown = f"{error} {error.help}"
            assert "c4n4ry-of-the-kit" not in shown, name

    def test_a_probe_tells_nobody(self, bench: Bench) -> None:
        """It says in words what it found, and nothing arrives."""
        receipt = bench.channel().probe()
        assert isinstance(receipt, _RECEIPTS)
        assert receipt.reference if isinstance(receipt, Delivered) else receipt.reason
        assert bench.arrived() == [] or not bench.arrived()

    @pytest.mark.parametrize("size", [1, 5])
    def test_hostile_text_is_inert(self, bench: Bench, size: int) -> None:
        """Every hostile text in every field: nothing is raised, the body keeps to its limit and is inert."""
        channel = bench.channel()
        for text in hostile_texts():
            body = channel.render(hostile_message(text, size=size), DELIVERY_ID)
            assert len(body) <= bench.limit_bytes, f"{text[:60]!r}: {len(body)} bytes"
            bench.inert(body, text)

    def test_hostile_text_is_taken(self, bench: Bench) -> None:
        """The peer, which refuses what its service would refuse, takes messages with hostile texts."""
        channel = bench.channel()
        for text in hostile_texts()[::29]:
            body = channel.render(hostile_message(text, size=2), DELIVERY_ID)
            receipt = channel.send(body, attempt_of(channel), NOW_S)
            assert isinstance(receipt, Delivered), f"{text[:60]!r}: {receipt}"

    def test_nobody_there_is_certain(self, bench: Bench) -> None:
        """A refused connection has delivered nothing: it is tried again."""
        if bench.at is None:
            pytest.skip("no socket is involved")
        with refusing_port() as port:
            channel = bench.channel(**bench.at(port))
            receipt = channel.send(channel.render(sample_message(), DELIVERY_ID), attempt_of(channel), NOW_S)
        assert isinstance(receipt, Retry), receipt
        assert receipt.reason

    @pytest.mark.parametrize("name", MISCHIEF)
    def test_a_bad_peer_is_left_in_time(self, bench: Bench, name: str) -> None:
        """Silence, drops by drops, floods and nonsense: an end after the timeout, and never an exception."""
        if bench.at is None:
            pytest.skip("no socket is involved")
        with bad_server(MISCHIEF[name]) as port:
            channel = bench.channel(**bench.at(port), timeout_s=1)
            body = channel.render(sample_message(), DELIVERY_ID)
            receipts: list[Receipt] = []
            work = threading.Thread(
                target=lambda: receipts.append(channel.send(body, attempt_of(channel), NOW_S)), daemon=True
            )
            work.start()
            work.join(1 + _PATIENCE_S)
        assert receipts, f"{name}: still waiting after {1 + _PATIENCE_S} s"
        assert isinstance(receipts[0], _RECEIPTS)
        if name in ("silence", "reset", "nothing"):
            assert not isinstance(receipts[0], Delivered)
