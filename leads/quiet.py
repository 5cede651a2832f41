"""Quiet hours: when an address may be written to, by every clock it may live by.

A message may go when all zones that the number or address may lie in are awake: in
each of them the policy's hours, and for texts also the hours that the law of every
country and state gives that the number may lie in. Where no instant suits all zones,
the first one decides, so that nothing waits for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from leads import walls
from leads.kept import Kept
from leads.models import ContactPoint, LegalWindow, Policy
from leads.places import regions_of, zones_of

DAY = timedelta(days=1)
# So far ahead an opening is looked for: holidays and a Sunday may meet.
HORIZON = 9
ROUNDS = 60
_windows: Kept[dict[str, LegalWindow]] = Kept(
    lambda: {row.region: row for row in LegalWindow.objects.filter(active=True)},
    LegalWindow,
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """It is quiet there: until when, by whose clock, and which law closes a day.

    `law` is such as "Utah: none on Sundays", "" where only the hour is wrong.
    `too_long` says that it opens only after more than 24 hours: nothing is held so
    long, a person decides.
    """

    until: datetime
    zone: ZoneInfo
    law: str = ""
    too_long: bool = False


def quiet(
    *,
    contact_point: ContactPoint,
    at: datetime,
    policy: Policy,
    stated: str = "",
    follow_up: bool = False,
) -> Quiet | None:
    """Say whether it is quiet there at `at`, and until when. None: it may go."""
    texts = contact_point.kind == ContactPoint.Kind.PHONE
    if not policy.quiet_hours or not (texts or follow_up or policy.quiet_email):
        return None
    zones = zones_of(contact_point, stated=stated)
    regions = regions_of(contact_point, zones) if texts else []
    hours = _Hours(policy, regions)
    until = _all_awake(at, zones, hours) or _one_awake(at, zones[0], hours)
    if until == at:
        return None
    return Quiet(
        until=until,
        zone=zones[0],
        law=hours.closing_law(at, until, zones[0]),
        too_long=until - at > DAY,
    )


def quiet_until(
    *,
    contact_point: ContactPoint,
    at: datetime,
    policy: Policy,
    stated: str = "",
    follow_up: bool = False,
) -> datetime | None:
    """Return when the address may next be written to, None when it may at `at`.

    Never more than 24 hours later: see `Quiet.too_long` and `first_allowed`.
    """
    found = quiet(
        contact_point=contact_point,
        at=at,
        policy=policy,
        stated=stated,
        follow_up=follow_up,
    )
    return None if found is None else min(found.until, at + DAY)


def first_allowed(
    *,
    contact_point: ContactPoint,
    at: datetime,
    policy: Policy,
    stated: str = "",
    follow_up: bool = True,
) -> datetime:
    """Return the first instant from `at` on that is allowed, however far: to plan."""
    found = quiet(
        contact_point=contact_point,
        at=at,
        policy=policy,
        stated=stated,
        follow_up=follow_up,
    )
    return at if found is None else found.until


class _Hours:
    """What the policy and these regions' laws leave open of a date."""

    def __init__(self, policy: Policy, regions: Iterable[str]) -> None:
        known = _windows()
        self.ours = _awake(policy)
        self.laws = [known[region] for region in regions if region in known]

    def open_on(self, day: date) -> tuple[walls.Block, ...]:
        """The open blocks of a date."""
        blocks = self.ours
        for law in self.laws:
            blocks = walls.both(blocks, law_on(law, day))
        return blocks

    def next_open(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """The first open instant from `at` on in one zone, within the horizon."""
        today = at.astimezone(zone).date()
        for day in walls.days_from(today, count=HORIZON):
            for block in self.open_on(day):
                opens, closes = walls.safe_span(day, block, zone)
                if at < closes and opens < closes:
                    return max(at, opens)
        return None

    def closing_law(self, at: datetime, until: datetime, zone: ZoneInfo) -> str:
        """Which law closes a whole day between two instants, in words."""
        day, last = at.astimezone(zone).date(), until.astimezone(zone).date()
        while day < last:
            for law in self.laws:
                if not law_on(law, day):
                    return f"{law.name}: none on {_day_words(law, day)}"
            day += DAY
        return ""


def _all_awake(at: datetime, zones: list[ZoneInfo], hours: _Hours) -> datetime | None:
    """The first instant at which all zones are awake; None when there is none."""
    moment = at
    for _ in range(ROUNDS):
        later = moment
        for zone in zones:
            opens = hours.next_open(later, zone)
            if opens is None or opens > at + timedelta(days=HORIZON):
                return None
            later = opens
        if later == moment:
            return moment
        moment = later
    return None


def _one_awake(at: datetime, zone: ZoneInfo, hours: _Hours) -> datetime:
    """The first instant at which one zone is awake. Where the house's hours and the
    law's have nothing in common, the law's are kept.
    """
    opens = hours.next_open(at, zone)
    if opens is None:
        hours.ours = walls.WHOLE_DAY
        opens = hours.next_open(at, zone)
    # Laws that together close every day are kept as far as one can: a day at a time.
    return opens or at + DAY


def _awake(policy: Policy) -> tuple[walls.Block, ...]:
    """The house's own hours; quiet from and until the same time is never."""
    start, end = walls.minutes(policy.quiet_from), walls.minutes(policy.quiet_until)
    if start == end:
        return walls.WHOLE_DAY
    if end < start:
        return ((end, start),)
    blocks = ((0, start), (end, 24 * 60))
    return tuple(block for block in blocks if block[0] < block[1])


def law_on(law: LegalWindow, day: date) -> tuple[walls.Block, ...]:
    """When the law of a place lets people be texted on a date."""
    weekday = (law.weekday_from, law.weekday_until)
    saturday = (law.saturday_from, law.saturday_until)
    sunday = (law.sunday_from, law.sunday_until)
    starts, ends = (*[weekday] * 5, saturday, sunday)[day.weekday()]
    if starts is None or ends is None or _closed_holiday(law, day):
        return ()
    # Until 00:00 is until the midnight that ends the day.
    return ((walls.minutes(starts), walls.minutes(ends) or 24 * 60),)


def _closed_holiday(law: LegalWindow, day: date) -> str:
    if not law.closed_on_holidays:
        return ""
    country, _, subdivision = law.region.partition("-")
    return walls.holiday(day, country, subdivision)


def _day_words(law: LegalWindow, day: date) -> str:
    name = _closed_holiday(law, day)
    return f"holidays ({name})" if name else f"{day:%A}s"


__all__ = ["Quiet", "first_allowed", "quiet", "quiet_until", "zones_of"]
