"""Who first wrote a mail that somebody passed on, by the block that mailers write."""

import re
from collections.abc import Sequence
from email.message import Message
from typing import Final

from messaging.mail.heads import addresses, sender_of

_MAX_LINES: Final = 2_000
_SUBJECT: Final = re.compile(
    r"\s*(?:(?:fwd?|wg|tr|rv|enc|rvd|reenv|i)\s*(?:\[\d+\])?\s*:|\[fwd?:)",
    re.IGNORECASE,
)
_ANSWER: Final = re.compile(
    r"\s*(?:re|aw|antw|sv|res|r|ré|rép)\s*(?:\[\d+\])?\s*:", re.IGNORECASE
)
# The line over the block: Gmail, Apple Mail, Outlook, Thunderbird, Yahoo.
_MARK: Final = re.compile(
    r"[\s*_>-]*(?:begin\s+)?(?:"
    r"forwarded (?:message|mail|email)|forwarded by .{1,80}"
    r"|(?:anfang der )?weitergeleiteten? (?:nachricht|e-?mail)"
    r"|(?:début du )?message (?:transféré|réexpédié)|mail transféré"
    r"|(?:inicio del )?mensaje reenviado|(?:início da )?mensagem (?:encaminhada|reencaminhada)"
    r"|original message|ursprüngliche nachricht|originalnachricht|message d['’]origine"
    r"|mensaje original|mensagem original"
    r")\s*:?[\s*_-]*",
    re.IGNORECASE,
)
_PLAIN_MARK: Final = re.compile(r"original|origine|ursprüng", re.IGNORECASE)
_FROM: Final = re.compile(
    r"[\s*>]*(?:from|von|de|expéditeur|remitente)[\s*]*:[\s*]*(.{1,400})", re.IGNORECASE
)
_OTHER: Final = re.compile(
    r"[\s*>]*(?:sent|date|to|subject|cc|reply-to|gesendet|datum|an|betreff|envoyé|à"
    r"|objet|enviado(?: el)?|fecha|para|asunto|data|assunto)[\s*]*:",
    re.IGNORECASE,
)


def forwarded_from(text: str, subject: str, attached: Sequence[Message]) -> str:
    """The address of the first writer in lower case, "" when it was not passed on.

    A forwarded block needs its own mark, or a subject that says "Fwd:"; one inside
    quoted history is none. A mail attached whole counts as well.
    """
    says_so = bool(_SUBJECT.match(subject))
    found = _in_text(text, says_so=says_so, answers=bool(_ANSWER.match(subject)))
    if found:
        return found
    for message in attached:
        address = sender_of(message).address
        if address:
            return address
    return ""


def _in_text(text: str, *, says_so: bool, answers: bool) -> str:
    marked = False
    lines = text.split("\n")[:_MAX_LINES]
    for number, line in enumerate(lines):
        if line.startswith(">") or len(line) > 1_000:
            continue
        mark = _MARK.fullmatch(line)
        if mark:
            # "Original message" stands over history in answers as well.
            marked = says_so or (not answers and not _PLAIN_MARK.search(line))
            continue
        said = _FROM.fullmatch(line)
        if said and (marked or says_so) and _is_block(lines[number + 1 : number + 6]):
            return next((one.address for one in addresses(said[1])), "")
    return ""


def _is_block(following: list[str]) -> bool:
    return any(_OTHER.match(line[:200]) for line in following)
