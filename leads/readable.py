"""The export as a page that a person reads: one file, nothing fetched, nothing run."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.html import escape

from leads import clock
from leads.lifecycle import Lifecycle
from leads.models import Lead

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 820px; margin: 0 auto; padding: 24px 16px 64px; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
h2 {{ margin-top: 40px; border-bottom: 1px solid #8886; }}
dl {{ display: grid; grid-template-columns: minmax(90px, 180px) minmax(0, 1fr); gap: 2px 16px; margin: 12px 0; padding: 10px 0; border-bottom: 1px solid #8883; }}
dt {{ opacity: .75; }} dd {{ margin: 0; white-space: pre-wrap; }}
article {{ margin: 12px 0; padding: 10px 14px; border: 1px solid #8886; border-radius: 8px; }}
article.out {{ margin-left: 10%; }} article.in {{ margin-right: 10%; }}
article header {{ font-size: 13px; opacity: .75; }} article p {{ margin: 6px 0 0; white-space: pre-wrap; }}
nav ul {{ columns: 2; }}
</style></head><body>
<h1>{title}</h1>
<p>Everything that is kept about {name}, as of {made}. The same stands in data.json, for
programs; files are in the folder “files”.</p>
"""
TITLES = {
    "lead": "Who",
    "addresses": "Addresses",
    "consents": "Consents",
    "opt_outs": "Opt-outs",
    "facts": "What is known",
    "score": "Score",
    "messages": "Messages",
    "answers": "Answers of the machine",
    "prompts": "What the language model was told",
    "follow_ups": "Follow-ups",
    "requests": "Requests from vendors",
    "admin_history": "Changes in the admin",
}
_WHO = {"lead": "They", "person": "A person of ours", "ai": "Our AI"}
_WHO |= {"builtin": "Our built-in assistant", "system": "Automatic"}


def page_of(lead: Lead, apps: Iterable[Lifecycle]) -> Iterator[str]:
    """The page, in pieces."""
    name = escape(lead.display_name)
    yield _HEAD.format(title=f"Data of {name}", name=name, made=_words(clock.now()))
    for app in apps:
        for kind, value in app.export(lead).items():
            yield from _section(kind, value)
    yield "</body></html>\n"


def _section(kind: str, value: Any) -> Iterator[str]:
    title = TITLES.get(kind) or kind.replace("_", " ").capitalize()
    yield f'<h2 id="{escape(kind)}">{escape(title)}</h2>\n'
    rows: Iterable[Any] = [value] if isinstance(value, Mapping) else value
    write = _message if kind == "messages" else _row
    empty = True
    for row in rows:
        if row:
            empty = False
            yield write(row)
    if empty:
        yield "<p>Nothing.</p>\n"


def _row(row: Mapping[str, Any]) -> str:
    lines = [
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_words(value))}</dd>"
        for name, value in row.items()
        if value not in (None, "", [], {})
    ]
    return f"<dl>{''.join(lines)}</dl>\n"


def _message(row: Mapping[str, Any]) -> str:
    side = "in" if row["direction"] == "inbound" else "out"
    about = [_words(row["at"]), _WHO.get(row["author"], row["author"]), row["kind"]]
    about += [row["address"], row["state"]]
    head = " · ".join(escape(part) for part in about if part)
    parts = [f'<article class="{side}"><header>{head}</header>']
    if row["subject"]:
        parts.append(f"<p><b>{escape(row['subject'])}</b></p>")
    mail = row.get("mail", {})
    body = mail.get("whole") or row["body"]
    parts.append(f"<p>{escape(body)}</p>")
    for one in row["files"]:
        parts.append(f"<p>File: {escape(one['file'] or one['name'])}</p>")
    return "".join((*parts, "</article>\n"))


def _words(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_words(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(_words(one) for one in value)
    return str(value)
