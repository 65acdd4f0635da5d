"""A Slack message as a page: Block Kit drawn the way Slack draws it, in light and dark, without a Slack.

One self-contained page that loads nothing: for looking at, and for taking pictures of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from trailbell_notifiers.channels.slack.text import unescaped

_MARKUP: Final = re.compile(
    r"```\n?(?P<pre>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<!date\^\d+\^[^|>]*\|(?P<date>[^>]*)>"
    r"|<(?P<url>https?:[^|>]*|mailto:[^|>]*)(?:\|(?P<label>[^>]*))?>"
    r"|<(?P<mention>[@#!][^>]*)>"
    r"|\*(?P<b>[^*\n]+)\*"
    r"|(?<!\w)_(?P<i>[^_\n]+)_(?!\w)"
    r"|~(?P<s>[^~\n]+)~",
    re.DOTALL,
)
_STYLE: Final = """
:root{color-scheme:light dark;--page:#fff;--text:#1d1c1d;--quiet:#616061;--line:#dddddd;--code:#f6f6f6;
  --codetext:#c01343;--link:#1264a3;--go:#007a5a;--danger:#e01e5a;--chip:#e8f5fa}
@media(prefers-color-scheme:dark){:root{--page:#1a1d21;--text:#d1d2d3;--quiet:#ababad;--line:#3b3d42;
  --code:#232529;--codetext:#e8912d;--link:#1d9bd1;--go:#148567;--danger:#e01e5a;--chip:#123d5a}}
*{box-sizing:border-box}
body{margin:0;padding:24px;background:var(--page);color:var(--text);font:15px/1.46668 Lato,Slack-Lato,
  -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif}
.message{display:flex;gap:8px;max-width:680px;margin:0 0 16px}
.reply{margin-left:44px}
.face{flex:none;width:36px;height:36px;border-radius:8px;background:#4a154b;color:#fff;display:grid;
  place-items:center;font-size:20px}
.body{min-width:0;flex:1}
.who{font-weight:900}
.app{font-size:10px;font-weight:700;color:var(--quiet);background:var(--code);border-radius:2px;padding:1px 3px;
  margin:0 6px;vertical-align:1px}
.quiet,.context{color:var(--quiet);font-size:13px}
h1{font-size:18px;line-height:1.33;font-weight:900;margin:6px 0;overflow-wrap:anywhere}
p{margin:4px 0;white-space:pre-wrap;overflow-wrap:anywhere}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px;margin:8px 0}
.fields div{white-space:pre-wrap;overflow-wrap:anywhere;min-width:0}
pre{margin:6px 0;padding:8px;background:var(--code);border:1px solid var(--line);border-radius:4px;
  font:12px/1.5 Monaco,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:12px Monaco,Menlo,Consolas,monospace;color:var(--codetext);background:var(--code);
  border:1px solid var(--line);border-radius:3px;padding:2px 3px 1px}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}
.button{border:1px solid var(--line);border-radius:4px;padding:4px 12px;font-size:13px;font-weight:700}
.primary{background:var(--go);border-color:var(--go);color:#fff}
.danger{background:var(--danger);border-color:var(--danger);color:#fff}
hr{border:0;border-top:1px solid var(--line);margin:10px 0}
.context{margin:6px 0;display:flex;flex-wrap:wrap;gap:4px 8px;overflow-wrap:anywhere}
.context>*{min-width:0}
.link{color:var(--link)}
.chip{background:var(--chip);color:var(--link);border-radius:3px;padding:0 2px}
.unknown{color:var(--quiet);font-style:italic}
blockquote{margin:4px 0;padding-left:12px;border-left:4px solid var(--line)}
ul,ol{margin:4px 0}
@media(max-width:480px){body{padding:12px}.fields{grid-template-columns:1fr}}
"""


def slack_page(payloads: Sequence[Mapping[str, Any]], title: str = "Slack") -> str:
    """A page with these messages, the first as a parent and the others as replies in its thread.

    Args:
        payloads: messages as they are posted: ``{"text": …, "blocks": […]}``.
        title: of the page.
    """
    parts = "\n".join(_message(payload, reply=number > 0) for number, payload in enumerate(payloads))
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<title>{escape(title)}</title><style>{_STYLE}</style></head>\n'
        f"<body>\n{parts}\n</body></html>\n"
    )


def slack_blocks_html(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The blocks as HTML. Every text is escaped; a block nobody knows is named."""
    return "\n".join(_block(block) for block in blocks)


def _message(payload: Mapping[str, Any], *, reply: bool) -> str:
    blocks = payload.get("blocks") or ()
    inner = slack_blocks_html(blocks) if blocks else f"<p>{_mrkdwn(str(payload.get('text', '')))}</p>"
    who = '<div><span class="who">Trailbell</span><span class="app">APP</span></div>'
    kind = "message reply" if reply else "message"
    return f'<article class="{kind}"><div class="face">🔔</div><div class="body">{who}\n{inner}</div></article>'


def _block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "header":
            return f"<h1>{_plain(block['text'])}</h1>"
        case "section":
            return _section(block)
        case "rich_text":
            return "\n".join(map(_rich, block.get("elements") or ()))
        case "context":
            parts = "".join(f"<span>{_object(element)}</span>" for element in block.get("elements") or ())
            return f'<div class="context">{parts}</div>'
        case "actions":
            return f'<div class="actions">{"".join(map(_button, block.get("elements") or ()))}</div>'
        case "divider":
            return "<hr>"
        case "markdown":
            return f"<p>{escape(str(block.get('text', '')))}</p>"
        case unknown:
            return f'<p class="unknown">[{escape(str(unknown))}]</p>'


def _section(block: Mapping[str, Any]) -> str:
    text = f"<p>{_object(block['text'])}</p>" if "text" in block else ""
    fields = "".join(f"<div>{_object(field)}</div>" for field in block.get("fields") or ())
    accessory = f'<div class="actions">{_button(block["accessory"])}</div>' if "accessory" in block else ""
    return text + (f'<div class="fields">{fields}</div>' if fields else "") + accessory


def _rich(part: Mapping[str, Any]) -> str:
    inner = "".join(_inlines(part.get("elements") or ()))
    match part.get("type"):
        case "rich_text_preformatted":
            return f"<pre>{inner}</pre>"
        case "rich_text_quote":
            return f"<blockquote>{inner}</blockquote>"
        case "rich_text_list":
            tag = "ol" if part.get("style") == "ordered" else "ul"
            items = "".join(f"<li>{_rich(item)}</li>" for item in part.get("elements") or ())
            return f"<{tag}>{items}</{tag}>"
        case _:
            return f"<p>{inner}</p>"


def _inlines(elements: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for element in elements:
        text = escape(str(element.get("text") or element.get("url") or element.get("name") or ""))
        style = element.get("style") or {}
        if element.get("type") == "link":
            text = f'<span class="link">{text}</span>'
        for name, tag in (("code", "code"), ("bold", "b"), ("italic", "i"), ("strike", "s")):
            if isinstance(style, Mapping) and style.get(name):
                text = f"<{tag}>{text}</{tag}>"
        yield text


def _button(element: Mapping[str, Any]) -> str:
    label = element.get("text") or element.get("placeholder") or {"text": element.get("type", "")}
    style = element.get("style") if element.get("style") in ("primary", "danger") else ""
    arrow = " ↗" if element.get("url") else " ▾" if "options" in element else ""
    return f'<span class="button {style}">{_plain(label)}{arrow}</span>'


def _object(text: Mapping[str, Any]) -> str:
    return _mrkdwn(str(text.get("text", ""))) if text.get("type") == "mrkdwn" else _plain(text)


def _plain(text: Mapping[str, Any]) -> str:
    return escape(unescaped(str(text.get("text", ""))))


def _mrkdwn(markup: str) -> str:
    """Slack's markup; what it would make a mention is a chip, so that a picture shows what would have been live."""
    parts, end = [], 0
    for found in _MARKUP.finditer(markup):
        parts.append(escape(unescaped(markup[end : found.start()])))
        parts.append(_marked(found))
        end = found.end()
    return "".join([*parts, escape(unescaped(markup[end:]))])


def _marked(found: re.Match[str]) -> str:
    kind = next(name for name, value in found.groupdict().items() if value is not None)
    text = escape(unescaped(found[kind]))
    match kind:
        case "url":
            return f'<span class="link">{escape(unescaped(found["label"] or found["url"]))}</span>'
        case "mention":
            return f'<span class="chip">{text}</span>'
        case "date":
            return text
        case _:
            return f"<{kind}>{text}</{kind}>"
