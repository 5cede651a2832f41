"""The lead beside the thread: score with reasons, facts, consent, next step."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from leads import consent, qualification, scoring
from leads.models import Fact, Lead, Question, Suppression, Task
from leads.models.querysets import HOT, WARM
from leads.web import staff_required
from messaging import live, words
from messaging.conversations import addresses
from messaging.forms import FactForm
from messaging.models import Conversation
from messaging.spending import ai_cost
from messaging.views import correcting
from messaging.views.answers import (
    NEEDED,
    Act,
    Said,
    action,
    conversation_or_404,
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
    context = {**panel_context(row), **may(request)}
    return render(request, "messaging/_lead_panel.html", context)


def may(request: HttpRequest) -> dict[str, bool]:
    """Return what the person's role may do in a conversation, for templates."""
    return {
        "may_act": request.user.has_perm(NEEDED),
        "may_correct": correcting.may_correct(request),
    }


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
        "ai_cost": ai_cost(lead),
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


@action(FactForm, needed=correcting.NEEDED)
def set_fact(act: Act, conversation: Conversation, field: str) -> Said:
    """Enter a person's own value: locked, so that no machine changes it."""
    toast = correcting.set_fact(act, _lead(conversation), field)
    return _corrected(conversation, toast)


@action(needed=correcting.NEEDED)
def strike_fact(act: Act, conversation: Conversation, fact: UUID) -> Said:
    """Mark a fact *Not true*; the score moves at once."""
    toast = correcting.strike_fact(act, _lead(conversation), fact)
    undo = reverse("inbox_fact_restore", args=[conversation.public_id, fact])
    return _corrected(conversation, toast, undo=undo)


@action(needed=correcting.NEEDED)
def restore_fact(act: Act, conversation: Conversation, fact: UUID) -> Said:
    """Undo *Not true*."""
    toast = correcting.restore_fact(act, _lead(conversation), fact)
    return _corrected(conversation, toast)


@action(needed=correcting.NEEDED)
def strike_line(act: Act, conversation: Conversation, line: UUID) -> Said:
    """Mark a reason of the score *Not true*."""
    toast = correcting.strike_line(act, _lead(conversation), line)
    undo = reverse("inbox_line_restore", args=[conversation.public_id, line])
    return _corrected(conversation, toast, undo=undo)


@action(needed=correcting.NEEDED)
def restore_line(act: Act, conversation: Conversation, line: UUID) -> Said:
    """Undo *Not true* of a reason."""
    toast = correcting.restore_line(act, _lead(conversation), line)
    return _corrected(conversation, toast)


def _corrected(conversation: Conversation, toast: str, *, undo: str = "") -> Said:
    """Answer how the score moved, and let colleagues' pages show it too."""
    live.ring(conversation=conversation, what="score")
    return {"toast": toast, "undo": undo}


def _lead(conversation: Conversation) -> Lead:
    if conversation.lead is None:
        raise Http404("This conversation has no lead yet.")
    return conversation.lead
