"""Secrets do not show themselves."""

from __future__ import annotations

import json
import pickle

import pytest

from trailbell_notifiers.secret import Secret, as_secret, redact


def test_a_secret_is_three_stars():
    """By repr, str, format and f-string; only reveal tells."""
    secret = Secret("hunter2")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>10}",
        f"{secret}",
        format(secret, ">20"),
        repr([secret]),
    ]  # the point
    assert not [text for text in shown if "hunter2" in text]
    assert secret.reveal() == "hunter2"


def test_a_secret_is_not_written_anywhere():
    """Neither JSON nor pickle takes it."""
    with pytest.raises(TypeError):
        json.dumps(Secret("hunter2"))
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hunter2"))


def test_equal_secrets_are_equal():
    """So that settings can be compared; a text is not a secret."""
    assert Secret("é") == Secret("é")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert as_secret("a") == as_secret(Secret("a"))
    assert {Secret("a"): 1}[Secret("a")] == 1
    assert not Secret("")


def test_redaction():
    """Longer secrets first, so that no tail of one is left; tiny ones are let be."""
    secrets = [Secret("hunter2"), Secret("hunter2-and-more"), Secret("a")]
    assert redact("a: hunter2-and-more, hunter2", secrets) == "a: ***, ***"
