"""Plain scalars are read by the core schema of YAML 1.2, not by YAML 1.1."""

from collections.abc import Callable

import pytest

SCALARS = [
    *(("NO", "NO"), ("no", "no"), ("on", "on"), ("Off", "Off"), ("yes", "yes"), ("y", "y")),
    *(("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRue", "tRue")),
    *(("18:00", "18:00"), ("09:00", "09:00"), ("22:22:22", "22:22:22"), ("2026-01-02", "2026-01-02")),
    *(("2026-11-02T10:00:00Z", "2026-11-02T10:00:00Z"), ("2026-13-45", "2026-13-45")),
    *(("~", None), ("null", None), ("Null", None), ("NULL", None), ("", None), ("nULL", "nULL")),
    *(("12", 12), ("-12", -12), ("+12", 12), ("0", 0), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11")),
    *(("1_000", "1_000"), ("1,000", "1,000"), ("0xZ", "0xZ"), ("0o8", "0o8"), ("-0x1", "-0x1")),
    *(("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("1.10", 1.1), ("-1.5E-3", -0.0015)),
    *((".", "."), ("-", None), ("1.2.3", "1.2.3"), ("192.0.2.1", "192.0.2.1"), ("e3", "e3"), ("+", "+")),
    *(("18446744073709551615", 2**64 - 1), ("-9223372036854775808", -(2**63))),
    *(("=", "="), ("inf", "inf"), ("nan", "nan"), (".infx", ".infx")),
    *(('"12"', "12"), ("'true'", "true"), ('""', ""), ("'~'", "~"), ("|\n  12", "12")),
]


@pytest.mark.parametrize(("written", "value"), [pair for pair in SCALARS if pair[0] != "-"])
def test_scalar(document: Callable, written: str, value: object) -> None:
    """A scalar has the value and the type of YAML 1.2."""
    found = document(f"a: {written}").value["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("written", ["NO", "on", "yes", "18:00", "1_000", "2026-01-02"])
def test_words_that_yaml_1_1_bends_are_keys(document: Callable, written: str) -> None:
    """What is a string as a value is a string as a key."""
    assert document(f"{written}: 1").value == {written: 1}
