"""A person takes held words out of a draft, and puts them back.

What is left is checked again as if the AI had written it so: the findings and the
reason shrink, and the draft counts as edited once it leaves.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from leads import policy
from leads.models import Task
from messaging import drafts, vetting
from messaging.agent.claims import without
from messaging.agent.model import Claim, Passage, Situation
from messaging.conversations import refresh
from messaging.evaluating.rebuilding import NotRebuilt, rebuild
from messaging.held import REMOVED, ask_key, held_of, in_words
from messaging.knowledge.searching import passage_of
from messaging.models import Channel, KnowledgeEntry, Message, Turn
from messaging.queueing import Refused
from messaging.segments import count_segments

NOTHING_HELD = "What was held was taken out; you send"
Rows = list[dict[str, Any]]


def remove_words(*, draft: Message, user: User, words: str) -> Message:
    """Cut the sentences that hold `words` out of a draft, and check what is left.

    Raises StaleDraft when the talk moved on, Refused when the words are not held or
    nothing would be left. Not inside a transaction: an embedding may be asked for.
    """
    seen = Message.objects.select_related("turn", "conversation").get(pk=draft.pk)
    if stale := drafts.why_stale(seen):
        raise drafts.StaleDraft(stale)
    body = _cut(seen, words)
    return _keep_cut(seen, user, words, body, findings_left(seen, body))


def _cut(message: Message, words: str) -> str:
    """What is left of a draft without `words`. Raises Refused."""
    findings = message.details.get("findings", [])
    if words not in [one.words for one in held_of(findings) if one.words]:
        raise Refused("These words are not held")
    body = without(message.body, words).strip()
    if body == message.body.strip():
        raise Refused("These words are not in the draft any more")
    if not body:
        raise Refused("Nothing would be left: discard it, or write your own words")
    return body


@transaction.atomic
def _keep_cut(seen: Message, user: User, words: str, body: str, left: Rows) -> Message:
    message, conversation = drafts.lock_draft(seen)
    if (message.body, message.details) != (seen.body, seen.details):
        raise drafts.StaleDraft("Somebody changed this draft meanwhile")
    before = {
        "words": words,
        "body": message.body,
        "findings": list(message.details.get("findings", [])),
        "reason": message.reason,
    }
    reason = in_words(held_of(left)) or NOTHING_HELD
    removed = [*message.details.get(REMOVED, []), before]
    details = {**message.details, "findings": left, REMOVED: removed}
    _rewrite(message, body, reason, details)
    drafts.tell(message, "draft.words_removed", user)
    refresh(conversation, ring="draft")
    return message


@transaction.atomic
def put_back(*, draft: Message, user: User) -> Message:
    """Undo the last cut of a draft. Raises StaleDraft, or Refused without a cut."""
    message, conversation = drafts.lock_draft(draft)
    removed = list(message.details.get(REMOVED, []))
    if not removed:
        raise Refused("Nothing was taken out")
    before = removed.pop()
    details = {**message.details, "findings": before["findings"], REMOVED: removed}
    if not removed:
        del details[REMOVED]
    _rewrite(message, before["body"], before["reason"], details)
    drafts.tell(message, "draft.words_put_back", user)
    refresh(conversation, ring="draft")
    return message


def _rewrite(message: Message, body: str, reason: str, details: dict[str, Any]) -> None:
    proposed = message.proposed_body or message.body
    message.proposed_body = proposed if REMOVED in details else ""
    message.body, message.reason, message.details = body, reason[:300], details
    if message.kind == Channel.Kind.SMS:
        message.segments = count_segments(body).segments
    fields = ["body", "proposed_body", "reason", "details", "segments"]
    message.save(update_fields=fields)
    asked = Task.objects.open().filter(subject=message.public_id, kind=Task.Kind.DRAFT)
    asked.exclude(effect_key=ask_key(message)).update(title=reason[:200], reason=reason)


# --- checking what is left ---------------------------------------------------


def findings_left(draft: Message, body: str) -> Rows:
    """Return what is held in `body`, by the same checks that the answer went through.

    A draft of no turn, or of a lead's words that are gone, keeps the findings whose
    words still stand in it.
    """
    turn = draft.turn
    situation = _situation_of(turn) if turn is not None else None
    if turn is None or situation is None:
        rows = draft.details.get("findings", [])
        return [row for row in rows if row.get("words") and row["words"] in body]
    checked = vetting.check(
        body,
        situation=situation,
        claims=claims_kept(turn),
        inbound=turn.last_inbound,
        author=draft.author,
        max_segments=policy.lately().max_segments,
        prompt_version=turn.prompt_version,
        subject=draft.subject,
    )
    return list(checked.findings)


def claims_kept(turn: Turn) -> tuple[Claim, ...]:
    """Return what the model said its sentences rest on, as the turn keeps it."""
    return tuple(
        Claim(*(str(row.get(name, "")) for name in ("words", "source", "quote")))
        for row in turn.claims
        if row.get("source")
    )


def _situation_of(turn: Turn) -> Situation | None:
    """What the machine knew when it answered, with what it cited as that is published
    now; None where the lead's words are gone.
    """
    try:
        situation = rebuild(turn).situation
    except NotRebuilt:
        return None
    there = {passage.source for passage in situation.knowledge}
    cited = [one.source for one in claims_kept(turn) if one.source not in there]
    more = _passages(dict.fromkeys(cited))
    return replace(situation, knowledge=(*situation.knowledge, *more))


def _passages(sources: Iterable[str]) -> tuple[Passage, ...]:
    """The published words behind sources such as "article.7" and "offer.3"."""
    named: dict[str, list[int]] = {"article": [], "offer": []}
    for source in sources:
        kind, _, key = source.partition(".")
        if kind in named and key.isdigit():
            named[kind].append(int(key))
    wanted = Q(article__in=named["article"]) | Q(offer__in=named["offer"])
    titles = KnowledgeEntry.objects.filter(wanted, part=KnowledgeEntry.Part.TITLE)
    rows = titles.select_related("article__published", "offer")
    found = (passage_of(row, sure=0.0) for row in rows)
    return tuple(passage for passage in found if passage is not None)
