"""The simulator: text us as a lead and watch what happens. Nothing leaves."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from leads.web import is_fragment, page_context, staff_required
from messaging import replies
from messaging.models import Conversation
from messaging.simulator import busy_hour
from messaging.simulator.people import TooManyPeople, read
from messaging.simulator.playing import (
    NotPlayable,
    Saying,
    last_saying,
    play,
    set_clock,
    switch_ai,
    time_there,
)
from messaging.views.answers import NEEDED, may_act, refused
from messaging.views.simulator_reads import page_parts, played

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


@staff_required
@require_safe
def simulator(request: HttpRequest, conversation: UUID | None = None) -> HttpResponse:
    """Show the phone and what happened; without a conversation a new person."""
    talk = _talk(request, conversation) if conversation else None
    context = _context(request, talk)
    title = page_context(request, "Simulator")
    return render(request, "messaging/simulator/page.html", {**title, **context})


@staff_required
@require_safe
def update(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Return the parts that may have changed."""
    return _parts(request, _talk(request, conversation))


@staff_required
@require_safe
def update_new(request: HttpRequest) -> HttpResponse:
    """Return the parts for a person who has not written yet."""
    return _parts(request, None)


def _playing(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Make a view of one POST in the simulator; a refusal is told in words."""

    @staff_required
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, /, **kwargs: Any) -> HttpResponse:
        may_act(request)
        try:
            return view(request, **kwargs)  # type: ignore[call-arg]
        except (NotPlayable, TooManyPeople) as refusal:
            return refused(request, str(refusal), back=reverse("simulator"))

    return guarded


@_playing
def send(request: HttpRequest) -> HttpResponse:
    """Write as the lead: words, a suggestion, or the last ones once more."""
    asked = request.POST
    known = _talk(request, asked["conversation"]) if asked.get("conversation") else None
    again = asked.get("again", "")
    if again and known is not None:
        saying = last_saying(known)
        at = time_there(known) if again == "same" else again
        known = None
    else:
        saying, at = _saying(request), asked.get("clock", "10:42")
    talk = play(
        user=_user(request),
        saying=saying,
        conversation=known,
        clock_choice=at,
        ai_off=asked.get("ai") == "off",
    )
    return _answer(request, talk)


def _saying(request: HttpRequest) -> Saying:
    asked = request.POST
    kind = asked.get("kind", "sms")
    subject = asked.get("subject", "") if kind == "email" else ""
    chip = next((c for c in read("chips") if c["key"] == asked.get("chip")), None)
    if chip is None:
        return Saying(kind=kind, texts=(asked.get("text", ""),), subject=subject)
    return Saying(
        kind=kind,
        texts=tuple(chip["texts"]),
        subject=subject,
        picture=bool(chip.get("picture")),
    )


@_playing
def answer_now(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """End the wait for more texts."""
    talk = _talk(request, conversation)
    replies.answer_now(conversation=talk, user=_user(request))
    return _answer(request, talk)


@_playing
def ai(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Switch the AI off in this talk, or on again."""
    talk = _talk(request, conversation)
    switch_ai(conversation=talk, user=_user(request))
    return _answer(request, talk)


@_playing
def their_clock(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Give the lead another time of day."""
    talk = _talk(request, conversation)
    set_clock(conversation=talk, choice=request.POST.get("clock", ""))
    return _answer(request, talk)


@_playing
def busy(request: HttpRequest) -> HttpResponse:
    """Start the busy hour, or stop it."""
    if request.POST.get("stop"):
        busy_hour.stop(user=_user(request))
    else:
        busy_hour.start(user=_user(request))
    known = request.POST.get("conversation")
    return _answer(request, _talk(request, known) if known else None)


def _user(request: HttpRequest) -> User:
    """The signed-in person; `staff_required` let nobody else in."""
    if not isinstance(request.user, User):
        raise Http404("no such page")
    return request.user


def _talk(request: HttpRequest, public_id: UUID | str) -> Conversation:
    try:
        wanted = UUID(str(public_id))
    except ValueError as error:
        raise Http404("There is no such simulated talk.") from error
    talk = played(request.user).filter(public_id=wanted).with_rows().first()
    if talk is None:
        raise Http404("There is no such simulated talk.")
    return talk


def _context(request: HttpRequest, talk: Conversation | None) -> dict[str, Any]:
    context = page_parts(request.user, talk)
    context["may_act"] = request.user.has_perm(NEEDED)
    return context


def _parts(request: HttpRequest, talk: Conversation | None) -> HttpResponse:
    context = _context(request, talk)
    return render(request, "messaging/simulator/_parts.html", context)


def _answer(request: HttpRequest, talk: Conversation | None) -> HttpResponse:
    """The changed parts for the script, the page for a plain form."""
    if not is_fragment(request):
        if talk is None:
            return redirect("simulator")
        return redirect("simulator_talk", talk.public_id)
    if talk is not None:
        talk = _talk(request, talk.public_id)
    return _parts(request, talk)
