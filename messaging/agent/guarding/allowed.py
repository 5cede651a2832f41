"""What a reply may be built from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from messaging.agent.cues import words_of_lead
from messaging.agent.disclosure import asks_if_ai, disclosure_of
from messaging.agent.guarding.links import link_key
from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.text import fold
from messaging.agent.guarding.values import Item, agrees, keys_of, known_keys
from messaging.agent.guarding.words import says
from messaging.agent.model import Passage, Situation


@dataclass(frozen=True)
class Allowed:
    """What a reply may be built from.

    `texts` are facts about us: profile, offers, questions. `said` are the lead's own
    words and facts. `hours` are opening hours: days and times that count only where
    a reply speaks of them. `links` may be given as they are. `max_chars` and `max_segments`
    are limits, 0 for none. `must_disclose`: the reply has to say that an AI writes.
    `orders`: a text of the lead's or of what is noted of it that tries to give us
    orders, "" if none.
    `passages` are published articles and offers, each for what it speaks of; `names`
    are those of the company and of its assistant.
    """

    texts: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    max_chars: int = 0
    max_segments: int = 0
    language: str = "en"
    first_automatic: bool = False
    disclosure: str = ""
    must_disclose: bool = False
    orders: str = ""
    passages: tuple[Passage, ...] = ()
    names: tuple[str, ...] = ()

    @cached_property
    def known(self) -> frozenset[Key]:
        """Meanings stated about us."""
        links = {("l", link_key(link)) for link in self.links if link}
        return known_keys(self.texts) | links

    @cached_property
    def opening(self) -> frozenset[Key]:
        """Days and times when we are open."""
        return known_keys(self.hours)

    def hears(self, item: Item) -> bool:
        """Whether the lead stated it; read only as far back as needed."""
        return any(agrees(item, keys_of(text)) for text in self.said)

    @cached_property
    def published(self) -> tuple[str, ...]:
        """The words of articles and offers."""
        return tuple(one.text for one in self.passages)

    @cached_property
    def company(self) -> str:
        """All that is stated about us, folded, to look words up in."""
        return "\n".join(fold(text).text for text in (*self.texts, *self.hours))


def allowed_for(
    situation: Situation, *, canaries: Sequence[str] = (), max_segments: int = 0
) -> Allowed:
    """What a reply in this situation may be built from."""
    company = situation.company
    about_us = (
        company.name,
        company.sells,
        company.postal_address,
        company.phone,
        company.email,
        company.assistant_name,
        disclosure_of(situation),
        *(question.wording for question in situation.missing),
    )
    links = tuple(link for link in (company.website, company.booking_url) if link)
    return Allowed(
        texts=tuple(text for text in about_us if text),
        said=words_of_lead(situation),
        hours=(company.hours,) if company.hours else (),
        links=links,
        canaries=tuple(canaries),
        max_chars=situation.max_chars,
        max_segments=max_segments,
        language=situation.language,
        first_automatic=situation.first_automatic,
        disclosure=disclosure_of(situation),
        must_disclose="are_you_ai" in situation.topics or asks_if_ai(situation.message),
        orders=_orders(situation),
        passages=situation.knowledge,
        names=tuple(n for n in (company.name, company.assistant_name) if n),
    )


_EARLIER = 6  # messages of the lead's that are looked through for orders


def _orders(situation: Situation) -> str:
    """The text that tries to give us orders, "" for none: the message, else the name, a
    fact (whoever's system it came from) or what the lead wrote before.
    """
    earlier = [said.text for said in situation.history if said.author == "lead"]
    others = (situation.lead_name, *situation.facts.values(), *earlier[-_EARLIER:])
    for text in (situation.message, *others):
        if text and says("orders", fold(text)):
            return text
    return ""
