"""Every sentence of a reply shows what it rests on, or it is held.

Code decides, not the model: what a model cites is looked up in the source's own words,
and where it cites nothing the source is looked for. What nobody published, no profile
states and the lead did not say does not leave by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from messaging.agent.disclosure import disclosure_of, states_ai
from messaging.agent.model import Claim, Situation
from messaging.agent.proving import talk
from messaging.agent.proving.sentences import clauses_of, parts, sentences
from messaging.agent.proving.sources import (
    Source,
    bare,
    cited,
    not_of_others,
    sources_of,
)
from messaging.agent.proving.support import Context, support
from messaging.agent.proving.talk import World
from messaging.agent.proving.words import Reading, book_of, read, word_keys

__all__ = ["Sentence", "check_claims", "without"]

_LINK = "link"  # a part of words that only link others, such as "we have it"
_NAMES = ("profile.name", "profile.assistant")
# What must follow a yes or no; a courteous "sure" may also stand before "a colleague
# will call you".
_BEARS_OUT = {
    "yes": ("sourced", "notice"),
    "no": ("sourced", "notice"),
    "sure": ("sourced", "notice", "small_talk"),
}
_ASKED = frozenset(("price", "discount", "availability", "contract", "features"))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a reply and what it rests on; `body[start:end]` is `words`.

    `kind` is sourced (then `source`, its `title` and a `quote` from it are given),
    small_talk, question, lead (the lead's own words, repeated as theirs), notice (that
    an AI writes, how to stop) or held.
    """

    words: str
    start: int
    end: int
    kind: str
    source: str = ""
    title: str = ""
    quote: str = ""


def check_claims(
    body: str, *, claims: Sequence[Claim] = (), situation: Situation
) -> tuple[Sentence, ...]:
    """Return every sentence of `body` with what it rests on, in its order.

    `claims` are the model's citations; a wrong one counts as none. Pure.
    """
    world = World(situation, sources_of(situation))
    judge = _Judge(body, world, claims)
    found: list[Sentence] = []
    for start, end, told in _pieces(body, disclosure_of(situation)):
        words = body[start:end]
        blank = Sentence(words, start, end, "notice")
        found.append(blank if told else judge.judge(blank))
    return tuple(_settled(found, situation))


def _pieces(body: str, disclosure: str) -> Iterator[tuple[int, int, bool]]:
    """The sentences; the disclosure is one of its own."""
    at = body.find(disclosure) if disclosure else -1
    if at < 0:
        yield from ((start, end, False) for start, end in sentences(body))
        return
    after = at + len(disclosure)
    yield from ((start, end, False) for start, end in sentences(body[:at]))
    yield at, after, True
    for start, end in sentences(body[after:]):
        yield start + after, end + after, False


class _Judge:
    """Finds what one sentence rests on."""

    def __init__(self, body: str, world: World, claims: Sequence[Claim]) -> None:
        self.world, self.claims = world, claims
        self.reply = word_keys(body, world.language)

    def judge(self, blank: Sentence) -> Sentence:
        """The sentence with its kind; a bare yes or no is settled later."""
        words, language = blank.words, self.world.language
        field = self.world.questions.get(bare(words))
        if field is not None:
            return replace(blank, kind="question", source=f"question.{field}")
        verbatim = self._verbatim(words)
        if verbatim is not None:
            return _proven(blank, verbatim)
        agreed = talk.agreement(read(words, language))
        if agreed:
            return replace(blank, kind=agreed)
        if talk.is_built_in(words, language):
            return replace(blank, kind=self._plain_kind(words))
        return self._filled(blank) or self._parted(blank)

    def _verbatim(self, words: str) -> Sentence | None:
        """A sentence that a source has word for word, in whatever language."""
        mine = bare(talk.without_note(words, self.world.language))
        for source in self.world.sources:
            if source.name in _NAMES:
                continue  # a name alone closes a mail
            for line in source.lines:
                said = line.reading
                if mine == bare(said.raw) and len(said.terms) + len(said.items) > 1:
                    right = cited(words, self.claims, (source,))
                    quote = right.get(source.name, said.raw)
                    return Sentence(words, 0, 0, "sourced", *_named(source), quote)
        return None

    def _plain_kind(self, words: str) -> str:
        read_in = read(words, self.world.language)
        if states_ai(words) or book_of(self.world.language).has("stops", read_in.text):
            return "notice"
        return "question" if _asks(words) else "small_talk"

    def _filled(self, blank: Sentence) -> Sentence | None:
        """A sentence of the built-in model's whose slots hold known words."""
        for slots in talk.slots_of(blank.words, self.world.language):
            result: Sentence | None = replace(blank, kind=self._plain_kind(blank.words))
            for slot in slots:
                result = result and self._with_slot(result, slot)
            if result is not None:
                return result
        return None

    def _with_slot(self, sentence: Sentence, slot: str) -> Sentence | None:
        reading = read(
            talk.without_note(slot, self.world.language), self.world.language
        )
        if self._is_names(reading):
            return sentence
        if talk.repeats(reading, self.world):
            return replace(sentence, kind="lead")
        borne = self._borne_out(_pieces_of(reading), reading, sentence.words)
        return _proven(sentence, borne) if borne else None

    def _is_names(self, reading: Reading) -> bool:
        names = self.world.names | self.world.called
        return all(not t.keys.isdisjoint(names) for t in reading.terms) and not (
            reading.items
        )

    def _parted(self, blank: Sentence) -> Sentence:
        """A sentence judged by its parts: all must be accounted for."""
        language = self.world.language
        whole = read(talk.without_note(blank.words, language), language)
        kinds: list[str] = []
        rest: list[Reading] = []
        pieces = _pieces_of(whole)
        for number, part in enumerate(pieces):
            last = number == len(pieces) - 1
            kind = self._kind(part, whole, _asks(blank.words), last=last)
            kinds.append(kind)
            if not kind:
                rest.append(part)
        if not rest and _LINK in kinds:
            return replace(blank, kind="held")  # "we have it available": of what?
        if rest:
            borne = self._borne_out(rest, whole, blank.words)
            return _proven(blank, borne) if borne else replace(blank, kind="held")
        return replace(blank, kind=_strongest(kinds))

    def _kind(self, part: Reading, whole: Reading, asks: bool, *, last: bool) -> str:
        """What a part is if it needs no source, else ""."""
        agreed = talk.agreement(part)
        if agreed:
            return agreed
        if asks and talk.is_question(part, self.world, last=last):
            return "question"
        if talk.is_notice(part, self.world):
            return "notice"
        if talk.is_small_talk(part, self.world):
            return "small_talk"
        if talk.is_echo(part, whole, self.world):
            return "lead"
        return talk.linking(part)

    def _borne_out(
        self, rest: Sequence[Reading], whole: Reading, words: str
    ) -> Sentence | None:
        """The source of all that is left of a sentence, None when there is none.

        Parts may rest on the profile and on one passage: words of two passages never
        bear one sentence out together.
        """
        right = cited(words, self.claims, self.world.sources)
        context = Context(whole, self.world.names, self.reply)
        own = [one for one in self.world.sources if one.passage is None]
        passages = [one for one in self.world.sources if one.passage is not None]
        passages = not_of_others(whole, passages)
        own.sort(key=lambda one: one.name not in right)
        passages.sort(key=lambda one: one.name not in right)
        for tried in (own, *([one, *own] for one in passages)):
            found = [_first(part, tried, context) for part in rest]
            known = [one for one in found if one is not None]
            if len(known) == len(found):
                source, quote = _main(known)
                quote = right.get(source.name, "") or quote
                return Sentence(words, 0, 0, "sourced", *_named(source), quote)
        return None


def _pieces_of(whole: Reading) -> tuple[Reading, ...]:
    """A sentence's parts; each figure by itself where there is nothing but figures."""
    return parts(whole.raw, whole.language) if whole.terms else clauses_of(whole)


def _first(
    part: Reading, tried: Sequence[Source], context: Context
) -> tuple[Source, str] | None:
    for source in tried:
        quote = support(part, source, context)
        if quote:
            return source, quote
    return None


def _main(found: Sequence[tuple[Source, str]]) -> tuple[Source, str]:
    """The passage a sentence rests on, else the field of its first part."""
    return next((one for one in found if one[0].passage is not None), found[0])


def _named(source: Source) -> tuple[str, str]:
    return source.name, source.title


def _proven(sentence: Sentence, borne: Sentence) -> Sentence:
    return replace(borne, words=sentence.words, start=sentence.start, end=sentence.end)


def _asks(words: str) -> bool:
    return words.rstrip(" \"'\u201d\u2019)").endswith("?")


def _strongest(kinds: Sequence[str]) -> str:
    """What a sentence is whose parts are of these kinds."""
    for kind in ("notice", "yes", "no", "lead", "question", "small_talk"):
        if kind in kinds:
            return kind
    return "sure" if kinds else "small_talk"


def _settled(found: Sequence[Sentence], situation: Situation) -> Iterator[Sentence]:
    """Yes and no stand only before what bears them out; so does "it"."""
    asked = "?" in situation.message or not _ASKED.isdisjoint(situation.topics)
    last = ""
    for place, one in enumerate(found):
        if one.kind in _BEARS_OUT:
            after = found[place + 1].kind if place + 1 < len(found) else ""
            held = asked and after not in _BEARS_OUT[one.kind]
            yield replace(one, kind="held" if held else "small_talk")
            continue
        if one.kind == "sourced" and one.source.startswith("offer."):
            if last and last != one.source and _points_back(one, situation):
                yield Sentence(one.words, one.start, one.end, "held")
                continue
            last = one.source
        yield one


def _points_back(one: Sentence, situation: Situation) -> bool:
    """Whether a sentence begins with "it", which is what the one before spoke of."""
    text = read(one.words, situation.language).text
    return book_of(situation.language).pattern("points_back").match(text) is not None


def without(body: str, words: str) -> str:
    """`body` without the sentences that hold `words`, "" when nothing is left.

    Paragraphs that are emptied go as well; a greeting or closing alone is nothing.
    """
    cut = [
        (start, end)
        for start, end in sentences(body)
        if words and _holds(body[start:end], words)
    ]
    if not cut:
        return body
    kept, last = "", 0
    for start, end in cut:
        kept += body[last:start]
        last = end
    return _tidied(kept + body[last:])


def _holds(sentence: str, words: str) -> bool:
    mine, looked_for = bare(sentence), bare(words)
    return bool(looked_for) and (looked_for in mine or mine in looked_for)


def _tidied(text: str) -> str:
    blocks = [
        "\n".join(" ".join(line.split()) for line in block.splitlines() if line.strip())
        for block in text.split("\n\n")
    ]
    kept = "\n\n".join(block for block in blocks if block.strip())
    return kept if any(sign.isalnum() for sign in kept) else ""
