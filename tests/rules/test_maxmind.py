"""Lookups in MaxMind DB files, with files as MaxMind's own are laid out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trailbell_engine.event import Event
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import parse_time
from trailbell_rules.load import load_rules
from trailbell_rules.tables import open_table

netaddr = pytest.importorskip("netaddr")
mmdb_writer = pytest.importorskip("mmdb_writer")

CITY = {
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom", "de": "Vereinigtes Königreich"}},
    "city": {"names": {"en": "Boxford"}},
    "location": {"latitude": 51.75, "longitude": -1.25, "accuracy_radius": 100},
    "subdivisions": [{"iso_code": "ENG"}, {"iso_code": "WBK"}],
    "traits": {"is_anonymous_proxy": True},
}
ASN = {"autonomous_system_number": 64496, "autonomous_system_organization": "Example Net"}


@pytest.fixture
def geo(tmp_path: Path) -> Path:
    """A city database of IPv4 and IPv6 networks, in the order in which a longer prefix overrides a shorter one."""
    writer = mmdb_writer.MMDBWriter(6, "GeoLite2-City", languages=["en"], ipv4_compatible=True)
    writer.insert_network(netaddr.IPSet(["198.51.100.0/24"]), {"country": {"iso_code": "FR"}})
    writer.insert_network(netaddr.IPSet(["198.51.100.128/25"]), CITY)
    writer.insert_network(netaddr.IPSet(["2001:db8:1::/48"]), {"country": {"iso_code": "SE"}})
    file = tmp_path / "geo.mmdb"
    writer.to_db_file(str(file))
    return file


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("198.51.100.1", "FR"),
        ("198.51.100.127", "FR"),
        ("198.51.100.128", "GB"),
        ("198.51.100.255", "GB"),
        ("2001:db8:1::1", "SE"),
        ("2001:db8:1:ffff::", "SE"),
        ("2001:0DB8:0001:0000::1", "SE"),
    ],
)
def test_an_address_finds_the_longest_network(geo: Path, address: str, country: str) -> None:
    """Both ends of each network belong to it, in every spelling of an address."""
    assert open_table(geo, None).find(address)["country"]["iso_code"] == country


@pytest.mark.parametrize(
    "value", ["198.51.101.0", "2001:db8:2::1", "localhost", "", "198.51.100.1/32", 3325256705, True, None, [], {}]
)
def test_a_value_in_no_network_has_no_row(geo: Path, value: object) -> None:
    """An address outside, a text that is none, and what is no text at all."""
    assert open_table(geo, None).find(value) is None


def test_a_nested_record_comes_whole(geo: Path) -> None:
    """Objects in objects, arrays, floats and booleans are what they are in JSON."""
    assert open_table(geo, None).find("198.51.100.200") == CITY


def test_a_database_of_ipv4_alone_knows_no_other(tmp_path: Path) -> None:
    """An IPv6 address in it is a miss, not an error."""
    writer = mmdb_writer.MMDBWriter(4, "GeoLite2-ASN")
    writer.insert_network(netaddr.IPSet(["203.0.113.0/24"]), ASN)
    file = tmp_path / "asn.mmdb"
    writer.to_db_file(str(file))
    table = open_table(file, None)
    assert table.find("203.0.113.9") == ASN
    assert table.find("2001:db8::1") is None


def test_the_digest_is_of_the_content(geo: Path, tmp_path: Path) -> None:
    """The same bytes under another name are the same table."""
    other = tmp_path / "other.mmdb"
    other.write_bytes(geo.read_bytes())
    assert open_table(geo, None).digest == open_table(other, None).digest


RULE = """\
id: sign-in-from-elsewhere
title: "{{ user_email }} from {{ lookup.geo.city.names.en }}"
severity: high
match:
  event_type: USER_LOGIN
  lookup.geo.country.iso_code: {exists: true, not_in: [FR]}
  lookup.geo.subdivisions.iso_code: WBK
  lookup.geo.location.latitude: {gt: 51}
when: {count: {at_least: 2, within: 1h, by: lookup.geo.country.iso_code}}
"""


@pytest.fixture
def rules(geo: Path) -> Callable[[], object]:
    """A rule set beside the database."""
    (geo.parent / "rule.yaml").write_text(RULE)
    (geo.parent / "_d.yaml").write_text("lookups: {geo: {file: geo.mmdb, key: source_ip}}\n")
    loaded = load_rules([geo.parent], checks=())
    assert not loaded.problems
    return loaded.rules


def test_a_rule_reads_it_through_the_engine(rules: object) -> None:
    """Nested columns are matched, through an array too, and are the key; the alert keeps the row."""
    pipeline, state = Pipeline(rules), MemoryState()
    start_us = parse_time("2026-11-22T10:00:00Z")
    addresses = ["198.51.100.200", "198.51.100.1", "203.0.113.1", None, "198.51.100.129"]
    opened = [
        output.alert
        for second, address in enumerate(addresses)
        for output in pipeline.take(
            Event("test", f"e{second}", "USER_LOGIN", start_us + second * 1_000_000, {"source_ip": address}), state
        )
        if hasattr(output, "alert")
    ]
    (alert,) = opened
    assert alert.key == {"lookup.geo.country.iso_code": "GB"}
    assert alert.event_ids == ("e0", "e4")
    assert alert.opener.lookup == {"geo": CITY}
