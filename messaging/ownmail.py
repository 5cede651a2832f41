"""What makes a mail of ours part of its thread: its id, its parents, its subject."""

import re
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from leads import clock
from messaging.letters import letter_words
from messaging.models import Mail, Message, Profile

State = Message.State
NOWHERE = "leadsite.invalid"  # RFC 2606: never a host of somebody's
MAX_REFERENCES = 20
# Ours whose ids nobody has seen.
_NOT_LEFT = (State.DRAFT, State.HELD, State.CANCELLED, State.FAILED)
_SOON = timedelta(minutes=5)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")
_ID = re.compile(r"[!-;=?-~]{1,300}")  # printable ASCII without blank, < and >
# What mail programs put before a subject that is answered.
_ANSWER = re.compile(r"(?:re|aw|antw|sv|vs|rv|res|rif)(?:\[\d+\])?\s?:", re.IGNORECASE)
# Words that look encoded: a reader's program would decode them, and so does Python's
# own when it writes them, line breaks and all (RFC 2047, 6.2).
_ENCODED = re.compile(r"=(?=\?[\w*.+-]+\?[bq]\?)", re.IGNORECASE)
# Joiners that words and emoji are made with.
_JOINERS = "\u200c\u200d"


def write_mail(message: Message) -> Mail:
    """Give a mail of ours that is about to be written its subject and thread.

    The row returned is saved once the message has its key. The subject given
    stands, else it answers the latest mail with this address.
    """
    parent = _parent(message)
    message.subject = one_line(message.subject) or _subject(message, parent)
    return Mail(
        header_id=header_id_of(message),
        in_reply_to="".join(plain_ids([parent.header_id])) if parent else "",
        references=references_after(parent) if parent else [],
        recipients=[message.contact_point.value] if message.contact_point else [],
    )


def header_id_of(message: Message) -> str:
    """The Message-ID, without brackets: the same however often it is asked for."""
    return f"{message.public_id}@{_domain(message)}"


def _domain(message: Message) -> str:
    address = message.channel.address if message.channel is not None else ""
    hosts = (address.rpartition("@")[2], urlsplit(settings.PUBLIC_BASE_URL).hostname)
    known = (host.lower() for host in hosts if host)
    return next((host for host in known if _HOST.fullmatch(host)), NOWHERE)


def _parent(message: Message) -> Mail | None:
    """The mail that a message answers, else the latest one with its address.

    Never a machine's: nobody waits for an answer to "I am away".
    """
    rows = Mail.objects.filter(
        message__conversation=message.conversation_id,
        message__contact_point=message.contact_point_id,
        machine="",
    ).exclude(header_id="")
    if message.answers_id is not None:
        answered = rows.select_related("message").filter(message=message.answers_id)
        if (found := answered.first()) is not None:
            return found
    return _latest(message, rows)


def _latest(message: Message, rows: QuerySet[Mail]) -> Mail | None:
    left = rows.exclude(
        message__direction=Message.Direction.OUTBOUND, message__state__in=_NOT_LEFT
    ).exclude(message__state=State.QUEUED, message__due_at__gt=clock.now() + _SOON)
    found = left.exclude(message=message.pk).select_related("message")
    return found.order_by("-message__occurred_at", "-message__pk").first()


def references_after(parent: Mail) -> list[str]:
    """The References of an answer to `parent` (RFC 5322, 3.6.4).

    Of a long thread the first is kept, which it hangs on, and the last.
    """
    before = parent.references or [parent.in_reply_to]
    ids = plain_ids([*before, parent.header_id])
    if len(ids) <= MAX_REFERENCES:
        return ids
    return [ids[0], *ids[1 - MAX_REFERENCES :]]


def plain_ids(ids: Iterable[object]) -> list[str]:
    """Those that may stand in a header, each once, in their order."""
    fit = [one for one in ids if isinstance(one, str) and _ID.fullmatch(one)]
    return list(dict.fromkeys(fit))


def _subject(message: Message, parent: Mail | None) -> str:
    answered = answered_subject(parent.message.subject) if parent else ""
    if answered:
        return answered
    lead = message.conversation.lead
    words = letter_words(lead.language if lead else "")
    return one_line(words.say("subject", company=Profile.current().name))


def answered_subject(subject: str) -> str:
    """The subject of an answer, "" to a mail without one."""
    plain = one_line(subject)
    if not plain or _ANSWER.match(plain):
        return plain[:500]
    return f"Re: {plain}"[:500]


def one_line(text: str) -> str:
    """Text that fits into a header: one line, nothing invisible that steers."""
    kept = (c if c.isprintable() or c in _JOINERS else " " for c in text)
    return _ENCODED.sub("= ", " ".join("".join(kept).split()))
