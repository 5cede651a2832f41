"""What the sentences of an answer rest on, as its turn keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass

from messaging import words
from messaging.models import Message, Turn

SOURCED, HELD = "sourced", "held"
MACHINES = (Message.Author.AI, Message.Author.BUILTIN)


@dataclass(frozen=True)
class Evidence:
    """Words that stand in a message (`quote`), and what is known by them or of them:
    a fact of the lead's, or the title and the words of a source.
    """

    label: str
    value: str
    quote: str

    @property
    def says(self) -> str:
        """Return it in words, Budget: 20k, or a source's title with its words."""
        return f"{self.label}: {self.value}" if self.value else self.label


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer; `kind` is that of `messaging.agent.claims`.

    `title` is "" where the sentence rests on nothing that has one.
    """

    words: str
    kind: str
    source: str = ""
    title: str = ""
    quote: str = ""


def claims_of(turn: Turn | None, *, body: str | None = None) -> list[Claim]:
    """Return the sentences of a turn's answer in their order; with `body` only those
    that still stand in it.
    """
    kept = turn.claims if turn is not None else []
    found = [_claim(row) for row in kept if isinstance(row, dict)]
    return [one for one in found if body is None or (one.words and one.words in body)]


def _claim(row: dict[str, object]) -> Claim:
    said = {name: str(row.get(name) or "") for name in Claim.__dataclass_fields__}
    if said["source"] and not said["title"]:
        said["title"] = words.source_words(said["source"])
    return Claim(**said)


def sourced_marks(message: Message) -> tuple[Evidence, ...]:
    """Return the sentences of a machine's message that a source carries, to be
    marked in it. Nothing for what people wrote.
    """
    if message.author not in MACHINES or message.turn is None:
        return ()
    found = claims_of(message.turn, body=message.body)
    return tuple(
        Evidence(one.title, f"“{one.quote}”" if one.quote else "", one.words)
        for one in found
        if one.kind == SOURCED and one.source
    )


def source_titles(turn: Turn | None) -> list[str]:
    """Return what an answer rests on, each once: the titles of its sources; of an
    answer without claims the words of what it named.
    """
    if turn is None:
        return []
    claims = claims_of(turn)
    if claims:
        return _once(one.title for one in claims if one.kind == SOURCED)
    return _once(words.source_words(str(key)) for key in turn.sources)


def _once(titles: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(title for title in titles if title))
