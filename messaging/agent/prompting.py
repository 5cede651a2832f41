"""What a language model is told of one turn: the published prompt, and the lead's
words and the company's knowledge fenced as data.

Built from the `Situation` alone, so nothing of another lead, no staff note and no
address can be in it. The fence is new for every call: nobody can close it.
"""

import hashlib
import hmac
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from messaging.agent.masking import mask
from messaging.agent.model import CALL_TIME, Goal, Passage, Plan, Situation
from messaging.agent.passages import words_of

PROMPTS = Path(__file__).parent / "data" / "prompts"
CURRENT = "reply-2"
LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
    "zh": "Chinese",
    "ar": "Arabic",
}
_PROFILE = ("name", "sells", "hours", "phone", "email", "website", "postal_address")
_MORE = ("booking_url", "assistant_name")
_CALL_TIME = "When would a call suit you?"
_FOLLOW_UP = (
    "The person has not written since the last message. Come back to the conversation"
    " in one or two short sentences, as BRIEF says, with something that was not said"
    " before. Do not reproach them for not answering."
)
_BRIEF = "BRIEF of a colleague for this message"
_SENTENCE = re.compile(r"(?<=[.!?:])\s+")
_LONGEST = 4_000  # characters of one piece of a lead's words
_ARTICLE = 9_000  # characters of one passage, a whole article nearly always
_HISTORY, _EARLIER = 12, 300  # earlier messages, characters of each


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt. `sources` are the only names that an answer may lean on; `cites`:
    it asks for claims with their quotes, not for the bare names of sources.
    """

    instructions: str
    input: str
    sources: tuple[str, ...]
    version: str
    cites: bool = True


@lru_cache(maxsize=8)
def published(version: str = CURRENT) -> Mapping[str, Any]:
    """A prompt file: its instructions, a line for each goal, and in `answers` what
    an answer holds beside the reply: "claims", or where nothing is said "sources".
    """
    return tomllib.loads((PROMPTS / f"{version}.toml").read_text("utf-8"))


def canary_of(version: str = CURRENT) -> str:
    """Words that stand in the instructions of this installation and nowhere else."""
    key = str(settings.SECRET_KEY).encode()
    return "LQ" + hmac.new(key, version.encode(), hashlib.sha256).hexdigest()[:14]


@lru_cache(maxsize=8)
def _sentences(version: str) -> tuple[str, ...]:
    text = " ".join(str(published(version)["instructions"]).split())
    return tuple(s for s in _SENTENCE.split(text) if len(s) >= 40)


def canaries(version: str = CURRENT) -> tuple[str, ...]:
    """What a reply must not hold: the canary, and any sentence of the prompt. For a
    version without a file they are those of the current one.
    """
    known = version if (PROMPTS / f"{version}.toml").is_file() else CURRENT
    return (canary_of(known), *_sentences(known))


def build_prompt(situation: Situation, plan: Plan, *, version: str = CURRENT) -> Prompt:
    """Return what a model is told for this turn by the prompt of that version."""
    file = published(version)
    text = str(file["instructions"]).replace("{canary}", canary_of(version)).strip()
    # Prompts that ask for no quotes are older than the knowledge and know nothing
    # of it.
    cites = file.get("answers") == "claims"
    known = situation.knowledge if cites else ()
    sources = _sources(situation, plan, known)
    key = secrets.token_hex(8)
    lines = [*_brief(situation, plan, file, sources, key), *_known(known, key)]
    lines += _told(situation, plan, key)
    lines.append("Write the message that AIM asks for, as one JSON object.")
    return Prompt(text, "\n".join(lines), sources, version, cites)


def _brief(
    at: Situation,
    plan: Plan,
    file: Mapping[str, Any],
    sources: tuple[str, ...],
    key: str,
) -> Iterator[str]:
    yield f"KEY {key}"
    yield f"AIM {_aim(plan, file)}"
    question = _question(at, plan)
    if question:
        yield f"QUESTION {question}"
    yield f"LANGUAGE {LANGUAGES.get(at.language, at.language)}"
    yield f"TONE {at.company.tone or 'friendly'}"
    yield f"LENGTH {at.max_chars or 1000} characters, in a {_CHANNELS.get(at.channel, 'message')}"
    yield f"NOW {at.local_now:%A %d %B %Y, %H:%M}, where the person is"
    if at.instruction:
        follows = plan.goal is Goal.FOLLOW_UP
        whose = _BRIEF if follows else "WISH of a colleague who read the last draft"
        yield f"{whose}: {mask(' '.join(at.instruction.split()))}"
    yield "COMPANY"
    yield from (f"- {name}: {value}" for name, value in _company(at))
    yield f"SOURCES {', '.join(sources)}"


def _aim(plan: Plan, file: Mapping[str, Any]) -> str:
    """What the message is for; prompts that were published before there were
    follow-ups have no line of their own for them.
    """
    aims = {str(Goal.FOLLOW_UP): _FOLLOW_UP, **file["goals"]}
    return str(aims[str(plan.goal)])


_CHANNELS = {"sms": "text message", "email": "mail"}


def _question(at: Situation, plan: Plan) -> str:
    if plan.ask == CALL_TIME:
        return _CALL_TIME
    return next((m.wording for m in at.missing if m.field == plan.ask), "")


def _company(at: Situation) -> Iterator[tuple[str, str]]:
    for name in (*_PROFILE, *_MORE):
        value = " ".join(str(getattr(at.company, name)).split())
        if value:
            yield f"profile.{name}", value


def _sources(at: Situation, plan: Plan, known: Sequence[Passage]) -> tuple[str, ...]:
    names = ["message", *(name for name, _ in _company(at))]
    names += [f"fact.{field}" for field in at.facts]
    names += [passage.source for passage in known]
    if plan.ask:
        names.append(f"question.{plan.ask}")
    return tuple(dict.fromkeys(names))


def _known(known: Sequence[Passage], key: str) -> Iterator[str]:
    """What the company has published. Fenced too: pages and files were imported."""
    if known:
        yield "KNOWLEDGE"
    for passage in known:
        words = words_of(passage).replace(key, "")
        yield from _between(passage.source, _cut(words, _ARTICLE), key)


def _told(at: Situation, plan: Plan, key: str) -> Iterator[str]:
    """All that comes from the lead, each piece between marks with the key."""
    known = [f"name: {at.lead_name}"] if at.lead_name else []
    known += [f"{field}: {value}" for field, value in at.facts.items()]
    known += [f"time named: {when.text}" for when in at.when]
    if known:
        yield from _fenced("What is known of the person", "\n".join(known), key)
    earlier = [
        f"{'person' if said.author == 'lead' else 'company'}: {said.text[:_EARLIER]}"
        for said in at.history[-_HISTORY:]
    ]
    if earlier:
        yield from _fenced("Earlier messages, oldest first", "\n".join(earlier), key)
    if at.message or plan.goal is not Goal.FOLLOW_UP:
        yield from _fenced("The person's newest message", at.message, key)


def _fenced(title: str, text: str, key: str) -> Iterator[str]:
    # The key is new and unknown to everybody; taken out all the same.
    words = mask(text).replace(key, "")
    yield from _between(title, _cut(words, _LONGEST), key)


def _between(title: str, words: str, key: str) -> Iterator[str]:
    yield f"{title}:"
    yield f"begin {key}"
    yield words
    yield f"end {key}"


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[:longest] + " [cut]"
