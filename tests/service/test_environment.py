"""Settings and secrets of the environment, and of the files it names."""

from __future__ import annotations

import pytest

from trailbell.configuration.environment import Unset, expand, setting


def test_a_variable_wins_over_its_file(tmp_path):
    """The file's line end is not part of the value."""
    (tmp_path / "key").write_text("from the file\n")
    environ = {"KEY_FILE": str(tmp_path / "key")}
    assert setting("KEY", environ) == "from the file"
    assert setting("KEY", {**environ, "KEY": "aloud"}) == "aloud"
    assert setting("OTHER", environ) is None
    assert expand("<${KEY}>", environ) == "<from the file>"
    with pytest.raises(Unset, match="OTHER"):
        expand("${KEY}${OTHER}", environ)


def test_a_file_of_bytes_is_named(tmp_path):
    """Not a traceback about codecs, but which file and by which variable."""
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OSError, match="KEY_FILE names it, and it is no UTF-8 text") as caught:
        setting("KEY", {"KEY_FILE": str(tmp_path / "key")})
    assert caught.value.filename == str(tmp_path / "key")


def test_an_unreadable_secret_ends_a_command_in_words(tmp_path, trailbell, monkeypatch):
    """Exit 3, the file and what to do; no traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_bytes(b"\xff")
    monkeypatch.setenv("TRAILBELL_STATE_FILE", "key")
    code, _, err = trailbell("doctor", "--offline")
    assert code == 3
    assert "TRAILBELL_STATE_FILE names it, and it is no UTF-8 text" in err
