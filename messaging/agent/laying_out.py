"""A reply's parts, laid out for a text or a mail, and fitted to its length."""

from dataclasses import replace

from messaging.agent.citing import Part
from messaging.agent.disclosure import with_disclosure
from messaging.agent.guard import allowed_for, inspect
from messaging.agent.guarding.form import segments_of
from messaging.agent.model import Claim, Situation
from messaging.agent.voice import Voice, clean

_GSM_PART = 153
# Signs that would make a text twice as dear, and their plain twins.
_PLAIN = str.maketrans("\u2018\u2019\u2013\u2014\u201c\u201d\u00a0\u202f", "''--\"\"  ")


class Layout:
    """Lays parts out for one situation."""

    def __init__(self, situation: Situation, voice: Voice, tone: str) -> None:
        self._at, self._voice, self._tone = situation, voice, tone
        self._mail = situation.channel == "email"

    def fitted(self, parts: list[Part], *, judged: bool) -> list[Part]:
        """The parts, the lightest left out until the reply is short enough; `judged`
        leaves out what the guard would refuse, too.
        """
        if judged:
            parts = self._unobjected(parts)
        while len(parts) > 1 and not self._fits(parts):
            lightest = min(part.weight for part in parts)
            last = max(i for i, part in enumerate(parts) if part.weight == lightest)
            del parts[last]
        return parts

    def _unobjected(self, parts: list[Part]) -> list[Part]:
        """Without what the guard refuses: the lead's words first, then any other.

        Published words stay: a person has to see why they may not leave.
        """
        allowed = allowed_for(self._at)
        for mine in (False, True):
            body = with_disclosure(self.laid_out(parts), situation=self._at)
            kinds = {one.kind for one in inspect(body, allowed=allowed)}
            if not kinds - {"length"}:
                return parts
            kept = [
                part
                for part in parts
                if part.is_published
                or (
                    not inspect(part.text, allowed=allowed)
                    if mine
                    else not any(one.source == "message" for one in part.claims)
                )
            ]
            # Nothing at all is no reply: a person sees what was refused.
            parts = kept or parts
        return parts

    def _fits(self, parts: list[Part]) -> bool:
        """Short enough with its disclosure; accents take room in a text."""
        body = with_disclosure(self.laid_out(parts), situation=self._at)
        limit = self._at.max_chars
        if not limit or (body.isascii() and len(body) <= limit):
            return True
        if self._mail or len(body) > limit:
            return len(body) <= limit
        return segments_of(body) <= max(1, limit // _GSM_PART)

    def laid_out(self, parts: list[Part]) -> str:
        """One line for a text; paragraphs and a closing for a mail."""
        texts = [part.text for part in parts]
        if not self._mail:
            return self._as_said(" ".join(texts))
        greeting = [text for text in texts[:1] if text.endswith(",")]
        rest = texts[len(greeting) :]
        body, question = rest[:-1], rest[-1:]
        blocks = [*greeting, " ".join(body), *question, self._signoff()]
        return "\n\n".join(clean(block) for block in blocks if block)

    def claims(self, parts: list[Part]) -> tuple[Claim, ...]:
        """What the parts rest on, in the words that the laid-out reply has."""
        return tuple(
            replace(claim, words=self._as_said(claim.words))
            for part in parts
            for claim in part.claims
        )

    def _as_said(self, text: str) -> str:
        return clean(text) if self._mail else clean(text).translate(_PLAIN)

    def _signoff(self) -> str:
        company = self._at.company
        names = [name for name in (company.assistant_name, company.name) if name]
        closing = self._voice.book.variants("signoff", self._tone)[0]
        return "\n".join([closing, *names])
