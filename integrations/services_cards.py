"""The cards of the services page: what is set, what it last answered, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User

from integrations.gap_counts import Compared, compared_today
from integrations.models import ServiceCheck, TrialText
from integrations.services import Service, ServiceState, catalogue, standing
from integrations.services_checks import is_running
from integrations.services_phone import shown_state
from integrations.services_values import Value, values_of
from messaging.words import age

# The chip of each state: its words, its colour, its mark.
CHIPS: Final[dict[str, tuple[str, str, str]]] = {
    ServiceState.OK: ("Works", "green", "check_circle"),
    ServiceState.REJECTED: ("Rejected", "red", "block"),
    ServiceState.UNREACHABLE: ("Unreachable", "red", "cloud_off"),
    ServiceState.RATE_LIMITED: ("Rate limited", "amber", "hourglass_top"),
    ServiceState.MISCONFIGURED: ("Set up wrongly", "amber", "build"),
    ServiceState.OFF: ("Off", "done", "power_settings_new"),
    "": ("Not tested yet", "done", "help"),
}
TEXT_CHIPS: Final[dict[str, tuple[str, str, str]]] = {
    TrialText.State.SENDING: ("sending", "blue", "schedule_send"),
    TrialText.State.SENT: ("sent: the carrier took it", "blue", "done"),
    TrialText.State.DELIVERED: ("delivered", "green", "done_all"),
    TrialText.State.FAILED: ("failed", "red", "error"),
    TrialText.State.UNKNOWN: ("not known yet, checking", "amber", "help"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A state in words, colour and mark."""

    words: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Card:
    """One service as the page shows it. `by` says who or what found the state."""

    service: Service
    chip: Chip
    words: str = ""
    fix: str = ""
    detail: str = ""
    latency_ms: int | None = None
    checked_at: datetime | None = None
    by: str = ""
    last_ok_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_failure: str = ""
    running: bool = False
    testable: bool = True

    @property
    def age(self) -> str:
        """How long ago it was found out, in words; "" before the first time."""
        if self.checked_at is None:
            return ""
        passed = age(self.checked_at)
        return "just now" if passed == "now" else f"{passed} ago"

    @property
    def says(self) -> str:
        """What a screen reader hears when the state has changed."""
        state = "testing" if self.running else self.chip.words
        return f"{self.service.label}: {state}. {'' if self.running else self.words}"


@dataclass(frozen=True, slots=True)
class Text:
    """A test text as the page shows it; `waits` says that its state may yet move."""

    chip: Chip
    row: TrialText
    waits: bool


def cards(services: Sequence[Service] | None = None) -> list[Card]:
    """The card of every service, or of these."""
    wanted = catalogue() if services is None else services
    keys = [service.key for service in wanted]
    rows = ServiceCheck.objects.filter(key__in=keys).select_related("checked_by")
    known = {row.key: row for row in rows}
    return [card_of(service, known.get(service.key)) for service in wanted]


def card_of(service: Service, row: ServiceCheck | None) -> Card:
    """A service and its last answer; what is plain without a call comes first."""
    plain = standing(service)
    if plain is not None:
        return Card(
            service=service,
            chip=Chip(*CHIPS[plain.state]),
            words=plain.words,
            fix=plain.fix,
            testable=False,
        )
    if row is None:
        return Card(service=service, chip=Chip(*CHIPS[""]))
    return Card(
        service=service,
        chip=Chip(*CHIPS.get(row.state, CHIPS[""])),
        words=row.words,
        fix=row.fix,
        detail=row.detail,
        latency_ms=row.latency_ms,
        checked_at=row.checked_at,
        by=_who(row),
        last_ok_at=row.last_ok_at,
        last_failure_at=row.last_failure_at,
        last_failure=row.last_failure,
        running=is_running(row),
    )


def _who(row: ServiceCheck) -> str:
    if row.checked_at is None:
        return ""
    user = row.checked_by
    if user is None:
        return "a real call"
    return user.get_short_name() or user.get_username()


def values(service: Service) -> list[Value]:
    """Its settings, masked."""
    return values_of(service)


def last_text(service: Service, user: User) -> Text | None:
    """The last test text that this person sent through the service."""
    rows = TrialText.objects.filter(service=service.key, user=user)
    row = rows.order_by("-pk").first()
    if row is None:
        return None
    state = shown_state(row)
    waits = state in (TrialText.State.SENDING, TrialText.State.SENT)
    return Text(Chip(*TEXT_CHIPS[state]), row, waits)


def compared(service: Service) -> Compared | None:
    """What its gap sweep last found, if it has one."""
    found = (one for one in compared_today() if one.provider == service.key)
    return next(found, None)
