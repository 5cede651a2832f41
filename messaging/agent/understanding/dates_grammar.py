"""The shapes of dates and times, as regular expressions over token kinds.

A shape is written with the names of ``dates_kinds.KINDS`` and the sets below.
All shapes of one stage are one alternation, tried in the order given: longer and
surer ones first. The shapes serve every language; only the words differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.dates_lexicon import Tokens

_SETS = {
    "DAY": "SMALL TEEN TWENTIES ORD ORDINAL",
    "FIGURE": "SMALL TEEN TWENTIES",
    "HOUR": "SMALL TEEN NUMBER",
    "COUNT": "SMALL TEEN TWENTIES SIXTY BIG NUMBER TENS ONE",
    "AMONTH": "MONTH WEAK_MONTH",
    "AWEEKDAY": "WEEKDAY WEAK_WEEKDAY",
    "WHICH": "THIS NEXT LAST",
    "ARTICLE": "THE ONE",
    "FILL": "ON IN OF THE",
    "TO": "RANGE_TO TILL DASH",
    "JOIN": "RANGE_TO TILL DASH AND",
    "PREP": "ON IN BY TILL AFTER BEFORE SINCE RANGE_FROM AT WITHIN OF",
    "DATELY": "ON BY TILL AFTER BEFORE SINCE RANGE_FROM RANGE_TO",
    "DURING": "ON IN OF BY TILL WITHIN BEFORE",
    "FIRMLY": "IN BY TILL AFTER BEFORE SINCE RANGE_FROM RANGE_TO",
    "ANUNIT": "UNIT THE_DAY",
    "SOMETIME": "IN ON BY AFTER BEFORE",
    "NOUNLIKE": (
        "UNKNOWN IGNORE OPAQUE UNIT TENS SMALL TEEN TWENTIES SIXTY BIG YEAR NUMBER ORD ORDINAL"
    ),
    "NEVER_FIRST": "UNKNOWN IGNORE OPAQUE END COMMA DASH FOLLOW RANGE_TO",
    "CLOCKLIKE": "MERIDIEM OCLOCK SIXTY TIME",
}

_PERIOD = "(?:THE? WHICH THE? UNIT | THE? UNIT OF? THE? WHICH)"
_YEAR = "(?:(?:OF|COMMA|DASH|IN)? YEAR)?"
_WKDAY = "(?:(?:THE|WHICH)? AWEEKDAY WHICH? COMMA? (?:ON|OF)? COMMA?)?"
_FREE = "(?! DASH? NOUNLIKE)"
_NO_CLOCK = "(?! CLOCKLIKE)"

DATE_SHAPES: tuple[tuple[str, str], ...] = (
    ("nothing", "EVERY (?:AWEEKDAY|ANUNIT|DAYPART|FIXED_TIME)"),
    ("moment", "MOMENT"),
    ("nothing", "THE? LAST COUNT ANUNIT | COUNT ANUNIT LAST (?! UNIT)"),
    (
        "nth_week",
        f"THE? (?:ORD|ORDINAL|LAST) UNIT OF THE? (?:AMONTH {_YEAR} | {_PERIOD})",
    ),
    ("offset", "WITHIN COUNT? NEXT? ANUNIT"),
    ("offset", "THE? NEXT COUNT ANUNIT"),
    ("offset", "(?:IN|AGO_BEFORE) COUNT? ANUNIT (?:FROM_NOW|AGO)?"),
    ("offset", "COUNT ANUNIT (?:FROM_NOW|AGO) | UNIT FROM_NOW"),
    ("iso", "ISO"),
    ("numeric", f"{_WKDAY} NUMDATE"),
    (
        "numeric",
        "(?:WHICH? AWEEKDAY COMMA? ON?|(?<=DATELY)|(?<=THE)|(?<=SLASH COMMA)"
        "|(?<=OR)|WHICH) (?:SLASH|DOTTED)"
        " (?! NOUNLIKE|CLOCKLIKE)",
    ),
    ("numeric", "^SLASH (?! NOUNLIKE)"),
    ("numeric", "SLASH (?=AT|BEFORE|AFTER|TIME|RANGE_FROM|HOUR MERIDIEM)"),
    ("days", f"AMONTH THE? DAY TO THE? DAY {_YEAR} {_NO_CLOCK}"),
    (
        "days",
        f"THE? DAY OF? (?:TO|AND) (?:AWEEKDAY COMMA?)? THE? DAY OF? THE? AMONTH {_YEAR}",
    ),
    ("day_month", f"{_WKDAY} THE? THE_DAY? DAY (?:OF|DASH)? THE? AMONTH {_YEAR}"),
    (
        "day_month",
        "THE? (?:ORD|ORDINAL) ANUNIT OF THE? AMONTH | YEAR DASH AMONTH DASH FIGURE",
    ),
    ("day_month", f"{_WKDAY} AMONTH THE? (?:ORD|ORDINAL) {_YEAR}"),
    ("day_month", f"{_WKDAY} AMONTH (?:THE|DASH)? FIGURE {_YEAR} {_NO_CLOCK}{_FREE}"),
    (
        "day_period",
        f"THE? THE_DAY? (?:(?:ORD|ORDINAL) ANUNIT? (?:OF|IN)?|FIGURE OF)"
        f" (?:{_PERIOD}|THE UNIT)",
    ),
    ("weekday_period", f"THE? AWEEKDAY COMMA? (?:OF|IN|ON)? {_PERIOD}"),
    (
        "weekday_period",
        "THE? WHICH UNIT COMMA? (?:FILL|BY)? AWEEKDAY"
        " | THE? UNIT WHICH COMMA? FILL? AWEEKDAY",
    ),
    (
        "weekday_day",
        f"WHICH? AWEEKDAY COMMA? ON? THE? THE_DAY? (?:ORD|ORDINAL|FIGURE)"
        f" {_NO_CLOCK} {_FREE}",
    ),
    ("weekday", "(?:THIS|NEXT|LAST) THE? AWEEKDAY | THE? AWEEKDAY (?:THIS|NEXT|LAST)"),
    ("weekday", "WEEKDAY"),
    (
        "weekday",
        f"(?:(?<=DATELY)|(?<=OR)|^) WEAK_WEEKDAY {_FREE}"
        " | WEAK_WEEKDAY (?=TIME|AT|DAYPART|IN_DAYPART|OR|HOUR MERIDIEM|HOUR OCLOCK)",
    ),
    ("part", f"PART OF? DASH? THE? AMONTH {_YEAR}"),
    ("part", f"PART OF? DASH? QUARTER {_YEAR}"),
    ("part", f"PART OF? DASH? (?:{_PERIOD}|THE? UNIT)"),
    ("part", "PART OF? DASH? THE? YEAR_WORD? YEAR"),
    ("part", "(?<=PREP) PART | PART (?=COMMA|END|$)"),
    ("quarter", f"THE? QUARTER {_YEAR} | YEAR QUARTER"),
    ("quarter", f"THE? (?:ORD|ORDINAL) UNIT {_YEAR}"),
    (
        "period",
        "THE? WHICH ANUNIT | (?<!COUNT) THE? ANUNIT OF? THE? (?:NEXT|LAST|THIS) (?! UNIT)"
        " | (?<=DURING) THE UNIT",
    ),
    ("weekend", "THE? UNIT"),
    ("month", f"WHICH? MONTH WHICH? {_YEAR}"),
    (
        "month",
        f"(?:(?<=FIRMLY)|WHICH) WEAK_MONTH (?:(?:OF|COMMA)? YEAR)? {_FREE}"
        " | WEAK_MONTH OF? YEAR",
    ),
    (
        "season",
        f"(?:(?<=DURING)|(?<=AFTER)|(?<=AT)|WHICH) THE? WHICH? SEASON WHICH? {_YEAR}",
    ),
    ("season", "SEASON (?:NEXT|OF? YEAR)"),
    ("relday", "RELDAY"),
    ("ord_day", f"(?:THE|(?<!UNKNOWN)(?<!OPAQUE)) ORD {_FREE}"),
    ("ord_day", f"THE_DAY FIGURE {_NO_CLOCK} {_FREE}"),
    ("bare_day", f"(?:^|(?<=ON)|(?<=FOLLOW)|(?<=BY)) THE FIGURE {_NO_CLOCK} {_FREE}"),
    ("holiday", f"THE? WHICH? HOLIDAY {_YEAR}"),
    (
        "year",
        "(?:(?<=DURING)|(?<=AFTER)|(?<=SINCE)) THE? YEAR_WORD? YEAR (?! NOUNLIKE)",
    ),
)

_CLOCK = "(?:TIME MERIDIEM? | HOUR (?:MERIDIEM|OCLOCK) MERIDIEM? | FIXED_TIME)"
_LOOSE = "(?:TIME MERIDIEM? | HOUR OCLOCK? MERIDIEM? | FIXED_TIME)"
_IN_PART = "(?:(?:COMMA? IN THE? DAYPART)|IN_DAYPART|DAYPART|TODAY_PART)"
_LEAD_PART = "(?:THE? DAYPART|TODAY_PART|IN_DAYPART)"
_SPOKEN = "(?:NUMBER|TENS|TEEN|TWENTIES|SIXTY|SMALL)"
_BEFORE = "(?:BEFORE_HOUR|WEAK_BEFORE_HOUR)"

TIME_SHAPES: tuple[tuple[str, str], ...] = (
    ("nothing", "EVERY (?:DAYPART|FIXED_TIME) | LAST DAYPART (?:AT (?:HOUR|TIME))?"),
    (
        "span",
        f"(?:DAYPART AT?)? (?:RANGE_FROM AT? THE?)? {_LOOSE} JOIN AT? THE?"
        f" {_CLOCK} {_IN_PART}?",
    ),
    ("span", f"{_CLOCK} AT {_CLOCK}"),
    ("span", f"(?:DAYPART AT?)? RANGE_FROM? {_CLOCK} JOIN AT? {_LOOSE} {_FREE}"),
    (
        "span",
        f"RANGE_FROM AT? THE? {_LOOSE} JOIN AT? THE? {_LOOSE} {_IN_PART}? {_FREE}",
    ),
    ("span", f"{_LOOSE} TO AT? {_LOOSE} {_IN_PART}"),
    ("weak_span", f"AT? {_LOOSE} TO AT? {_LOOSE} {_IN_PART}? {_FREE}"),
    (
        "clock",
        f"{_LEAD_PART} COMMA? (?:AT|ON|BY)? {_BEFORE}? HOUR"
        f" OCLOCK? AFTER_HOUR? MERIDIEM? {_FREE}",
    ),
    (
        "clock",
        f"{_LEAD_PART} COMMA? (?:AT|ON|BY|AFTER|BEFORE)?"
        " (?:TIME MERIDIEM? | HOUR MERIDIEM)",
    ),
    ("spoken", f"{_SPOKEN} UNIT? PAST_HOUR HOUR OCLOCK? {_IN_PART}? MERIDIEM?"),
    ("spoken", f"HOUR DASH? (?:TENS|NUMBER) (?:{_IN_PART} | MERIDIEM)"),
    ("spoken", f"(?<=AT) HOUR DASH? (?:TENS|NUMBER) {_FREE}"),
    ("spoken", "HOUR (?:TEEN|TWENTIES|SIXTY) MERIDIEM"),
    ("clock", f"BEFORE_HOUR HOUR OCLOCK? {_IN_PART}? MERIDIEM?"),
    ("clock", f"(?<=AT) WEAK_BEFORE_HOUR HOUR OCLOCK? {_IN_PART}? MERIDIEM? {_FREE}"),
    ("clock", f"WEAK_BEFORE_HOUR HOUR (?:OCLOCK|MERIDIEM|{_IN_PART})"),
    ("clock", f"HOUR OCLOCK? AFTER_HOUR {_IN_PART}? MERIDIEM?"),
    ("nothing", "SINCE (?:TIME|HOUR) MERIDIEM?"),
    ("clock", f"TIME OCLOCK? MERIDIEM? {_IN_PART}?"),
    ("clock", f"HOUR (?:OCLOCK (?! UNIT)|MERIDIEM)+ {_IN_PART}?"),
    ("clock", f"DOTTED (?:OCLOCK|MERIDIEM) {_IN_PART}?"),
    ("clock", "(?<=AT) DOTTED (?! NOUNLIKE)"),
    ("unit_clock", f"HOUR UNIT (?:{_IN_PART}|AFTER_HOUR)"),
    ("unit_clock", "(?:(?<=AT)|(?<=AFTER)|(?<=BEFORE)|(?<=BY)) HOUR UNIT"),
    ("clock", "HOUR (?:(?:COMMA? IN THE? DAYPART)|IN_DAYPART|TODAY_PART)"),
    ("clock", f"(?:(?<=AT)|(?<=AFTER)|(?<=BEFORE)) HOUR {_FREE}(?! COMMA? SIXTY)"),
    ("clock", f"(?<=RELDAY BY) HOUR {_FREE}"),
    ("clock", "(?:^|(?<=COMMA)|(?<=END)) HOUR (?=RELDAY)"),
    ("spoken", "HOUR DASH? (?:TENS|NUMBER) (?=RELDAY)"),
    ("weak_clock", f"(?<=OR) HOUR {_FREE}"),
    ("fixed", "FIXED_TIME"),
    ("today_part", "TODAY_PART"),
    (
        "daypart",
        "(?:THIS|(?<=SOMETIME)|(?<=SOMETIME THE)) DAYPART | IN_DAYPART",
    ),
    ("weak_daypart", "DAYPART"),
)


def _letters(word: str) -> str:
    names = _SETS.get(word, word).split()
    return "".join(_letters(name) if name in _SETS else KINDS[name] for name in names)


def _expand(shape: str) -> str:
    def letters(found: re.Match[str]) -> str:
        return f"[{_letters(found.group())}]"

    return re.sub(r"[A-Z][A-Z_]*", letters, shape).replace(" ", "")


@cache
def _compile(stage: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    shapes = DATE_SHAPES if stage == "date" else TIME_SHAPES
    source = "|".join(f"({_expand(shape)})" for _, shape in shapes)
    return re.compile(f"(?![{_letters('NEVER_FIRST')}])(?:{source})"), tuple(
        name for name, _ in shapes
    )


def shapes_in(tokens: Tokens, stage: str) -> Iterator[tuple[str, int, int]]:
    """Name of the shape, first token and end, left to right without overlap."""
    pattern, names = _compile(stage)
    for found in pattern.finditer(tokens.kinds):
        if found.lastindex:
            yield names[found.lastindex - 1], found.start(), found.end()
