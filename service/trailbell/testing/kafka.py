"""A Kafka cluster for tests: librdkafka's own mock, which speaks the protocol to any client over loopback sockets."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, Final, Self

_PRODUCER: Final = 0
_SAID_BYTES: Final = 512
_REBALANCE_MS: Final = 50


class KafkaCluster:
    """A cluster of one broker, from ``with`` to its end; its topics live as long as it does.

    It keeps groups and their offsets, and shares partitions out among members. It knows neither TLS nor users: for
    these there is ``KafkaGate``. Whoever leaves a group is missed only when the session has timed out.

    Attributes:
        brokers: where it listens, as clients are told.
    """

    def __init__(self) -> None:
        """Load the library that ``confluent-kafka`` brings along, or else the system's."""
        import confluent_kafka

        own = next(Path(str(confluent_kafka.__file__)).parents[1].glob("confluent_kafka.libs/librdkafka*"), None)
        self._library = ctypes.CDLL(str(own or "librdkafka.so.1"))
        for name in ("rd_kafka_new", "rd_kafka_conf_new", "rd_kafka_mock_cluster_new"):
            self._function(name).restype = ctypes.c_void_p
        self._function("rd_kafka_mock_cluster_bootstraps").restype = ctypes.c_char_p
        self.brokers = ""

    def __enter__(self) -> Self:
        said = ctypes.create_string_buffer(_SAID_BYTES)
        own = ctypes.c_void_p(self._function("rd_kafka_conf_new")())
        self._handle = ctypes.c_void_p(
            self._function("rd_kafka_new")(_PRODUCER, own, said, ctypes.c_size_t(_SAID_BYTES))
        )
        self._cluster = ctypes.c_void_p(self._function("rd_kafka_mock_cluster_new")(self._handle, 1))
        self._function("rd_kafka_mock_group_initial_rebalance_delay_ms")(self._cluster, _REBALANCE_MS)
        self.brokers = self._function("rd_kafka_mock_cluster_bootstraps")(self._cluster).decode()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._function("rd_kafka_mock_cluster_destroy")(self._cluster)
        self._function("rd_kafka_destroy")(self._handle)

    def set_up(self, *, up: bool) -> None:
        """Take the broker away, or bring it back with what it had."""
        self._done("rd_kafka_mock_broker_set_up" if up else "rd_kafka_mock_broker_set_down", 1)

    def make_topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic."""
        self._done("rd_kafka_mock_topic_create", name.encode(), partitions, 1)

    def _done(self, name: str, *values: object) -> None:
        error = self._function(name)(self._cluster, *values)
        if error:
            raise RuntimeError(f"{name}: error {error}")

    def _function(self, name: str) -> Any:
        return getattr(self._library, name)
