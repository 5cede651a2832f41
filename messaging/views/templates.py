"""The picker of prepared answers in the composer."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, F, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leads.web import staff_required
from messaging import templating
from messaging.models import Conversation, Template
from messaging.views.answers import (
    Act,
    Declined,
    Said,
    action,
    conversation_or_404,
    may_act,
)
from messaging.views.panel import page_url

MOST = 50


@dataclass(frozen=True)
class Answer:
    """A prepared answer, filled in for one lead."""

    template: Template
    subject: str
    body: str
    missing: list[str]

    @property
    def pieces(self) -> list[templating.Piece]:
        """Its words, cut at what is still to be filled in."""
        return templating.pieces(self.body)


def filled(template: Template, values: Mapping[str, str]) -> Answer:
    """Fill a prepared answer in."""
    subject = templating.render(template.subject, values=values)
    body = templating.render(template.body, values=values)
    marks = templating.marks_in(subject.text, body.text)
    return Answer(template, subject.text, body.text, marks)


@staff_required
@require_GET
def answers(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Return the answers that fit here, filled in; `q` and `kind` narrow them."""
    row = conversation_or_404(request, conversation)
    may_act(request)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    seen = Template.objects.visible_to(request.user)
    fitting = seen.fitting(request.GET.get("kind", ""))
    found = fitting.found(words).order_by(_nearness(row), "name")
    values = templating.values_for(conversation=row, user=request.user)
    context = {
        "conversation": row,
        "answers": [filled(one, values) for one in found.select_related("team")[:MOST]],
        "words": words,
        "any": bool(words) and fitting.exists(),
        "manage_url": _manage_url(request),
    }
    return render(request, "messaging/inbox/_answers.html", context)


def _nearness(conversation: Conversation) -> Case:
    """The lead's own team's first, then everybody's, then other teams'."""
    team = conversation.lead.team_id if conversation.lead is not None else 0
    return Case(
        When(team=team, then=Value(0)),
        When(team=None, then=Value(1)),
        default=Value(2),
    )


def _manage_url(request: HttpRequest) -> str:
    allowed = request.user.has_perm("messaging.add_template")
    return page_url("admin:messaging_template_changelist") if allowed else ""


@action()
def use(act: Act, conversation: Conversation, template: int) -> Said:
    """Count an answer that is put into the box, and return its words."""
    seen = Template.objects.visible_to(act.user).filter(pk=template, active=True)
    found = seen.first()
    if found is None:
        raise Declined("This prepared answer is no longer there", status=404)
    seen.update(used=F("used") + 1)
    values = templating.values_for(conversation=conversation, user=act.user)
    answer = filled(found, values)
    return {"body": answer.body, "subject": answer.subject}
