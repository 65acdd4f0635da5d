"""What the system says is wrong is always something."""

from __future__ import annotations

import errno
import gzip

import pytest

from trailbell_engine.system_errors import system_words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOENT, "No such file or directory", "/a"), "No such file or directory"),
        (TimeoutError("timed out"), "timed out"),
        (gzip.BadGzipFile("Not a gzipped file"), "Not a gzipped file"),
        (ConnectionResetError(), "ConnectionResetError"),
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_words(error, words):
    """The system's reason, else the library's text, else what kind of error it is."""
    assert system_words(error) == words
