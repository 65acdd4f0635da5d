"""The certificate authorities that a receiver is checked by, when they are not those of the system."""

from __future__ import annotations

import ssl

from trailbell_engine.system_errors import system_words
from trailbell_notifiers.channel import ChannelError


def check_ca_file(receiver: str, path: str | None) -> None:
    """See at start whether a CA file can be used; None is the system's own.

    Args:
        receiver: kind and name, for the message.
        path: of a PEM file.

    Raises:
        ChannelError: if not.
    """
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise ChannelError(
            f"{receiver}: ca_file {path} holds no certificate", "name a PEM file: `-----BEGIN CERTIFICATE-----`"
        ) from error
    except OSError as error:
        raise ChannelError(
            f"{receiver}: cannot read ca_file {path}: {system_words(error)}", "check the path"
        ) from error
