"""Which earlier mail a mail answers, as its headers say."""

from collections.abc import Iterator
from typing import Final

from messaging.mail.facts import ReadMail

MOST_IDS: Final = 50
LONGEST: Final = 300


def thread_ids(mail: ReadMail) -> list[str]:
    """The Message-IDs that `mail` answers, the surest first: In-Reply-To, then
    References from the latest to the first (RFC 5322, 3.6.4).

    A mail without such headers has none, and its own id is never among them.
    """
    return list(dict.fromkeys(_candidates(mail)))[:MOST_IDS]


def _candidates(mail: ReadMail) -> Iterator[str]:
    for value in (*mail.in_reply_to, *reversed(mail.references)):
        found = value.strip().strip("<>")
        if found and len(found) <= LONGEST and found != mail.message_id:
            yield found
