"""Words for units, days, months and times, compiled from data/guard_units.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache

from messaging.agent.guarding.numbers import DATA

Named = tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True, slots=True)
class Units:
    """Compiled patterns; a number is a run of U+0001 signs in some."""

    percent: re.Pattern[str]
    lone_percent: re.Pattern[str]
    money: re.Pattern[str]
    lone_sign: re.Pattern[str]
    durations: re.Pattern[str]
    within: re.Pattern[str]
    day_month: re.Pattern[str]
    names: re.Pattern[str]
    day_range: re.Pattern[str]
    today: re.Pattern[str]
    announces: re.Pattern[str]


N = "\x01+"


def whole(body: str) -> str:
    """A pattern that stands between letters of no word."""
    return rf"(?<![a-z])(?:{body})(?![a-z])"


@lru_cache(maxsize=1)
def units() -> Units:
    """Compile once; a few milliseconds."""
    with (DATA / "guard_units.toml").open("rb") as file:
        data = tomllib.load(file)
    percent, sign = data["percent"], data["currency_sign"]
    word = data["currency_word"]
    months = _groups("mo", _merged(data["months"], data["months_short"]))
    span = r"(?: ?(?:-|to|or|and|bis|a|ate|et|y|und|oder|o|e|ou) ?" + N + ")?"
    length = _groups("d", data["durations"])
    return Units(
        percent=re.compile(rf"(?P<a>{N}){span} ?-?(?:{percent})(?![a-z])|%(?P<b>{N})"),
        lone_percent=re.compile(rf"%|(?<![a-z])(?:{percent[2:]})(?![a-z])"),
        money=re.compile(
            rf"(?P<s1>{sign}) ?(?P<a>{N}){span}"
            rf"|(?P<b>{N}){span} ?(?:-|of )?(?:(?P<s2>{sign})|(?P<w>{word}))(?![a-z])"
            rf"|{N} ?(?:{data['per']}) ?(?:{data['priced']})(?![a-z])"
        ),
        lone_sign=re.compile(rf"[$€£¥₹]|(?<![a-z])(?:{data['lone_word']})(?![a-z])"),
        durations=re.compile(rf"(?P<a>{N}){span}[ -]?(?:{length})(?![a-z])"),
        within=re.compile(_within(data)),
        day_month=re.compile(
            rf"(?<![\w])(?P<a>{N})(?:st|nd|rd|th|er|\.|º|o)? ?(?:of |de |du )?"
            rf"(?:{months})(?![a-z])"
            rf"|(?=[adefjmnos])(?<![a-z])(?:{months.replace('(?P<mo', '(?P<no')})\.? ?(?:the )?"
            rf"(?P<b>{N})(?:st|nd|rd|th)?"
        ),
        names=re.compile(_names(data)),
        day_range=re.compile(_day_range(data)),
        today=re.compile(whole(data["today"]["words"])),
        announces=re.compile(rf"(?<![a-z])(?:{data['today']['announces']})(?![a-z])"),
    )


def _within(data: dict[str, dict[str, str]]) -> str:
    """A single length of time without a figure: "within a week", "for one month"."""
    length = _groups("d", data["durations"])
    again = _groups("e", data["durations"])
    return (
        whole(
            "(?:within|in|under|takes?|took|lasts?|dauert|tarda|prend|leva|binnen"
            "|innerhalb(?: von)?|dans|sous|en|em|dentro de)"
            "(?: about| around| roughly| only| just| etwa| nur| environ| less than"
            "| weniger als| menos de| moins d.)?"
            " (?:an?|one|the|a few|a couple of|some|wenigen|einigen|quelques|unos"
            "|unas|poc[oa]s|alguns|poucos|poucas|einer?"
            rf"|einem|une?|una?|uma?) ?(?:next )?(?:{length})"
        )
        + "|"
        + whole(rf"(?:{data['one']['before']}) (?:{data['one']['words']}) (?:{again})")
    )


def _merged(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return {
        key: "|".join(part for part in (one.get(key), other.get(key)) if part)
        for key in (*one, *(key for key in other if key not in one))
    }


def _groups(prefix: str, names: dict[str, str]) -> str:
    return "|".join(f"(?P<{prefix}_{key}>{body})" for key, body in names.items())


def _names(data: dict[str, dict[str, str]]) -> str:
    relative = _groups("rel", _by_length(data["relative"]))
    days = _groups("wd", data["weekdays"])
    short = _groups("ws", data["weekdays_short"])
    months = _groups("mo", data["months"])
    after = "".join(
        f"(?<={word} )|"
        for word in ("on", "by", "next", "this", "until", "na", "el", "ate", "bis")
    ).rstrip("|")
    later = (
        r"(?=\.?,? (?:at |as |a las |um |a )?(?:\x00|\d{1,2}(?:[:h]\d\d| ?[ap]m|h|$)))"
    )
    again = short.replace("(?P<ws", "(?P<wt")
    return (
        rf"(?=[a-z])(?<![a-z])(?:{relative}|{days}|{months}"
        rf"|(?:{after})(?:{short})|(?:{again}){later})(?![a-z])"
    )


def _by_length(names: dict[str, str]) -> dict[str, str]:
    return dict(sorted(names.items(), key=lambda item: -len(item[0])))


def _day_range(data: dict[str, dict[str, str]]) -> str:
    days = _merged(data["weekdays"], data["weekdays_range"])
    first, last = _groups("f", days), _groups("l", days)
    return (
        rf"(?<![a-z])(?:{first})\.? ?(?:-|to|through|thru|til|bis|a|au|ate|al)"
        rf" ?(?:{last})(?![a-z])"
    )
