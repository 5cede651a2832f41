"""What a mail of ours looks like: its text, its HTML, and the headers it carries."""

import logging
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.contrib.auth.models import User
from django.template.loader import render_to_string

from leads import clock
from messaging.addressing import preference_token, reply_address
from messaging.letters import LetterWords, letter_words
from messaging.models import Conversation, Mail, Message, Profile
from messaging.ownmail import header_id_of, one_line, plain_ids, write_mail
from messaging.queueing import best_address, channel_for
from messaging.text import clean
from messaging.transports import Outcome, OutgoingMail, TransportError

log = logging.getLogger(__name__)

Header = tuple[str, str]
TEMPLATE = "messaging/mail/message.html"
# A link that leads nowhere, for a preview: staff who try it must not unsubscribe
# the lead.
NO_LINK = "/u/preview/"
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_WORDS = re.compile(r"\w+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# What others' mail programs take for the start of a signature, trailing blank and all.
_CUT = "-- "


@dataclass(frozen=True)
class Composed:
    """A mail as it leaves. `text` and `mail.html` say the same."""

    subject: str
    text: str
    mail: OutgoingMail


@dataclass(frozen=True)
class _Parts:
    """What text and HTML are both made of."""

    subject: str
    body: str
    signature: str
    words: LetterWords
    company: str
    link: str

    def leave_words(self) -> str:
        key = "unsubscribe" if self.link else "unsubscribe_reply"
        return self.words.say(key, company=self.company)


def compose(message: Message) -> OutgoingMail:
    """What a mail has beyond its text, for both roads out; see `write_out`."""
    return write_out(message).mail


def write_out(message: Message) -> Composed:
    """Put a message of kind email together as it leaves.

    The same message gives the same mail every time. Raises TransportError, refused,
    when it cannot be put together: nothing has left then.
    """
    try:
        mail: Mail | None = getattr(message, "mail", None)
        return _composed(message, mail, _preference_link(message))
    except Exception as error:
        log.exception("message %s could not be put together", message.public_id)
        words = f"the mail could not be put together: {type(error).__name__}"
        raise TransportError(Outcome.REFUSED, words) from error


def preview(
    *, conversation: Conversation, body: str, subject: str = "", user: User
) -> Composed:
    """How a person's mail would look, nothing written. Its link leads nowhere.

    Raises Refused when the lead has no mail address.
    """
    kind = Message.Kind.EMAIL
    message = Message(
        conversation=conversation,
        direction=Message.Direction.OUTBOUND,
        kind=kind,
        channel=channel_for(conversation, kind),
        contact_point=best_address(conversation, kind),
        author=Message.Author.PERSON,
        user=user,
        subject=subject,
        body=body,
        occurred_at=clock.now(),
    )
    mail = write_mail(message)
    link = f"{settings.PUBLIC_BASE_URL}{NO_LINK}" if settings.PUBLIC_BASE_URL else ""
    return _composed(message, mail, link)


def _composed(message: Message, mail: Mail | None, link: str) -> Composed:
    lead = message.conversation.lead
    profile = Profile.current()
    company = one_line(profile.name)
    parts = _Parts(
        subject=one_line(message.subject),
        body=_plain(message.body),
        signature=_signature(message, profile),
        words=letter_words(lead.language if lead else ""),
        company=company,
        link=link,
    )
    outgoing = OutgoingMail(
        message_id=mail.header_id if mail else header_id_of(message),
        from_name=_from_name(message, company, parts.words),
        reply_to=_reply_to(message),
        in_reply_to="".join(plain_ids([mail.in_reply_to])) if mail else "",
        references=tuple(plain_ids(mail.references)) if mail else (),
        html=_html(parts),
        headers=(*_automatic_headers(message, mail), *_leave_headers(message, link)),
    )
    return Composed(subject=parts.subject, text=_text(parts), mail=outgoing)


def _plain(text: str) -> str:
    lines = _CONTROLS.sub("", clean(text).replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line.rstrip() for line in lines.split("\n")).strip("\n")


# --- who it is from -----------------------------------------------------------


def _from_name(message: Message, company: str, words: LetterWords) -> str:
    """The mailbox's own name, else the company's, with the person who writes.

    What a machine wrote never bears a person's name of its own accord.
    """
    channel = message.channel
    if channel is not None and channel.sender_name.strip():
        return one_line(channel.sender_name)
    by_person = message.author == Message.Author.PERSON
    user = message.user if by_person else None
    first = one_line(user.first_name) if user is not None else ""
    if not first:
        return company
    return one_line(words.say("from_person", name=first, company=company))


def _reply_to(message: Message) -> str:
    signed = reply_address(message.conversation)
    ours = message.channel.address if message.channel is not None else ""
    return signed or (one_line(ours) if "@" in ours else "")


# --- headers ------------------------------------------------------------------


def _automatic_headers(message: Message, mail: Mail | None) -> tuple[Header, ...]:
    """Say what a machine wrote, so that no other machine answers it (RFC 3834).

    Out-of-office notes (OOF) are not asked to stay away: they say when to come back.
    """
    if not message.automatic and message.author != Message.Author.SYSTEM:
        return ()  # a person wrote it, or read and approved it
    answers = message.answers_id is not None or (mail and mail.in_reply_to)
    kind = "auto-replied" if answers else "auto-generated"
    return (
        ("X-Leadsite", str(message.public_id)),
        ("Auto-Submitted", kind),
        ("X-Auto-Response-Suppress", "DR, RN, NRN, AutoReply"),
    )


def _leave_headers(message: Message, link: str) -> tuple[Header, ...]:
    """RFC 2369's link, and RFC 8058's one click where the link is https."""
    if not link:
        return ()
    listed: Header = ("List-Unsubscribe", f"<{link}>")
    if urlsplit(link).scheme != "https":
        return (listed,)
    return (listed, ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))


def _preference_link(message: Message) -> str:
    """The page on which this address leaves; "" while the world cannot reach us."""
    point = message.contact_point
    if not settings.PUBLIC_BASE_URL or point is None:
        return ""
    token = preference_token(point, Message.Kind.EMAIL, message)
    return f"{settings.PUBLIC_BASE_URL}/u/{token}/"


# --- text and HTML ------------------------------------------------------------


def _signature(message: Message, profile: Profile) -> str:
    """The mailbox's signature, else the company's name; always its postal address."""
    own = _plain(message.channel.signature) if message.channel is not None else ""
    lines = [own.strip() or one_line(profile.name)]
    postal = one_line(profile.postal_address)
    if postal and _bare(postal) not in _bare(own):
        lines.append(postal)
    return "\n".join(line for line in lines if line)


def _bare(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _text(parts: _Parts) -> str:
    leave = " ".join(part for part in (parts.leave_words(), parts.link) if part)
    return f"{parts.body}\n\n{_CUT}\n{parts.signature}\n\n{leave}\n"


def _html(parts: _Parts) -> str:
    paragraphs = [one for one in _PARAGRAPHS.split(parts.body) if one.strip()]
    context = {
        "language": parts.words.language,
        "subject": parts.subject,
        "paragraphs": paragraphs,
        "signature": parts.signature,
        "leave": parts.leave_words(),
        "leave_link": parts.link,
        "leave_link_words": parts.words.say("unsubscribe_link"),
    }
    return _inliner().inline(render_to_string(TEMPLATE, context))


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        keep_style_tags=False, load_remote_stylesheets=False, base_url=None
    )


__all__ = ["Composed", "compose", "preview", "write_out"]
