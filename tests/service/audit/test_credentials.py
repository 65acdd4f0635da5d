"""Where key and secret come from."""

import pytest

from trailbell.audit import Credentials, CredentialsError, credentials_from_environment


def find(**environ):
    return credentials_from_environment(environ)


def test_todays_names_win_over_the_older_ones():
    """Both pairs may be set while somebody moves from one to the other."""
    found = find(VONAGE_API_KEY="k", VONAGE_API_SECRET="s", NEXMO_API_KEY="old", NEXMO_API_SECRET="older")
    assert (found.key, found.secret, found.origin) == ("k", "s", "VONAGE_API_KEY and VONAGE_API_SECRET")


def test_the_older_names_still_work():
    """And are named in errors as they were found."""
    found = find(NEXMO_API_KEY="k", NEXMO_API_SECRET="s")
    assert (found.key, found.secret, found.origin) == ("k", "s", "NEXMO_API_KEY and NEXMO_API_SECRET")


def test_each_may_come_from_a_file(tmp_path):
    """The line end that every editor adds is not part of it; a variable wins over its file."""
    (tmp_path / "secret").write_text("s3\n")
    found = find(VONAGE_API_KEY="k", VONAGE_API_SECRET_FILE=str(tmp_path / "secret"))
    assert (found.key, found.secret) == ("k", "s3")
    found = find(VONAGE_API_KEY="k", VONAGE_API_SECRET="direct", VONAGE_API_SECRET_FILE="/nowhere")
    assert found.secret == "direct"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "no credentials"),
        ({"VONAGE_API_KEY": "k"}, "VONAGE_API_KEY is set, but VONAGE_API_SECRET is not"),
        ({"VONAGE_API_SECRET": "s"}, "VONAGE_API_SECRET is set, but VONAGE_API_KEY is not"),
        ({"VONAGE_API_KEY": "k", "NEXMO_API_SECRET": "s"}, "VONAGE_API_SECRET is not"),
        ({"VONAGE_API_KEY": "k", "VONAGE_API_SECRET_FILE": "/nowhere"}, "cannot be read: No such file"),
        ({"VONAGE_API_KEY": "k", "VONAGE_API_SECRET": "s\nx"}, "the API secret is empty or holds characters"),
        ({"VONAGE_API_KEY": "k:x", "VONAGE_API_SECRET": "s"}, "the API key is empty or holds characters"),
    ],
)
def test_what_is_missing_is_named_with_what_to_set(environ, words):
    """Half a pair is a mistake, not a login."""
    with pytest.raises(CredentialsError, match=words) as caught:
        credentials_from_environment(environ)
    assert caught.value.help


def test_an_empty_or_binary_file_is_named(tmp_path):
    """Instead of a login with nothing."""
    for name, content, words in (("empty", b"\n", "which is empty"), ("binary", b"\xff\xfe", "it is no text")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CredentialsError, match=words):
            find(VONAGE_API_KEY_FILE=str(tmp_path / name), VONAGE_API_SECRET="s")


def test_the_secret_is_not_shown():
    """Not by repr, str or a message that was scrubbed of it and of the header made of it."""
    credentials = Credentials("key", "s3cret")
    assert "s3cret" not in f"{credentials!r}{credentials}"
    assert credentials.scrub(f"a s3cret and {credentials.authorization()}") == "a *** and Basic ***"
