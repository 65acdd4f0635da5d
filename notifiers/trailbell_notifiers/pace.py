"""How often a receiver may be spoken to: a token bucket as a value."""

from __future__ import annotations

from typing import NamedTuple


class Rate(NamedTuple):
    """So many messages a second in the long run, and so many at once after a rest."""

    per_s: float
    burst: int


class Bucket(NamedTuple):
    """What is left of a rate at an instant (microseconds, UTC)."""

    tokens: float
    at_us: int


def full(rate: Rate, now_us: int) -> Bucket:
    """The bucket of a receiver that has rested."""
    return Bucket(float(rate.burst), now_us)


def take(bucket: Bucket, rate: Rate, now_us: int) -> tuple[Bucket, int]:
    """Take one message's worth: the bucket after it, and 0; or the bucket as it stands, and microseconds to wait.

    A clock that went back adds nothing.
    """
    passed_us = max(0, now_us - bucket.at_us)
    tokens = min(float(rate.burst), bucket.tokens + passed_us * rate.per_s / 1e6)
    if tokens >= 1.0 - 1e-9:
        return Bucket(tokens - 1.0, now_us), 0
    return Bucket(tokens, now_us), max(1, round((1.0 - tokens) / rate.per_s * 1e6))
