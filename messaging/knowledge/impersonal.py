"""A lead's question as anybody would ask it: without names, addresses, numbers."""

import re
from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from leads.models import Company, Lead
from messaging.agent.masking import CARD, SECRET, mask
from messaging.text import clean

LONGEST: Final = 300
_SHORTEST: Final = 6  # letters
_MAIL: Final = re.compile(r"\S+@\S+")
_LINK: Final = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE: Final = re.compile(r"(?<!\w)@\w+")
# A telephone number: seven digits or more, however they are parted.
_PHONE: Final = re.compile(r"(?<!\w)\+?\(?\d(?:[ ()./-]{0,3}\d){6,}")
_STREET: Final = re.compile(
    r"\b\d{1,5}[a-z]?\s+(?:[\w.'-]+\s+){1,3}?"
    r"(?:st|street|ave?|avenue|road|rd|lane|ln|drive|dr|blvd|boulevard|way)\b\.?"
    r"|\b\d{1,5},?\s+(?:rue|avenue|boulevard|place)\s+[\w' -]{2,40}"
    r"|\b(?:calle|avenida|rua|rue|plaza|praça|via)\s+[\w' -]{2,30}?,?\s+\d{1,5}\b"
    r"|\b[\w-]*(?:stra(?:ß|ss)e|str\.|allee|platz|gasse)\s+\d{1,5}[a-z]?\b",
    re.IGNORECASE,
)
_INTRODUCED: Final = re.compile(
    r"(?:\bmy name is|\bthis is|\bi am|\bi['’]m|\bit['’]s|\bich bin|\bmein name ist"
    r"|\bhier ist|\bme llamo|\bsoy|\bje suis|\bje m['’]appelle|\bmeu nome é"
    r"|\beu sou|\bmi nombre es|\bsou)\s+((?-i:[A-ZÀ-Ý][\w'’-]+)"
    r"(?:\s+(?-i:[A-ZÀ-Ý][\w'’-]+)){0,3})"
    r"(?:\s+(?:from|of|von|de|da|at)\s+(?-i:[A-ZÀ-Ý])[\w&'’-]*"
    r"(?:\s+(?-i:[A-ZÀ-Ý])[\w&'’-]*)*)?",
    re.IGNORECASE,
)
_GREETING: Final = re.compile(
    r"^\W*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|guten tag|hola"
    r"|buen[oa]s (?:d[ií]as|tardes|noches)|bonjour|bonsoir|salut|ol[áa]|oi|bom dia"
    r"|boa tarde)\b(?:\s+(?-i:[A-ZÀ-Ý])[\w'’-]*){0,3}\s*[,.!:–-]*\s*",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*")
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.](?=\w)[^.!?\n]*)*[.!?]*")


def impersonal(text: str) -> str:
    """`text` without what tells who asked; "" when nothing is left to be asked.

    Of several sentences only the questions stay, so signatures go. Cards, passwords,
    mail addresses, links, telephone numbers, streets and introductions are taken out,
    and every word that is the name of a lead or a company of ours. At most LONGEST
    characters.
    """
    text = mask(clean(text)[:3_000])
    for mark in (CARD, SECRET):
        text = text.replace(mark, " ")
    for pattern in (_MAIL, _LINK, _HANDLE, _PHONE, _STREET):
        text = pattern.sub(" ", text)
    text = _INTRODUCED.sub(" ", _GREETING.sub("", text))
    asked = _without_names(" ".join(_questions(text)))
    asked = re.sub(r"\s+([,.;:?!])", r"\1", " ".join(asked.split()))
    asked = re.sub(r"[,;:]+(?=[?.!])", "", asked).strip(" ,;:–-")
    return _clipped(asked) if len(_letters(asked)) >= _SHORTEST else ""


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalpha())


def _questions(text: str) -> list[str]:
    found = [one.strip() for one in _SENTENCE.findall(text) if _letters(one)]
    return [one for one in found if one.endswith("?")] or found[:2]


def _without_names(text: str) -> str:
    """Take out the words that are part of a name we know."""
    words = {word for word in _WORD.findall(text) if word[0].isupper()}
    known = _known(words)
    if not known:
        return text
    return _WORD.sub(
        lambda found: "" if found.group() in known else found.group(), text
    )


def _known(words: Iterable[str]) -> set[str]:
    return {word for word in words if len(word) > 1 and _is_name(word)}


def _is_name(word: str) -> bool:
    named = (
        Q(name__iexact=word)
        | Q(name__istartswith=f"{word} ")
        | Q(name__iendswith=f" {word}")
    )
    people, companies = Lead.objects.filter(named), Company.objects.filter(named)
    return people.exists() or companies.exists()


def _clipped(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:")
