"""When one may text, written by hand: numbers, the clocks they live by, the hours.

Nothing here comes from the product. The zones of a prefix are those of the numbering
plans; the hours are those of the sources named at each region (and in
`leads/data/legal_windows.json`), or only the house's own nine to twenty.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

Span = tuple[str, str] | None
HOUSE = ("09:00", "20:00")


@dataclass(frozen=True)
class Hours:
    """Weekdays, Saturday, Sunday; and whether public holidays are closed."""

    week: tuple[str, str]
    saturday: Span
    sunday: Span
    holidays: bool = False


def daily(starts: str, ends: str) -> Hours:
    return Hours((starts, ends), (starts, ends), (starts, ends))


FEDERAL = daily("08:00", "21:00")  # 47 CFR 64.1200(c)(1)
HOURS = {
    "federal": FEDERAL,
    "none": daily("00:00", "24:00"),
    "AL": Hours(("08:00", "20:00"), ("08:00", "20:00"), None, True),
    "CA": daily("09:00", "21:00"),
    "CT": daily("09:00", "20:00"),  # 42-288a
    "FL": daily("08:00", "20:00"),  # 501.616(6)(a)
    "IL": daily("09:00", "21:00"),
    "KY": daily("10:00", "21:00"),  # 367.46955
    "LA": Hours(("08:00", "20:00"), ("08:00", "20:00"), None, True),  # R-29617
    "MA": daily("08:00", "20:00"),
    "MD": daily("08:00", "20:00"),  # 14-4502
    "MI": daily("09:00", "21:00"),
    "MN": daily("09:00", "21:00"),
    "MS": Hours(("08:00", "20:00"), ("08:00", "20:00"), None),  # 77-3-723(1)
    "NJ": daily("08:00", "20:00"),
    "NM": daily("09:00", "21:00"),
    "NV": daily("09:00", "20:00"),
    "OK": daily("08:00", "20:00"),  # 775C.4
    "OR": daily("08:00", "20:00"),
    "PA": Hours(("08:00", "21:00"), ("08:00", "21:00"), ("08:00", "21:00"), True),
    "RI": Hours(("09:00", "18:00"), ("10:00", "17:00"), None, True),  # 5-61-3.6
    "SD": Hours(("09:00", "21:00"), ("09:00", "21:00"), None),
    "TX": Hours(("09:00", "21:00"), ("09:00", "21:00"), ("12:00", "21:00")),  # 301.051
    "UT": Hours(("08:00", "21:00"), ("08:00", "21:00"), None, True),  # 13-25a-103(3)
    "WA": daily("08:00", "20:00"),  # 19.158.040(2)
    "WY": daily("08:00", "20:00"),
    "Canada": Hours(("09:00", "21:30"), ("10:00", "18:00"), ("10:00", "18:00")),
    "France": Hours(("08:00", "20:00"), ("08:00", "20:00"), None, True),
}
# Kept in every state that closes on holidays, and in France.
EVERYWHERE_CLOSED = {
    "US": (
        *(date(2026, 1, 1), date(2026, 5, 25), date(2026, 7, 3), date(2026, 9, 7)),
        *(date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1)),
    ),
    "FR": (
        *(date(2026, 1, 1), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 8)),
        *(date(2026, 5, 14), date(2026, 7, 14), date(2026, 8, 15), date(2026, 11, 11)),
        *(date(2026, 12, 25), date(2027, 1, 1)),
    ),
}
# What further closes in single states of 2026, by their own laws.
KING, PRESIDENTS, GOOD_FRIDAY = date(2026, 1, 19), date(2026, 2, 16), date(2026, 4, 3)
JUNETEENTH, COLUMBUS = date(2026, 6, 19), date(2026, 10, 12)
ELECTION, VETERANS = date(2026, 11, 3), date(2026, 11, 11)
STATES_CLOSED = {
    "AL": (
        *(KING, PRESIDENTS, date(2026, 4, 27), date(2026, 6, 1), JUNETEENTH),
        *(COLUMBUS, VETERANS),
    ),
    "LA": (KING, date(2026, 2, 17), GOOD_FRIDAY, VETERANS),
    "PA": (
        *(KING, PRESIDENTS, GOOD_FRIDAY, date(2026, 6, 14), COLUMBUS),
        *(ELECTION, VETERANS),
    ),
    "RI": (KING, JUNETEENTH, date(2026, 8, 10), COLUMBUS, VETERANS),
    "UT": (KING, PRESIDENTS, date(2026, 7, 24), COLUMBUS, VETERANS),
}

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"
DENVER, PACIFIC = "America/Denver", "America/Los_Angeles"
# Number, every zone it may lie in, and whose hours hold there beside the house's.
NUMBERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("+12125550123", (NEW_YORK,), "federal"),
    ("+12025550123", (NEW_YORK,), "federal"),
    ("+12035550123", (NEW_YORK,), "CT"),
    ("+13055550123", (NEW_YORK,), "FL"),
    ("+18505550123", (NEW_YORK, CHICAGO), "FL"),
    ("+15025550123", (NEW_YORK,), "KY"),
    ("+12705550123", (NEW_YORK, CHICAGO), "KY"),
    ("+14015550123", (NEW_YORK,), "RI"),
    ("+16175550123", (NEW_YORK,), "MA"),
    ("+14105550123", (NEW_YORK,), "MD"),
    ("+12155550123", (NEW_YORK,), "PA"),
    ("+12015550123", (NEW_YORK,), "NJ"),
    ("+13135550123", (NEW_YORK,), "MI"),
    ("+13175550123", (NEW_YORK,), "federal"),
    ("+13345550123", (CHICAGO,), "AL"),
    ("+15045550123", (CHICAGO,), "LA"),
    ("+16015550123", (CHICAGO,), "MS"),
    ("+12145550123", (CHICAGO,), "TX"),
    ("+16125550123", (CHICAGO,), "MN"),
    ("+17735550123", (CHICAGO,), "IL"),
    ("+14055550123", (CHICAGO,), "OK"),
    ("+16055550123", (CHICAGO, DENVER), "SD"),
    ("+13035550123", (DENVER,), "federal"),
    ("+18015550123", (DENVER,), "UT"),
    ("+15055550123", (DENVER,), "NM"),
    ("+13075550123", (DENVER,), "WY"),
    ("+16025550123", ("America/Phoenix",), "federal"),
    ("+14155550123", (PACIFIC,), "CA"),
    ("+12065550123", (PACIFIC,), "WA"),
    ("+15035550123", (PACIFIC,), "OR"),
    ("+17025550123", (PACIFIC,), "NV"),
    ("+19075550123", ("America/Anchorage", "America/Adak"), "federal"),
    ("+18085550123", ("Pacific/Honolulu",), "federal"),
    ("+17875550123", ("America/Puerto_Rico",), "federal"),
    ("+16716471234", ("Pacific/Guam",), "federal"),
    ("+14165550123", ("America/Toronto",), "Canada"),
    ("+16045550123", ("America/Vancouver",), "Canada"),
    ("+13065550123", ("America/Regina",), "Canada"),
    ("+17095550123", ("America/St_Johns", "America/Halifax"), "Canada"),
    ("+4930123456", ("Europe/Berlin",), "none"),
    ("+4915112345678", ("Europe/Berlin",), "none"),
    ("+33142685300", ("Europe/Paris",), "France"),
    ("+33612345678", ("Europe/Paris",), "France"),
    ("+442079460123", ("Europe/London",), "none"),
    ("+351211234567", ("Europe/Lisbon",), "none"),
    ("+34911234567", ("Europe/Madrid",), "none"),
    ("+34922123456", ("Atlantic/Canary",), "none"),
    ("+35312345678", ("Europe/Dublin",), "none"),
    ("+302101234567", ("Europe/Athens",), "none"),
    ("+212522123456", ("Africa/Casablanca",), "none"),
    ("+20223456789", ("Africa/Cairo",), "none"),
    ("+27112345678", ("Africa/Johannesburg",), "none"),
    ("+97714123456", ("Asia/Kathmandu",), "none"),
    ("+912223456789", ("Asia/Kolkata",), "none"),
    ("+982188776655", ("Asia/Tehran",), "none"),
    ("+93202123456", ("Asia/Kabul",), "none"),
    ("+9512345678", ("Asia/Yangon",), "none"),
    ("+97143123456", ("Asia/Dubai",), "none"),
    ("+81312345678", ("Asia/Tokyo",), "none"),
    ("+61265632111", ("Australia/Lord_Howe",), "none"),
    ("+61291234567", ("Australia/Sydney",), "none"),
    ("+61412345678", ("Australia/Perth", "Australia/Sydney"), "none"),
    ("+6433056123", ("Pacific/Chatham",), "none"),
    ("+6493001234", ("Pacific/Auckland",), "none"),
    ("+5511912345678", ("America/Sao_Paulo",), "none"),
    ("+525512345678", ("America/Mexico_City",), "none"),
    ("+541143211234", ("America/Argentina/Buenos_Aires",), "none"),
    ("+5372123456", ("America/Havana",), "none"),
    ("+18005550123", (NEW_YORK, CHICAGO, DENVER, PACIFIC, "Pacific/Honolulu"), "RI"),
)
# Nights in which clocks change: North America, Europe, Cuba, Egypt, Morocco (Ramadan),
# Australia with Lord Howe's half hour, New Zealand with Chatham, Chile.
CHANGES = (
    *(date(2026, 2, 15), date(2026, 3, 8), date(2026, 3, 22), date(2026, 3, 29)),
    *(date(2026, 4, 5), date(2026, 4, 24), date(2026, 9, 6), date(2026, 9, 27)),
    *(date(2026, 10, 4), date(2026, 10, 25), date(2026, 10, 30), date(2026, 11, 1)),
)


def is_allowed(number: str, moment: datetime) -> bool:
    """Whether a text may reach the number at an instant, by this table alone."""
    zones, place = next((z, p) for n, z, p in NUMBERS if n == number)
    return all(_open(moment.astimezone(ZoneInfo(zone)), place) for zone in zones)


def _open(local: datetime, place: str) -> bool:
    hours = HOURS[place]
    span: Span = hours.week
    if local.weekday() >= 5:
        span = hours.saturday if local.weekday() == 5 else hours.sunday
    if hours.holidays and local.date() in _closed(place):
        return False
    return span is not None and all(_within(local, s) for s in (span, HOUSE))


def _closed(place: str) -> tuple[date, ...]:
    every = EVERYWHERE_CLOSED["FR" if place == "France" else "US"]
    return (*every, *STATES_CLOSED.get(place, ()))


def _within(local: datetime, span: tuple[str, str]) -> bool:
    return span[0] <= f"{local:%H:%M}" < span[1]


def is_closed_all_day(number: str, moment: datetime) -> bool:
    """Whether the law there closes a whole day within the next two."""
    zones, place = next((z, p) for n, z, p in NUMBERS if n == number)
    hours, closed = HOURS[place], _closed(place)
    days = [
        (moment.astimezone(ZoneInfo(zone)) + timedelta(days=ahead)).date()
        for zone in zones
        for ahead in (0, 1, 2)
    ]
    return any(
        (hours.sunday is None and day.weekday() == 6)
        or (hours.holidays and day in closed)
        for day in days
    )
