"""Who is in a sequence, why somebody is not any more, and to stop them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from leads import clock
from leads.web import ask, page_context, staff_required
from messaging import words
from messaging.models.sequence import LIVE_STATES, Enrollment, Sequence
from messaging.sequencepages import reads, resting
from messaging.sequences import stopping
from messaging.views.answers import Act, Declined, Said, perform

A_PAGE = 50
MOST_STOPPED = 500
SHOWS = {"": "All", "live": "Under way", "done": "Finished", "stopped": "Stopped"}
_STATES = {
    "live": LIVE_STATES,
    "done": (Enrollment.State.DONE,),
    "stopped": (Enrollment.State.STOPPED, Enrollment.State.DEAD),
}
TONES = {"done": "green", "stopped": "", "dead": "red", "paused": "amber"}
RESTS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(30)}


@dataclass(frozen=True)
class Row:
    """One lead's way through a sequence, in words."""

    enrollment: Enrollment
    state: str
    tone: str
    step: str
    says: str

    @property
    def live(self) -> bool:
        """Whether it is under way."""
        return self.enrollment.state in LIVE_STATES


def row_of(row: Enrollment) -> Row:
    """Put one into words: its state, the step it is at, and why."""
    resting_now = row.parked_until is not None and row.parked_until > clock.now()
    state = "resting" if resting_now else str(Enrollment.State(row.state).label)
    tone = TONES.get(row.state, "amber" if resting_now else "blue")
    if row.state == Enrollment.State.STOPPED:
        tone = ""
    return Row(row, state, tone, _step(row), _says(row))


def _step(row: Enrollment) -> str:
    """Which step comes next, and when."""
    if row.state not in LIVE_STATES:
        return ""
    if row.next_step is None:
        return "all written; looks whether it left"
    kind = str(row.next_step.get_kind_display()).lower()
    step = f"step {row.next_step.position}, {kind}"
    if row.state == Enrollment.State.PAUSED:
        return step
    if row.due_at <= clock.now():
        return f"{step}, due now"
    return f"{step}, {words.date_of(row.due_at)}"


def _says(row: Enrollment) -> str:
    """Why it rests or ended: "Stopped: Dana replied 10:42"."""
    ended = f" {words.time_of(row.ended_at)}" if row.ended_at else ""
    if row.state == Enrollment.State.STOPPED:
        return f"Stopped: {row.reason or row.get_cause_display()}{ended}"
    if row.state == Enrollment.State.DONE:
        return f"Finished{ended}"
    if row.state == Enrollment.State.DEAD:
        return f"{row.reason or 'Gave up'}{ended}"
    return row.reason


@staff_required
@require_GET
def enrollments(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """List who is in the sequence, each with its reason."""
    row = reads.sequence_or_404(request, sequence)
    ask(request, reads.SEE_WHO, "Your role does not show who is in a sequence.")
    everyone = reads.enrollments(request.user).filter(sequence=row)
    asked = {name: request.GET.get(name, "") for name in ("show", "cause", "q")}
    pages = Paginator(_filtered(everyone, asked), A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = page_context(
        request,
        f"In “{row.name}”",
        sequence=row,
        tone=reads.TONES[row.state],
        page=page,
        rows=[row_of(one) for one in page],
        tabs=_tabs(everyone),
        causes=_causes(everyone),
        **asked,
        **reads.may(request),
    )
    return render(request, "messaging/sequences/enrollments.html", context)


def _filtered(
    rows: "QuerySet[Enrollment]", asked: dict[str, str]
) -> "QuerySet[Enrollment]":
    show, cause = asked["show"], asked["cause"]
    if show in _STATES:
        rows = rows.filter(state__in=_STATES[show])
    else:
        asked["show"] = ""
    if cause in Enrollment.Cause.values:
        rows = rows.filter(cause=cause)
    else:
        asked["cause"] = ""
    q = asked["q"] = asked["q"].replace("\0", "").strip()[:100]
    if q:
        found = Q(lead__name__icontains=q) | Q(reason__icontains=q)
        by_address = Q(lead__contacts__contact_point__value__icontains=q)
        rows = rows.filter(found | by_address).distinct()
    return rows.order_by("-pk")


def _tabs(rows: "QuerySet[Enrollment]") -> list[tuple[str, str, int]]:
    counts = {"": Count("pk")} | {
        show: Count("pk", filter=Q(state__in=states))
        for show, states in _STATES.items()
    }
    named = {f"n_{show}": count for show, count in counts.items()}
    found = rows.order_by().aggregate(**named)
    return [(show, label, found[f"n_{show}"]) for show, label in SHOWS.items()]


def _causes(rows: "QuerySet[Enrollment]") -> list[tuple[str, str, int]]:
    found = rows.exclude(cause="").order_by().values_list("cause")
    labels = dict(Enrollment.Cause.choices)
    counted = found.annotate(n=Count("pk")).order_by("-n")
    return [(cause, str(labels[cause]), n) for cause, n in counted]


# --- acts ----------------------------------------------------------------------------


def list_of(sequence: Sequence) -> str:
    """The address of a sequence's list."""
    return reverse("sequence_enrollments", args=[sequence.public_id])


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Where the person came from, if that is ours."""
    wanted = request.POST.get("back", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if wanted and ours else otherwise


def enrollment_or_404(request: HttpRequest, public_id: UUID) -> Enrollment:
    """One of a lead that the person may see; 404 for any other."""
    row = reads.enrollments(request.user).filter(public_id=public_id).first()
    if row is None:
        raise Http404("There is no such enrollment.")
    return row


@staff_required
@require_POST
def act(request: HttpRequest, enrollment: UUID, do: str) -> HttpResponse:
    """Stop one, let it rest, or let it go on."""
    if do not in _ACTS:
        raise Http404("There is no such act.")
    row = enrollment_or_404(request, enrollment)
    return perform(
        request,
        lambda one: _ACTS[do](one, row),
        back=back_to(request, list_of(row.sequence)),
        needed=reads.STOP,
    )


def stop_one(act: Act, row: Enrollment) -> bool:
    """Stop it for a person, with their name as the reason."""
    return stopping.stop_enrollment(
        enrollment=row,
        cause=Enrollment.Cause.BY_HAND,
        words=f"{words.first_name(act.user)} stopped it",
        actor=f"user:{act.user.pk}",
    )


def _stop(act: Act, row: Enrollment) -> Said:
    if not stop_one(act, row):
        raise Declined("It has ended already")
    return {"toast": f"Stopped for {row.lead.display_name}"}


def _rest(act: Act, row: Enrollment, *, span: timedelta) -> Said:
    until = resting.rest(enrollment=row, until=clock.now() + span, user=act.user)
    if until is None:
        raise Declined("It has ended already")
    return {"toast": f"Rests until {words.date_of(until)}"}


def _go_on(act: Act, row: Enrollment) -> Said:
    if not resting.go_on(enrollment=row):
        raise Declined("It does not rest")
    return {"toast": "It goes on"}


_ACTS: dict[str, Callable[[Act, Enrollment], Said]] = {
    "stop": _stop,
    "go-on": _go_on,
    **{f"rest-{name}": partial(_rest, span=span) for name, span in RESTS.items()},
}


@staff_required
@require_POST
def stop_many(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Stop the ticked ones."""
    row = reads.sequence_or_404(request, sequence)
    ticked = request.POST.getlist("enrollment")[:MOST_STOPPED]
    return perform(
        request,
        lambda one: _stop_many(one, row, ticked),
        back=back_to(request, list_of(row)),
        needed=reads.STOP,
    )


def _stop_many(act: Act, sequence: Sequence, ticked: Iterable[str]) -> Said:
    ids = [one for one in ticked if _is_uuid(one)]
    if not ids:
        raise Declined("Tick those to stop first")
    rows = reads.enrollments(act.user).filter(sequence=sequence, public_id__in=ids)
    stopped = sum(stop_one(act, row) for row in rows)
    ended = len(ids) - stopped
    rest = f", {ended} had ended already" if ended else ""
    return {"toast": f"Stopped for {stopped} lead{'s' * (stopped != 1)}{rest}"}


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
