"""A delivery's body as a page for a browser: Slack as Slack draws it, a mail as its HTML part, all else as JSON."""

from __future__ import annotations

import email
import email.policy
import json
from html import escape
from typing import Final

from .slack_html import slack_page

_STYLE: Final = (
    ":root{color-scheme:light dark}body{margin:24px;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def message_page(kind: str, body: bytes) -> str:
    """A self-contained page.

    Args:
        kind: of the channel that rendered it.
        body: as it would be sent.
    """
    if kind == "slack":
        return slack_page([json.loads(body)])
    if kind == "email":
        mail = email.message_from_bytes(body, policy=email.policy.default)
        part = mail.get_body(("html",))
        if part is not None:
            return str(part.get_content())
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        text = body.decode("utf-8", "replace")
    head = f'<meta charset="utf-8"><title>{escape(kind)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><pre>{escape(text)}</pre></body></html>\n'
