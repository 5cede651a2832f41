"""Whether the words of a turn may leave by themselves, and why not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from leads.models import Mode
from messaging.agent import guard
from messaging.agent.claims import Sentence, check_claims
from messaging.agent.model import Claim, Plan, Situation
from messaging.agent.prompting import canaries
from messaging.held import held_of, in_words
from messaging.models import Channel, Message
from messaging.ownmail import answered_subject
from messaging.wording import Wording

DRAFTS_HERE = "The AI drafts here; you send"


@dataclass(frozen=True, slots=True)
class Vetted:
    """A reply as it would leave. With a `reason` a person decides on it first;
    `details` are kept on the message, `claims` on the turn: what each sentence rests
    on, as {"words", "kind", "source", "title", "quote"}.
    """

    body: str
    subject: str
    reason: str
    details: dict[str, Any] = field(default_factory=dict)
    claims: tuple[dict[str, str], ...] = ()


def vet(
    worded: Wording,
    *,
    situation: Situation,
    plan: Plan,
    inbound: Message,
    mode: str,
    max_segments: int,
) -> Vetted:
    """Hold the words to the guard, the plan and the mode. Whoever wrote them."""
    body = guard.with_disclosure(worded.proposal.body, situation=situation)
    subject = _subject(inbound)
    checked = check(
        body,
        situation=situation,
        claims=worded.proposal.claims,
        inbound=inbound,
        author=worded.author,
        max_segments=max_segments,
        prompt_version=worded.proposal.prompt_version,
        subject=subject,
    )
    details: dict[str, Any] = {
        "findings": list(checked.findings),
        # The last words before a person goes on may still leave.
        "last_word": bool(plan.hand_off),
    }
    if worded.note:
        details["note"] = worded.note
    changing = _being_changed(checked.sentences, situation)
    held = in_words(held_of(checked.findings))
    whys = (worded.draft_reason, held or plan.draft_reason, changing)
    reason = "; ".join(why for why in whys if why)
    if not reason and mode == Mode.DRAFT:
        reason = DRAFTS_HERE
    claims = tuple(map(_claim, checked.sentences))
    return Vetted(body, subject, reason, details, claims)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the guard and the claims check say of a reply: `findings` as a draft keeps
    them, {"kind", "words", "reason"}, and every sentence with what it rests on.
    """

    findings: tuple[dict[str, str], ...]
    sentences: tuple[Sentence, ...]


def check(
    body: str,
    *,
    situation: Situation,
    claims: Sequence[Claim],
    inbound: Message,
    author: str,
    max_segments: int,
    prompt_version: str,
    subject: str = "",
) -> Checked:
    """Hold words to the guard and to their sources, whoever wrote them."""
    texts = inbound.kind == Channel.Kind.SMS
    by_ai = author == Message.Author.AI
    allowed = guard.allowed_for(
        situation,
        # The built-in model has no prompt that it could give away.
        canaries=_secrets_of(prompt_version) if by_ai else (),
        max_segments=max_segments if texts else 0,
    )
    if inbound.subject:  # the lead's own words as well
        allowed = replace(allowed, said=(*allowed.said, inbound.subject))
    sentences = check_claims(body, claims=claims, situation=situation)
    findings = (
        *guard.inspect(body, allowed=allowed, subject=subject),
        *_without_source(sentences),
    )
    return Checked(tuple(map(_finding, findings)), sentences)


def _secrets_of(version: str) -> tuple[str, ...]:
    """What no reply may hold: words of the prompt that was used, and of the current."""
    return tuple(dict.fromkeys((*canaries(version), *canaries())))


def _without_source(found: Sequence[Sentence]) -> Iterator[guard.Finding]:
    """A finding for each sentence that rests on nothing."""
    for one in found:
        if one.kind == "held":
            short = one.words if len(one.words) <= 60 else one.words[:57] + "..."
            yield guard.Finding("claim", one.words, f"'{short}' has no source")


def _being_changed(found: Sequence[Sentence], situation: Situation) -> str:
    """Why words of an article that somebody is writing on wait, "" when none is."""
    leaned_on = {one.source for one in found if one.kind == "sourced"}
    titles = [
        f"“{one.title}” is being changed"
        for one in situation.knowledge
        if one.changing and one.source in leaned_on
    ]
    return "; ".join(titles)


def _claim(one: Sentence) -> dict[str, str]:
    return {
        "words": one.words,
        "kind": one.kind,
        "source": one.source,
        "title": one.title,
        "quote": one.quote,
    }


def _finding(found: guard.Finding) -> dict[str, str]:
    return {"kind": found.kind, "words": found.words, "reason": found.reason}


def _subject(inbound: Message) -> str:
    mail = inbound.kind == Channel.Kind.EMAIL
    return answered_subject(inbound.subject) if mail else ""
