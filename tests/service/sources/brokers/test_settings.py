"""How brokers are configured: what is missing, refused, proven and encrypted."""

from __future__ import annotations

import sys
from contextlib import closing

import pytest

from trailbell.configuration.config import ConfigError, load_config
from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError, maker_of

PLACES = {
    "nats": {"url": "nats://127.0.0.1:1", "stream": "S"},
    "redis": {"url": "redis://127.0.0.1:1/0", "stream": "s"},
    "kafka": {"brokers": ["127.0.0.1:1"], "topics": ["t"]},
    "rabbitmq": {"url": "amqp://127.0.0.1:1/", "queue": "q"},
}
MODULES = {"nats": "nats", "redis": "redis", "kafka": "confluent_kafka", "rabbitmq": "pika"}


@pytest.mark.parametrize("kind", PLACES)
def test_a_missing_package_is_named_with_the_command_that_installs_it(kind, monkeypatch):
    """Nobody who does not use a broker has to have its client."""
    monkeypatch.setitem(sys.modules, MODULES[kind], None)
    with pytest.raises(SettingsError) as caught:
        maker_of(kind).build("audit", PLACES[kind], {}, once=False)
    assert caught.value.help == f"pip install 'trailbell[{kind}]'"


@pytest.mark.parametrize("kind", [kind for kind in PLACES if kind != "kafka"])
def test_credentials_in_an_address_are_refused(kind, tmp_path):
    """Addresses are shown in logs; credentials are settings of their own."""
    url = PLACES[kind]["url"].replace("://", "://ada:pw@")
    file = tmp_path / "trailbell.yaml"
    file.write_text(f"sources: {{{kind}: {PLACES[kind] | {'url': url}}}}\n")
    with pytest.raises(ConfigError):
        load_config(file, {})


@pytest.mark.parametrize("kind", PLACES)
def test_a_map_that_is_not_there_is_named(kind):
    """At the start, and not at the first message."""
    with pytest.raises(SettingsError, match="`map`"):
        maker_of(kind).build("audit", PLACES[kind] | {"map": "clodtrail"}, {}, once=False)


@pytest.mark.parametrize("kind", PLACES)
def test_certificates_that_are_not_there_are_named(kind, tmp_path):
    """They would be missed at the first connection; better at the start."""
    tls = {"ca_file": str(tmp_path / "none.pem")}
    with pytest.raises(SettingsError, match="`tls`"):
        maker_of(kind).build("audit", PLACES[kind] | {"tls": tls}, {}, once=True)


def first(source):
    """The first record that comes; the source is stopped then."""
    with closing(source.batches(None)) as given:
        for batch in given:
            if batch.inputs:
                return batch.inputs[0]
    raise AssertionError("nothing came")


@pytest.fixture
def guarded(brokers, certificate, ca_file, kind):
    """A server that wants TLS, a certificate and a password, and the settings that reach it."""
    cert, key = str(certificate / "cert.pem"), str(certificate / "key.pem")
    if kind == "nats":
        server = brokers["nats"](
            certificate / "server",
            *("--tls", "--tlscert", cert, "--tlskey", key, "--tlsverify", "--tlscacert", ca_file),
            *("--user", "ada", "--pass", "s3cret"),
        )
        scheme = "tls"
    else:
        server = brokers["redis"](
            certificate / "server",
            *("--tls-port", "{port}", "--tls-cert-file", cert, "--tls-key-file", key),
            *("--tls-ca-cert-file", ca_file, "--tls-auth-clients", "yes"),
            *("--port", "0", "--requirepass", "s3cret"),
        )
        scheme = "rediss"
    server.start()
    user = {"user": "ada"} if kind == "nats" else {}
    settings = {"url": f"{scheme}://127.0.0.1:{server.port}", "stream": "s", "password": "s3cret"} | user
    yield settings | {"tls": {"ca_file": ca_file, "cert_file": cert, "key_file": key}}
    server.stop()


@pytest.mark.parametrize("kind", ["nats", "redis"])
def test_a_password_goes_over_tls_to_a_server_that_is_checked(guarded, kind, wait_for):
    """The right password and certificate do; a wrong one of either does not, and is not printed."""

    def error(**other):
        with pytest.raises(SourceError) as caught:
            maker_of(kind).build("audit", guarded | other, {}, once=False).probe()
        return caught.value

    def reached():
        try:
            maker_of(kind).build("audit", guarded, {}, once=False).probe()
        except SourceError as problem:
            return "no stream" in problem.message
        return True

    wait_for(reached)
    wrong = error(password="wr0ng")
    assert not wrong.transient
    assert "wr0ng" not in f"{wrong.message} {wrong.help}"
    assert "ca_file" in error(tls={}).help
    assert "as its certificate does" in error(url=guarded["url"].replace("127.0.0.1", "localhost")).help
    assert error(tls={"ca_file": guarded["tls"]["ca_file"]}).message  # without a certificate of our own


@pytest.mark.xdist_group("rabbitmq")
def test_rabbitmq_is_read_over_tls(servers, ca_file):
    """A server of another name, and one that nobody we trust vouches for, are refused with words and a way out."""
    bench = servers("rabbitmq").bench()
    bench.publish_events(range(3))
    bare, coded = (f"127.0.0.1:{port}/" for port in (bench.server.port, bench.server.tls_port))
    whole = {"url": f"amqps://{coded}", "tls": {"ca_file": ca_file}}

    def error(**other):
        with pytest.raises(SourceError) as caught:
            bench.source(**whole | other).probe()
        return f"{caught.value.message}; {caught.value.help}"

    assert bench.source(**whole).probe().waiting == 3
    assert first(bench.source(**whole)).id == "e0"
    other_name = error(url=whole["url"].replace("127.0.0.1", "localhost"))
    assert "certificate is not valid for 'localhost'" in other_name
    assert "as its certificate does" in other_name
    assert "`tls: {ca_file: …}`" in error(tls={})
    assert "nothing speaks TLS there" in error(url=f"amqps://{bare}")
    assert "`amqps://`" in error(url=f"amqp://{coded}", tls={})
    assert "refuses us" in error(password="wr0ng")


def test_a_connection_that_rabbitmq_refuses_is_told_with_the_systems_words():
    """Its client wraps them in errors of its own that say nothing."""
    with pytest.raises(SourceError, match="Connection refused"):
        maker_of("rabbitmq").build("audit", PLACES["rabbitmq"], {}, once=False).probe()


def test_fields_of_a_redis_entry_are_an_event(servers):
    """Where no field holds one."""
    import redis

    bench = servers("redis").bench()
    with redis.Redis("127.0.0.1", bench.server.port) as client:
        client.xadd(bench.name, {"id": "a", "event_type": "LOGIN", "user": "ada"})
    event = first(bench.source())
    assert (event.id, event.event_type, event.data["user"]) == ("a", "LOGIN", "ada")


def test_what_another_redis_consumer_left_lying_is_taken_over(servers):
    """It died and does not come back."""
    bench = servers("redis").bench()
    bench.publish_events(range(3))
    with closing(bench.source(consumer="dead").batches(None)) as given:
        next(given)
    event = first(bench.source(claim_after="1ms"))
    assert event.id == "e0"


@pytest.mark.xdist_group("rabbitmq")
def test_a_queue_that_is_not_there_is_named(servers):
    """And is made and bound if an exchange is given."""
    bench = servers("rabbitmq").bench()
    with pytest.raises(SourceError, match="no queue") as caught, closing(bench.source(queue="no").batches()) as given:
        next(given)
    assert not caught.value.transient
    source = bench.source(queue="made", exchange="amq.topic", routing_keys=["audit.#"], once=True)
    assert len(list(source.batches())) == 1
    assert bench.source(queue="made").probe().waiting == 0


def test_a_stream_or_topic_that_is_not_there_is_named(servers):
    """By doctor, and by a run."""
    nats, kafka = servers("nats").bench(), servers("kafka").bench()
    with pytest.raises(SourceError, match="no stream 'NONE'"):
        nats.source(stream="NONE").probe()
    with pytest.raises(SourceError, match="no topic 'none'"):
        kafka.source(topics=["none"]).probe()
