"""Cases: answers that a person flagged, and those that come with the product."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leads import clock
from messaging.agent.model import Goal
from messaging.evaluating import product
from messaging.evaluating.freezing import freeze_with, redaction_of
from messaging.evaluating.rebuilding import NotRebuilt, personal_of, rebuild
from messaging.models import EvaluationCase, Message

Kind = EvaluationCase.Kind
WRITERS = (Message.Author.AI, Message.Author.BUILTIN)
_TITLE, _WHY = 160, 300
NOT_AGAIN = "not_again"
"""The expectation of a flagged case: the same words are wrong again."""


class NotFlaggable(ValueError):
    """A message that cannot become a case; the words say why."""


def flag(*, message: Message, user: User, why: str) -> EvaluationCase:
    """Freeze the situation that an answer was written in, without the lead's name and
    addresses, and keep it as a case that fails as long as the same is answered.

    An answer that was flagged before keeps its case, with the newer words. Raises
    NotFlaggable for what no model wrote.
    """
    turn = message.turn
    if turn is None or message.author not in WRITERS:
        raise NotFlaggable("Only what the AI wrote can be flagged")
    lead = turn.conversation.lead
    if lead is None:
        raise NotFlaggable("The talk belongs to no lead")
    try:
        rebuilt = rebuild(turn)
    except NotRebuilt as error:
        raise NotFlaggable(str(error)) from None
    redaction = redaction_of(rebuilt.situation, personal=personal_of(lead))
    frozen = freeze_with(redaction, rebuilt.situation, rebuilt.plan)
    frozen["gaps"] = list(rebuilt.gaps)
    said = redaction.words(" ".join(rebuilt.situation.message.split()))
    values = {
        "title": _cut(said, _TITLE) or "A message without words",
        "situation": frozen,
        "why": _cut(redaction.words(why.strip()), _WHY),
        "created_by": user.get_username()[:80],
        "created_at": clock.now(),
        "active": True,
    }
    body = redaction.words(message.body)
    with transaction.atomic():
        case, made = EvaluationCase.objects.get_or_create(
            kind=Kind.FLAGGED,
            turn=turn,
            flagged_body=body,
            defaults={**values, "expectations": {NOT_AGAIN: True}},
        )
        if not made:
            EvaluationCase.objects.filter(pk=case.pk).update(**values)
            case.refresh_from_db()
    return case


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def ensure_product_cases() -> int:
    """Keep the cases that come with the product; return how many are new or changed.

    A case whose line in the data file is as it was stays as people left it: switched
    off, or with other expectations. One whose line is gone is switched off.
    """
    lines = product.lines()
    rows = {case.key: case for case in EvaluationCase.objects.exclude(key="")}
    changed = [
        line for key, line in lines.items() if _made_from(rows.get(key)) != line.edition
    ]
    gone = [key for key, case in rows.items() if key not in lines and case.active]
    if not changed and not gone:
        return 0
    with transaction.atomic():
        EvaluationCase.objects.filter(key__in=gone).update(active=False)
        for line in changed:
            _keep(line, rows.get(line.key))
    return len(changed)


def _made_from(case: EvaluationCase | None) -> str:
    return str(case.situation.get("made_from", "")) if case else ""


def _keep(line: product.Line, row: EvaluationCase | None) -> None:
    case = row or EvaluationCase(key=line.key, created_by="the product")
    case.kind, case.title = line.kind, line.title[:_TITLE]
    case.situation = {**line.freeze(), "made_from": line.edition}
    case.expectations = dict(line.expect)
    case.why = line.why[:_WHY]
    case.save()


def active(kinds: Iterable[str] = ()) -> list[EvaluationCase]:
    """The cases that are replayed, flagged ones first; of `kinds` when some are named."""
    rows = EvaluationCase.objects.filter(active=True)
    wanted = tuple(kinds)
    if wanted:
        rows = rows.filter(kind__in=wanted)
    order = [Kind.FLAGGED, Kind.SCRIPTED, Kind.RED_TEAM]
    return sorted(rows, key=lambda case: (order.index(Kind(case.kind)), case.pk))


def change_expectations(
    *, case: EvaluationCase, expectations: Mapping[str, Any]
) -> None:
    """Say anew what a good answer to the case must and must not do.

    Raises ValueError for what no judge understands. Results so far count no more.
    """
    case.expectations = checked(expectations)
    case.save(update_fields=["expectations"])


def switch(*, case: EvaluationCase, active: bool) -> None:
    """Replay the case, or leave it out, from the next run on."""
    EvaluationCase.objects.filter(pk=case.pk).update(active=active)
    case.active = active


def checked(expectations: Mapping[str, Any]) -> dict[str, Any]:
    """The expectations without what is empty. Raises ValueError naming what is wrong."""
    forms: dict[str, Any] = {
        "leaves": bool,
        NOT_AGAIN: bool,
        "goal": list,
        "must": list,
        "must_not": list,
    }
    strange = set(expectations) - set(forms)
    if strange:
        raise ValueError(f"There is no expectation “{sorted(strange)[0]}”")
    for name, value in expectations.items():
        if value is not None and not isinstance(value, forms[name]):
            raise ValueError(f"“{name}” is not as expected")
    for goal in expectations.get("goal") or ():
        if goal not in list(Goal):
            raise ValueError(f"There is no goal “{goal}”")
    words = [*(expectations.get("must") or ()), *(expectations.get("must_not") or ())]
    if not all(isinstance(one, str) and one.strip("| ") for one in words):
        raise ValueError("Words to look for are not empty")
    kept = {name: v for name, v in expectations.items() if v not in (None, [], "")}
    return {name: v for name, v in kept.items() if not (name == NOT_AGAIN and not v)}
