"""Text as XML and GitHub's workflow commands take it."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text between tags; what XML 1.0 cannot hold at all is replaced by ``\ufffd``."""
    return escape(_NOT_XML.sub("\ufffd", text))


def xml_attribute(text: str) -> str:
    """The text as an attribute's value, its quotes included."""
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def github_message(text: str) -> str:
    """What a workflow command says (actions/toolkit, ``command.ts``)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """The value of one of its properties, which a colon or a comma would end."""
    return github_message(text).replace(":", "%3A").replace(",", "%2C")
