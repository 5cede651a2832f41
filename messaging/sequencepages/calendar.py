"""What goes out in the next days: messages that wait, and the steps that are due."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Greatest, TruncDate
from django.urls import reverse
from django.utils import timezone

from leads import clock, policy
from leads.access import Viewer, conversation_filter, lead_filter
from leads.models import ContactPoint, Lead, LeadContact
from messaging import templating, words
from messaging.models import Channel, Conversation, Message
from messaging.models.sequence import Enrollment, Sequence, Step
from messaging.sequencepages.caps import Cap, channel_caps
from messaging.sequencepages.plans import ahead_of
from messaging.sequences import variants

DAYS = 14
A_DAY = 40  # rows that are shown of one day
MOST_A_DAY = 500  # rows of a day that is opened by itself
LONGEST = 140  # letters of a message that a row shows
WAITING = (Message.State.QUEUED, Message.State.HELD, Message.State.CLAIMED)
ICONS = {"sms": "sms", "email": "mail"}


@dataclass(frozen=True)
class Wanted:
    """What the person filters by; "" is everything."""

    team: str = ""
    sequence: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """One message or step: when, there too, to whom, what."""

    at: datetime
    time: str
    there: str
    who: str
    url: str
    icon: str
    kind: str
    what: str
    words: str
    state: str
    tone: str


@dataclass
class Day:
    """One day: its rows, how many more there are, and the caps."""

    day: date
    name: str
    texts: int = 0
    mails: int = 0
    rows: list[Row] = field(default_factory=list)
    caps: list[Cap] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Everything that goes on this day."""
        return self.texts + self.mails

    @property
    def more(self) -> int:
        """How many are not shown."""
        return max(0, self.total - len(self.rows))

    @property
    def over(self) -> bool:
        """Whether a cap will not hold all."""
        return any(cap.over for cap in self.caps)


class Calendar:
    """The next days as one person sees them."""

    def __init__(self, user: Viewer, wanted: Wanted, only: date | None = None) -> None:
        self.user, self.wanted, self.only = user, wanted, only
        self.now = clock.now()
        self.today = timezone.localdate(self.now)
        # A day more than is shown: the last one ends at midnight, not in this hour.
        self.until = self.now + timedelta(days=DAYS + 1)

    def days(self) -> list[Day]:
        """The days in order; with `only` that one, with more of its rows."""
        ahead = [self.today + timedelta(days=n) for n in range(DAYS)]
        shown = [self.only] if self.only in ahead else ahead
        found = {day: Day(day, self._name(day)) for day in shown}
        for day, kind, count in self._counts(self._messages(), self._steps()):
            if day in found and kind == Channel.Kind.SMS:
                found[day].texts += count
            elif day in found:
                found[day].mails += count
        for one in found.values():
            if one.total:
                one.rows = self._rows(one.day)
        self._add_caps(found)
        return list(found.values())

    def _name(self, day: date) -> str:
        if day == self.today:
            return "Today"
        if day == self.today + timedelta(days=1):
            return "Tomorrow"
        return f"{day:%A} {day.day} {day:%B}"

    # --- what there is ---------------------------------------------------------------

    def _messages(self, *, everybody: bool = False) -> "QuerySet[Message]":
        rows = Message.objects.filter(
            direction=Message.Direction.OUTBOUND, state__in=WAITING
        )
        if everybody:
            return rows.filter(simulated=False)
        seen = Conversation.objects.filter(conversation_filter(self.user))
        rows = rows.filter(conversation__in=seen.order_by().values("pk"))
        wanted = self.wanted
        if wanted.kind:
            rows = rows.filter(kind=wanted.kind)
        if wanted.team:
            rows = rows.filter(conversation__lead__team=int(wanted.team))
        if wanted.sequence:
            by = "step_run__enrollment__sequence__public_id"
            rows = rows.filter(**{by: wanted.sequence})
        return rows

    def _steps(self, *, everybody: bool = False) -> "QuerySet[Enrollment]":
        rows = Enrollment.objects.filter(
            state__in=(Enrollment.State.WAITING, Enrollment.State.WORKING),
            sequence__state=Sequence.State.ACTIVE,
            next_step__isnull=False,
        )
        if everybody:
            return rows.filter(lead__simulated=False)
        rows = rows.filter(lead_filter(self.user, prefix="lead__"))
        wanted = self.wanted
        if wanted.kind:
            rows = rows.filter(next_step__kind=wanted.kind)
        if wanted.team:
            rows = rows.filter(lead__team=int(wanted.team))
        if wanted.sequence:
            rows = rows.filter(sequence__public_id=wanted.sequence)
        return rows

    def _on(self, rows: Any) -> Any:
        """With `day`: what is late goes today."""
        soon = rows.order_by().filter(due_at__lt=self.until)
        return soon.annotate(day=TruncDate(Greatest("due_at", self.now)))

    def _counts(
        self, messages: "QuerySet[Message]", steps: "QuerySet[Enrollment]"
    ) -> Iterable[tuple[date, str, int]]:
        said = self._on(messages).values_list("day", "kind").annotate(n=Count("pk"))
        due = self._on(steps).values_list("day", "next_step__kind")
        return [*said, *due.annotate(n=Count("pk"))]

    def _within(self, day: date) -> Q:
        """The day by its bounds, which an index finds; today all that is late as well."""
        zone = timezone.get_current_timezone()
        start = datetime.combine(day, time.min, tzinfo=zone)
        end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
        before = Q(due_at__lt=end)
        return before if day == self.today else before & Q(due_at__gte=start)

    # --- rows ------------------------------------------------------------------------

    def _rows(self, day: date) -> list[Row]:
        most = MOST_A_DAY if self.only else A_DAY
        within = self._within(day)
        messages = self._messages().filter(within)
        messages = messages.select_related(
            "conversation__lead__team",
            "contact_point",
            "step_run__enrollment__sequence",
            "step_run__step",
        )
        said = list(messages.order_by("due_at", "pk")[:most])
        steps = self._steps().filter(within)
        steps = steps.select_related(
            "lead__team",
            "lead__owner",
            "lead__company",
            "lead__conversation",
            "sequence",
            "next_step",
        ).prefetch_related("next_step__variants")
        due: list[Any] = list(steps.order_by("due_at", "pk")[:most])
        points = _points([row.lead for row in due])
        rows = [self._of_message(row) for row in said]
        rows += [
            self._of_step(row, points.get((row.lead_id, str(row.next_step.kind))))
            for row in due
        ]
        return sorted(rows, key=lambda row: row.at)[:most]

    def _of_message(self, row: Message) -> Row:
        lead = row.conversation.lead
        run = getattr(row, "step_run", None)
        what = "Message"
        if run is not None:
            what = f"{run.enrollment.sequence.name}, step {run.step.position}"
        elif row.author == Message.Author.PERSON:
            what = "Written by a person"
        status = words.status_of(row)
        return self._row(
            at=row.due_at,
            lead=lead,
            point=row.contact_point,
            kind=str(row.kind),
            what=what,
            said=" ".join(row.body.split())[:LONGEST],
            url=reverse("inbox_thread", args=[row.conversation.public_id]),
            state=status.words if status and row.state != Message.State.QUEUED else "",
            tone="amber" if row.state == Message.State.HELD else "blue",
            ahead=timedelta(seconds=row.conversation.clock_shift),
        )

    def _of_step(self, row: Enrollment, point: ContactPoint | None) -> Row:
        step: Any = row.next_step
        return self._row(
            at=row.due_at,
            lead=row.lead,
            point=point,
            kind=str(step.kind),
            what=f"{row.sequence.name}, step {step.position}",
            said=self._says(row, step),
            url=reverse("lead_page", args=[row.lead.public_id]),
            state=row.reason,
            tone="amber" if row.parked_until else "",
            ahead=ahead_of(row.lead),
        )

    def _says(self, row: Enrollment, step: Step) -> str:
        """The wording that the lead will get, as far as it can be said now."""
        variant = variants.choose(step, lead=row.lead, sequence=row.sequence)
        if variant is None:
            return ""
        if step.writer == Step.Writer.AI:
            return f"The AI writes it: {' '.join(variant.brief.split())}"[:LONGEST]
        people = templating.people_values(lead=row.lead, user=row.lead.owner)
        values = {**self._ours, **people}
        text = templating.render(variant.body, values=values).text
        return " ".join(text.split())[:LONGEST]

    @cached_property
    def _ours(self) -> dict[str, str]:
        return templating.our_values()

    def _row(
        self,
        *,
        at: datetime,
        lead: Lead | None,
        point: ContactPoint | None,
        kind: str,
        what: str,
        said: str,
        url: str,
        state: str,
        tone: str,
        ahead: timedelta = timedelta(),
    ) -> Row:
        zone = words.zone_of(lead, point)
        ours = timezone.localtime(at)
        theirs = (at + ahead).astimezone(zone)
        same = ours.strftime("%H:%M %a") == theirs.strftime("%H:%M %a")
        day = "" if ours.date() == theirs.date() else f" {theirs:%a}"
        return Row(
            at=at,
            time="now" if at <= self.now else f"{ours:%H:%M}",
            there="" if same or at <= self.now else f"{theirs:%H:%M}{day} there",
            who=lead.display_name if lead else str(point or "Somebody"),
            url=url,
            icon=ICONS.get(kind, "send"),
            kind="Text" if kind == Channel.Kind.SMS else "Email",
            what=what,
            words=said,
            state=state,
            tone=tone,
        )

    # --- caps ------------------------------------------------------------------------

    def _add_caps(self, days: dict[date, Day]) -> None:
        """How much of the day caps all leads' messages take, whoever may see them."""
        counts: dict[date, dict[str, int]] = {day: {} for day in days}
        everybody = self._counts(
            self._messages(everybody=True).filter(automatic=True),
            self._steps(everybody=True),
        )
        for day, kind, count in everybody:
            if day in counts:
                counts[day][kind] = counts[day].get(kind, 0) + count
        house = policy.lately().cap_installation_day
        ours = channel_caps()
        for day, one in days.items():
            planned = counts[day]
            caps = [Cap("automatic messages", sum(planned.values()), house)]
            caps += [Cap(name, planned.get(kind, 0), n) for kind, name, n in ours]
            one.caps = [cap for cap in caps if cap.planned]


def _points(leads: list[Lead]) -> dict[tuple[int, str], ContactPoint]:
    """The first address of each lead for texts and for mails, in one statement."""
    rows = (
        LeadContact.objects.filter(lead__in=leads)
        .exclude(known_by=LeadContact.Known.PROPOSAL)
        .select_related("contact_point")
        .order_by("-primary", "pk")
    )
    found: dict[tuple[int, str], ContactPoint] = {}
    for row in rows:
        phone = row.contact_point.kind == ContactPoint.Kind.PHONE
        key = (row.lead_id, "sms" if phone else "email")
        found.setdefault(key, row.contact_point)
    return found
