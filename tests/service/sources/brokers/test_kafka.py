"""Kafka's own: partitions that come and go, where a first run begins, and brokers that want TLS and a user."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, contextmanager

import pytest
from confluent_kafka import Consumer

from trailbell.configuration.config import ConfigError, load_config
from trailbell.running.loop import Loop
from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError, maker_of
from trailbell.store.ledger import StoreLedger
from trailbell.testing.kafka_gate import KafkaGate
from trailbell_engine.event import Event

PARTITIONS = 4
pytestmark = pytest.mark.xdist_group("kafka")


class Nowhere:
    """A sink that keeps nothing."""

    def take(self, item, outputs):
        """Nothing is kept."""

    def committed(self):
        """Nobody waits."""


@pytest.fixture
def topic(servers):
    """A topic of several partitions."""
    return servers("kafka").bench(partitions=PARTITIONS)


@pytest.fixture
def recording(store):
    """A function: record what a source gives while the context lasts; gives what asks for the ids that are stored."""

    @contextmanager
    def record(source, name="state"):
        database = store(name)
        loop = Loop(StoreLedger(database), Nowhere(), now_us=lambda: 0, first_retry_s=0.05)
        thread = threading.Thread(target=loop.run, args=([source],))
        thread.start()
        try:
            yield lambda: sorted(row[0] for row in database.rows("SELECT id FROM input WHERE kind = 0"))
        finally:
            loop.stop()
            thread.join()
            database.close()

    return record


@pytest.fixture
def stranger(topic, wait_for):
    """A function: another member of the group, while the context lasts; it takes what it is given and keeps nothing."""

    @contextmanager
    def join():
        consumer = Consumer(
            {
                "bootstrap.servers": topic.server.brokers,
                "group.id": topic.name,
                "session.timeout.ms": 1_000,
                "heartbeat.interval.ms": 300,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        taken, over = [], threading.Event()

        def read():
            consumer.subscribe([topic.name])
            while not over.is_set():
                one = consumer.poll(0.05)
                if one is not None and one.error() is None:
                    taken.append(one)
                    consumer.commit(one, asynchronous=False)
            consumer.close()

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield taken
        finally:
            over.set()
            thread.join()

    return join


def numbered(numbers):
    return sorted(f"e{number}" for number in numbers)


def test_partitions_that_another_member_had_are_read_to_their_end_and_counted_once(
    topic, recording, stranger, wait_for
):
    """It joins, takes and commits what is published then, and leaves: the store gets all of it nevertheless."""
    with recording(topic.source()) as stored:
        topic.publish_events(range(200))
        wait_for(lambda: len(stored()) == 200)
        with stranger() as taken:
            published = 200
            while not taken:
                topic.publish_events(range(published, published + 20))
                published += 20
        topic.publish_events(range(published, published + 20))
        wait_for(lambda: len(stored()) >= published + 20)
        assert stored() == numbered(range(published + 20))


def test_a_partition_that_went_to_another_before_anything_came_of_it_is_not_missed(
    topic, recording, stranger, wait_for, monkeypatch
):
    """Where the store begins in it was settled when it was given to us, and is no matter of what others commit."""
    monkeypatch.setattr("trailbell.sources.brokers.source.COUNT_EVERY_S", 0.1)
    source = topic.source()
    with recording(source) as stored:
        wait_for(lambda: source.waiting == 0)
        with stranger() as taken:
            published = 0
            while not taken:
                topic.publish_events(range(published, published + 20))
                published += 20
        wait_for(lambda: len(stored()) >= published)
        assert stored() == numbered(range(published))


def test_two_stores_of_one_group_get_everything_between_them(topic, recording, wait_for):
    """Each of them counts an event once; one that leaves leaves nothing behind."""
    with ExitStack() as both:
        first = both.enter_context(recording(topic.source(), "one"))
        topic.publish_events(range(100))
        wait_for(lambda: len(first()) == 100)
        second = both.enter_context(recording(topic.source(), "two"))
        published = 100
        while not second():
            topic.publish_events(range(published, published + 20))
            published += 20
        wait_for(lambda: set(first()) | set(second()) == set(numbered(range(published))))
        for stored in (first(), second()):
            assert len(stored) == len(set(stored))


def read(source, checkpoint=None):
    """What a run that catches up gives, all of it durable: the ids, and where it was then."""
    ids = []
    with closing(source.batches(checkpoint)) as given:
        for batch in given:
            ids += [item.id for item in batch.inputs if isinstance(item, Event)]
            checkpoint = batch.checkpoint or checkpoint
            if batch.committed is not None:
                batch.committed()
    return sorted(ids), checkpoint


def settings_from_now(topic):
    return topic.source(once=True, **{"from": "latest"})


def test_from_now_on_is_from_the_first_run_on(topic):
    """What comes after a first run that found nothing is read by the second one."""
    topic.publish_events(range(20))
    ids, checkpoint = read(settings_from_now(topic))
    assert ids == []
    topic.publish_events(range(20, 40))
    ids, checkpoint = read(settings_from_now(topic), checkpoint)
    assert ids == numbered(range(20, 40))
    assert read(settings_from_now(topic), checkpoint)[0] == []


def test_a_store_from_a_backup_goes_on_from_where_it_was(topic):
    """Whatever the group's own offsets say."""
    topic.publish_events(range(20))
    _, backup = read(topic.source(once=True))
    topic.publish_events(range(20, 40))
    read(topic.source(once=True), backup)
    assert read(topic.source(once=True), backup)[0] == numbered(range(20, 40))


def test_a_new_store_goes_on_where_the_group_was(topic, wait_for):
    """The group's offsets follow the store's."""
    topic.publish_events(range(20))
    read(topic.source(once=True))
    wait_for(lambda: topic.source().probe().waiting == 0)
    topic.publish_events(range(20, 40))
    assert read(topic.source(once=True))[0] == numbered(range(20, 40))


@pytest.fixture
def guarded(topic, tls, ca_file):
    """A gate before the cluster that wants TLS and a password, and the settings that get through."""
    with KafkaGate(topic.server.brokers, user="ada", password="s3cret", tls=tls) as gate:
        yield (
            gate,
            {
                "brokers": [f"127.0.0.1:{gate.port}"],
                "user": "ada",
                "password": "s3cret",
                "tls": {"ca_file": ca_file},
            },
        )


def test_a_cluster_that_wants_tls_and_a_password_is_read(topic, guarded):
    """By doctor and by a run; every connection comes with the user."""
    topic.publish_events(range(10))
    gate, settings = guarded
    assert topic.source(**settings).probe().waiting == 10
    assert read(topic.source(once=True, **settings))[0] == numbered(range(10))
    assert set(gate.seen) == {"ada"}


@pytest.mark.parametrize(
    ("other", "words", "way_out"),
    [
        ({"password": "wr0ng"}, "invalid credentials", "`password`"),
        ({"mechanism": "SCRAM-SHA-512"}, "broker's supported mechanisms: PLAIN", "`mechanism`"),
        ({"tls": {}}, "certificate could not be verified", "ca_file"),
        ({"tls": {}, "security": "sasl_plaintext"}, "down", "do they want `tls`"),
    ],
)
def test_a_refusal_is_said_in_words(topic, guarded, other, words, way_out):
    """With what to look at, and without the password."""
    settings = {name: value for name, value in (guarded[1] | other).items() if value}
    with pytest.raises(SourceError) as caught:
        read(topic.source(once=True, **settings))
    assert words in caught.value.message
    assert way_out in caught.value.help
    assert settings["password"] not in str(caught.value)


def test_doctor_says_why_a_cluster_refuses_us(topic, guarded):
    """And not only that nobody answered."""
    with pytest.raises(SourceError, match="invalid credentials"):
        topic.source(**guarded[1] | {"password": "wr0ng"}).probe()


def test_a_certificate_for_another_name_is_refused(topic, authority, ca_file):
    """An authority that we trust vouches for a name, and not for whoever shows it."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with KafkaGate(topic.server.brokers, user="ada", password="s3cret", tls=context) as gate:
        settings = {"brokers": [f"127.0.0.1:{gate.port}"], "tls": {"ca_file": ca_file}}
        with pytest.raises(SourceError) as caught:
            read(topic.source(once=True, **settings))
    assert "certificate" in caught.value.message
    assert "name in its certificate" in caught.value.help
    assert gate.seen == []


PLACE = {"brokers": ["127.0.0.1:1"], "topics": ["t"]}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"user": "ada"}, "password"),
        ({"password": "s3cret"}, "user"),
        ({"mechanism": "PLAIN"}, "user"),
        ({"security": "ssl"}, "security"),
        ({"mechanism": "GSSAPI", "user": "a", "password": "b"}, "mechanism"),
        ({"tls": {"cert_file": "a.pem"}}, "key_file"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_by_check(wrong, words, tmp_path, trailbell):
    """With the place in the configuration, before anything is asked."""
    (tmp_path / "rules.yaml").write_text("id: login\ntitle: a login\nseverity: low\nmatch: {event_type: LOGIN}\n")
    file = tmp_path / "trailbell.yaml"
    file.write_text(f"rules: rules.yaml\nsources:\n  kafka: {PLACE | wrong}\n")
    with pytest.raises(ConfigError):
        load_config(file, {})
    code, _, err = trailbell("check", "-c", file)
    assert code == 3
    assert "trailbell.yaml:3" in err
    assert words in err


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"security": "sasl_tls"}, "needs a `user`"),
        ({"security": "tls", "user": "ada", "password": "s3cret"}, "is not sent"),
        ({"security": "plaintext", "tls": {"ca_file": "a.pem"}}, "nothing is encrypted"),
    ],
)
def test_settings_without_effect_are_refused_at_the_start(wrong, words):
    """A password that is never sent, or a certificate that is never looked at, would seem to protect."""
    with pytest.raises(SettingsError, match=words):
        maker_of("kafka").build("audit", PLACE | wrong, {}, once=False)
