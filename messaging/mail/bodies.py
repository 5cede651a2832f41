"""The words and the files of a mail, out of its parts."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from messaging.mail.files import Keeper
from messaging.mail.heads import eight_bit, raw_value, words_of
from messaging.mail.htmltext import html_to_text
from messaging.mail.markup import MAX_HTML, MAX_TAGS
from messaging.mail.taking import Leaf, content, leaves
from messaging.mail.texts import MAX_TEXT, clean, decode, unflow

_MAX_BYTES: Final = 2_000_000
_PLAIN: Final = ("text/plain", "text/markdown", "text/enriched", "text/richtext")
_HTML: Final = ("text/html", "application/xhtml+xml")
# Parts that say something to machines only.
_SILENT: Final = frozenset(
    {
        "application/applefile",
        "application/pgp-encrypted",
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "message/delivery-status",
        "message/disposition-notification",
        "message/external-body",
        "message/feedback-report",
        "text/rfc822-headers",
        "text/watch-html",
        "text/x-amp-html",
    }
)
_SEALED: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_META: Final = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.I)
_PAGE: Final = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_STUB: Final = re.compile(
    r"html|browser|e-?mail client|mail program|navigateur|navegador|view (?:it|this)"
    r"|multi-?part message",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Body:
    """What a mail says: `text` is its words, `attached` the mails inside it."""

    text: str = ""
    html: str = ""
    attached: list[Message] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    keeper: Keeper
    inner: bool = False
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    named: str = ""  # words of a part that is said, and has a name
    body: Body = field(default_factory=Body)

    def take(self, leaf: Leaf) -> None:
        """Take one part: words, a file, an attached mail, or nothing."""
        kind = leaf.kind
        if kind in _SEALED or kind == "application/pgp-encrypted":
            self.body.defects.append("it is encrypted: its words cannot be read")
        elif kind == "message/rfc822":
            self._take_mail(leaf)
        elif kind in _SILENT or (leaf.report and not kind.startswith("text/")):
            return
        elif kind in (*_PLAIN, *_HTML) and not is_file(leaf.part):
            self._take_words(leaf, kind)
        elif not self.inner:
            self._take_file(leaf.part, kind)

    def _words_of(self, part: Message, kind: str) -> str:
        data = content(part)[:_MAX_BYTES]
        charset = _parameter(part, "charset")
        if kind in _HTML and not charset:
            found = _META.search(data[:2_000])
            charset = found[1].decode("ascii", "replace") if found else ""
        text, wrong = decode(data, charset)
        if wrong:
            self.body.defects.append(wrong)
        return text.lstrip("\ufeff")

    def _take_words(self, leaf: Leaf, kind: str) -> None:
        text = self._words_of(leaf.part, kind)
        if kind in _HTML or _PAGE.match(text):
            self.html.append(text)
            if not leaf.alternative and any(self.plain):
                self.plain.append(html_to_text(text))
            return
        text = clean(text[: MAX_TEXT * 2])
        if kind in ("text/enriched", "text/richtext"):
            text = re.sub(r"<[^<>]{1,40}>", "", text)
        if _parameter(leaf.part, "format").lower() == "flowed":
            delete = _parameter(leaf.part, "delsp").lower() == "yes"
            text = unflow(text, delete_space=delete)
        self.plain.append(text)

    def _take_mail(self, leaf: Leaf) -> None:
        payload = leaf.part.get_payload()
        messages = payload if isinstance(payload, list) else []
        inner = next((one for one in messages if isinstance(one, Message)), None)
        if inner is None or leaf.report or self.inner:
            return
        self.body.attached.append(inner)
        subject = words_of(raw_value(inner, "subject")) or "mail"
        try:
            data = inner.as_bytes()
        except Exception as error:  # what it holds may be any bytes
            words = f"the mail in it cannot be written out ({type(error).__name__})"
            return self.keeper.refuse(f"{subject}.eml", leaf.kind, 0, words)
        self.keeper.keep(f"{subject}.eml", leaf.kind, data)

    def _take_file(self, part: Message, kind: str) -> None:
        name = file_name(part)
        is_said = not disposition_of(part).startswith("attachment")
        if kind == "text/plain" and is_said and not self.named:
            self.named = clean(self._words_of(part, kind)[: MAX_TEXT * 2])
        if kind == "text/calendar" and not name:
            name = "invite.ics"
        content_id = raw_value(part, "content-id") or raw_value(
            part, "content-location"
        )
        self.keeper.keep(name, kind, content(part), content_id=content_id.strip(" <>"))

    def finish(self) -> Body:
        """The body of all that was taken."""
        keeper = self.keeper
        html = clean_html("\n".join(self.html) or ("" if self.inner else keeper.html))
        text = "\n\n".join(words for words in self.plain if words.strip())
        text = text or ("" if html else self.named)
        if not text.strip() and not html and not self.inner:
            text = clean(keeper.text)
        self.body.text, self.body.html = choose_text(text, html), html
        self.body.defects += _cuts(text, "\n".join(self.html))
        return self.body


def read_body(message: Message, keeper: Keeper) -> Body:
    """The words of a mail; its files go to `keeper`. Raises OSError as that does.

    A mail that says nothing itself has the words of the one that it carries.
    """
    reader = _Reader(keeper)
    for leaf in leaves(message):
        reader.take(leaf)
    body = reader.finish()
    keeper.mark_inline(body.html)
    if not body.text.strip() and body.attached:
        inner = _Reader(keeper, inner=True)
        for leaf in leaves(body.attached[0]):
            inner.take(leaf)
        carried = inner.finish()
        body.text, body.html = carried.text, carried.html
    return body


def choose_text(text: str, html: str) -> str:
    """The plain text, or the HTML's words where it is none or only says to look
    there. At most MAX_TEXT characters.
    """
    if not html:
        return text[:MAX_TEXT].strip("\n")
    if text.strip() and (len(text) > 400 or not _STUB.search(text)):
        return text[:MAX_TEXT].strip("\n")
    words = html_to_text(html)
    if text.strip() and len(words) < 3 * len(text):
        words = text
    return clean(words)[:MAX_TEXT].strip("\n")


def clean_html(html: str) -> str:
    """HTML that can be stored, otherwise as it came."""
    html = html[:MAX_HTML].replace("\0", "\ufffd")
    return html.encode("utf-8", "replace").decode("utf-8")


def _cuts(text: str, html: str) -> list[str]:
    cuts = []
    if len(text) > MAX_TEXT:
        cuts.append(f"only the first {MAX_TEXT:,} characters of its text are kept")
    if len(html) > MAX_HTML or html.count("<") > MAX_TAGS:
        cuts.append("its HTML is too long: only its beginning is shown")
    return cuts


def is_file(part: Message) -> bool:
    """Whether a part of words is attached rather than said."""
    return disposition_of(part).startswith("attachment") or bool(file_name(part))


def disposition_of(part: Message) -> str:
    """Its Content-Disposition in lower case, or ""."""
    return eight_bit(part.get("content-disposition", "")).strip().lower()


def file_name(part: Message) -> str:
    """The name that a part says, however it is encoded, or ""."""
    raw = {
        name: raw_value(part, name) for name in ("content-disposition", "content-type")
    }
    if not all(value.isascii() for value in raw.values()):
        part = Message()  # Python's own reader loses the letters of 8-bit names
        for name, value in raw.items():
            part[name] = value
    said = _safely(part.get_filename)
    return words_of(eight_bit(said)) if said else ""


def _parameter(part: Message, name: str) -> str:
    """A parameter of Content-Type, or ""."""
    said = _safely(lambda: part.get_param(name))
    if isinstance(said, tuple):  # RFC 2231: charset, language, value
        said = said[2]
    return str(said or "")


def _safely(ask: Callable[[], object]) -> object:
    """What Python's reader finds in a header; None where it stumbles over it."""
    try:
        return ask()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
