"""The lead beside the thread: score with reasons, facts, consent, next step."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from leads import consent, qualification, scoring
from leads.models import Fact, Lead, Question, ScoreLine, Suppression, Task
from leads.models.querysets import HOT, WARM
from leads.web import staff_required
from messaging import live, words
from messaging.conversations import addresses
from messaging.forms import FactForm, first_error
from messaging.models import Conversation
from messaging.views.answers import (
    NEEDED,
    action,
    conversation_or_404,
    done,
    refused,
    thread_url,
)


@dataclass(frozen=True)
class Known:
    """One line of *What we know*: a fact, or a question not asked yet."""

    field: str
    label: str
    fact: Fact | None


@dataclass(frozen=True)
class Permit:
    """Whether we may write on one channel, in words."""

    kind: str
    words: str
    ok: bool


@staff_required
def panel(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Return the panel of a conversation's lead."""
    row = conversation_or_404(request, conversation)
    context = {**panel_context(row), "may_act": request.user.has_perm(NEEDED)}
    return render(request, "messaging/_lead_panel.html", context)


def panel_context(conversation: Conversation) -> dict[str, Any]:
    """Return what the panel shows; without a lead only the conversation."""
    lead = conversation.lead
    if lead is None:
        return {"conversation": conversation, "lead": None}
    view = scoring.score_view(lead)
    ups, downs = scoring.top_reasons(view)
    return {
        "conversation": conversation,
        "lead": lead,
        "name": lead.display_name,
        "score": view.value,
        "score_word": temperature(view.value),
        "ups": ups,
        "downs": downs,
        "known": known_lines(lead),
        "permits": permits(conversation),
        "points": lead.contacts.select_related("contact_point").order_by(
            "-primary", "pk"
        ),
        "task": next_task(lead),
        "ai_cost": words.money(ai_cost(conversation)),
        "lead_url": page_url("lead_page", lead.public_id),
    }


def page_url(name: str, *args: Any) -> str:
    """Return the address of a page that another part may bring, or ""."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def temperature(score: int) -> str:
    """Return the word beside a score."""
    return "Hot" if score >= HOT else "Warm" if score >= WARM else "Cool"


def ai_cost(conversation: Conversation) -> int:
    """Return what the AI's turns cost in millionths, as far as it is known."""
    usages = conversation.turns.values_list("usage", flat=True)
    return sum(usage.get("micro") or 0 for usage in usages if usage)


def known_lines(lead: Lead) -> list[Known]:
    """Return the questions in order with their answers, then other facts."""
    facts = qualification.known(lead)
    asked = Question.objects.filter(question_set__active=True)
    rows = asked.order_by("question_set__position", "position")
    labels = dict(rows.values_list("field", "label"))
    lines = [Known(field, label, facts.get(field)) for field, label in labels.items()]
    others = [fact for field, fact in facts.items() if field not in labels]
    return lines + [
        Known(f.field, f.field.replace("_", " ").capitalize(), f) for f in others
    ]


def permits(conversation: Conversation) -> list[Permit]:
    """Return whether we may write, by channel that the lead has."""
    found = []
    for kind, label in (("sms", "Text"), ("email", "Email")):
        points = addresses(conversation, kind)
        if not points:
            continue
        stops = [consent.is_suppressed(point, kind) for point in points]
        if all(stops):
            found.append(Permit(kind, f"{label}: {_stopped(stops[0])}", False))
            continue
        rows = [consent.has_consent(point, kind) for point in points]
        given = next((row for row in rows if row is not None), None)
        said = "none on record"
        if given is not None:
            said = f"{given.get_basis_display()}, {words.time_of(given.occurred_at)}"
        found.append(Permit(kind, f"{label}: {said}", given is not None))
    return found


def _stopped(stop: Suppression | None) -> str:
    return f"opted out {words.time_of(stop.since)}" if stop else ""


def next_task(lead: Lead) -> Task | None:
    """Return the most urgent thing that a person has to do."""
    return Task.objects.open().filter(lead=lead).first()


# --- a person corrects -------------------------------------------------------


@action
def set_fact(
    request: HttpRequest, conversation: Conversation, field: str
) -> HttpResponse:
    """Enter a person's own value: locked, so that no machine changes it."""
    lead, back = _lead(conversation), thread_url(conversation)
    form = FactForm(request.POST)
    if not form.is_valid():
        return refused(request, first_error(form), back=back, status=422)
    before = lead.score
    value = form.cleaned_data["value"]
    qualification.set_fact(lead=lead, field=field, value=value, user=_user(request))
    return _corrected(request, conversation, f"Yours now. {_moved(lead, before)}")


@action
def strike_fact(
    request: HttpRequest, conversation: Conversation, fact: UUID
) -> HttpResponse:
    """Mark a fact *Not true*; the score moves at once."""
    lead = _lead(conversation)
    before = lead.score
    row = _fact(lead, fact)
    qualification.strike_fact(fact=row, user=_user(request))
    undo = reverse("inbox_fact_restore", args=[conversation.public_id, fact])
    toast = f"Not true. {_moved(lead, before)}"
    return _corrected(request, conversation, toast, undo=undo)


@action
def restore_fact(
    request: HttpRequest, conversation: Conversation, fact: UUID
) -> HttpResponse:
    """Undo *Not true*."""
    lead = _lead(conversation)
    before = lead.score
    qualification.restore_fact(fact=_fact(lead, fact), user=_user(request))
    return _corrected(request, conversation, f"True again. {_moved(lead, before)}")


@action
def strike_line(
    request: HttpRequest, conversation: Conversation, line: UUID
) -> HttpResponse:
    """Mark a reason of the score *Not true*."""
    lead = _lead(conversation)
    before = lead.score
    scoring.strike_line(line=_line(lead, line), user=_user(request))
    undo = reverse("inbox_line_restore", args=[conversation.public_id, line])
    toast = f"Not true. {_moved(lead, before)}"
    return _corrected(request, conversation, toast, undo=undo)


@action
def restore_line(
    request: HttpRequest, conversation: Conversation, line: UUID
) -> HttpResponse:
    """Undo *Not true* of a reason."""
    lead = _lead(conversation)
    before = lead.score
    scoring.restore_line(line=_line(lead, line), user=_user(request))
    return _corrected(request, conversation, f"True again. {_moved(lead, before)}")


def _corrected(
    request: HttpRequest, conversation: Conversation, toast: str, *, undo: str = ""
) -> HttpResponse:
    """Answer how the score moved, and let colleagues' pages show it too."""
    live.ring(conversation=conversation, what="score")
    return done(request, back=thread_url(conversation), toast=toast, undo=undo)


def _user(request: HttpRequest) -> Any:
    return request.user


def _lead(conversation: Conversation) -> Lead:
    if conversation.lead is None:
        raise Http404("This conversation has no lead yet.")
    return conversation.lead


def _fact(lead: Lead, public_id: UUID) -> Fact:
    row = Fact.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such fact.")
    return row


def _line(lead: Lead, public_id: UUID) -> ScoreLine:
    row = ScoreLine.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such reason.")
    return row


def _moved(lead: Lead, before: int) -> str:
    """Return how the score moved: "Score 72 → 47 (−25)"."""
    lead.refresh_from_db(fields=["score"])
    if lead.score == before:
        return f"The score stays {before}"
    sign = "+" if lead.score > before else "−"
    return f"Score {before} → {lead.score} ({sign}{abs(lead.score - before)})"
