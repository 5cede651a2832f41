"""Amounts, percentages, times, dates, phones and counts in a text.

The same reading is used for a reply and for what it may be built from: two items
agree when they share a key.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from messaging.agent.guarding.links import Address, read_addresses, spell_out
from messaging.agent.guarding.numbers import Number
from messaging.agent.guarding.readings import (
    ALWAYS,
    BUDGET,
    CLOCK,
    DATE,
    ENUMERATED,
    HOUR,
    HOURS,
    ISO,
    NO_PHONE,
    NOON,
    ORDINAL,
    PHONE,
    SHORT_DATE,
    SPELLED_CLOCK,
    TOKENS,
    Key,
    Maker,
    clock_time,
    currency,
    days,
    hours,
    named,
    shape,
    shifted,
    weekdays,
)
from messaging.agent.guarding.text import Folded, fold, join_letters
from messaging.agent.guarding.units import units

_SPELLED_PHONE = 5
_THANKS = re.compile(
    r"s? (?:thanks|gracias|mercis?|dank|obrigad|perdon|fois|times|ve[cz])"
)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that must be known to be true; `keys` are its possible meanings.

    `kind` is percentage, amount, time, date, phone, number, link or address. Key
    heads: p percent, m money, t minute of the day, md month and day, wd weekday, mo
    month, rel relative day, d duration, ph phone, n plain number, l link, a mail.
    """

    kind: str
    keys: frozenset[Key]
    start: int
    end: int


@lru_cache(maxsize=2048)
def read_items(raw: str) -> tuple[Item, ...]:
    """All items of a text in its order of reading; the result is kept for reuse."""
    return tuple(_Reader(plain(raw)).read())


@lru_cache(maxsize=64)
def plain(raw: str) -> Folded:
    """A text as items are read in it: without disguises, addresses spelled out."""
    return spell_out(join_letters(fold(raw)))


def known_keys(texts: Iterable[str]) -> frozenset[Key]:
    """Every key that some text states, with what follows from it."""
    return frozenset(key for text in texts for key in keys_of(text))


@lru_cache(maxsize=2048)
def keys_of(text: str) -> frozenset[Key]:
    """Every key that a text states, with what follows from it."""
    return keys_of_items(read_items(text))


def keys_of_items(items: Iterable[Item]) -> frozenset[Key]:
    """Every key that items state, with what follows from it."""
    keys = {key for item in items for key in item.keys}
    for key in tuple(keys):
        if key[0] in ("p", "m", "d"):
            keys.add(("n", key[1]))
        elif key[0] == "md":
            keys |= {("mo", key[1]), ("n", float(key[2])), ("day", float(key[2]))}
    return frozenset(keys)


def agrees(item: Item, known: frozenset[Key]) -> bool:
    """Whether the texts behind `known` state this item."""
    if not item.keys.isdisjoint(known):
        return True
    if item.kind == "amount":
        return any(_same_money(key, known) for key in item.keys)
    if item.kind == "phone":
        return any(_same_phone(key, known) for key in item.keys)
    if item.kind != "number":
        return False
    said = [float(key[1]) for key in item.keys if key[0] == "n"]
    return any(
        ("t", int(hour * 60) + shift) in known
        for hour in said
        if hour <= 24
        for shift in (0, 720)
    )


def _same_money(key: Key, known: frozenset[Key]) -> bool:
    if key[0] != "m":
        return False
    if key[2]:
        return ("m", key[1], "") in known
    return any(other[0] == "m" and other[1] == key[1] for other in known)


def _same_phone(key: Key, known: frozenset[Key]) -> bool:
    digits = str(key[1])
    return any(
        other[0] == "ph"
        and min(len(digits), len(str(other[1]))) >= 7
        and (str(other[1]).endswith(digits) or digits.endswith(str(other[1])))
        for other in known
    )


class _Reader:
    """Takes items out of a text one kind after the other, blanking what it took."""

    def __init__(self, folded: Folded) -> None:
        addresses = read_addresses(folded)
        self.folded = folded
        self.text = self.shape = addresses.text
        self.numbers: list[Number] = []
        self.items = [self._address(one) for one in addresses.found]

    def read(self) -> list[Item]:
        if any(sign.isdigit() for sign in self.text):
            self._take(TOKENS, lambda found: None)
            self._phones()
            self._dates()
            self._take(CLOCK, clock_time)
        self._names()
        self._take(ENUMERATED, lambda found: None)
        self._numbers()
        return sorted(self.items, key=lambda item: item.start)

    @staticmethod
    def _address(one: Address) -> Item:
        head, kind = ("a", "address") if one.mail else ("l", "link")
        return Item(kind, frozenset({(head, one.key)}), one.start, one.end)

    def _add(self, kind: str, keys: Iterable[Key], start: int, end: int) -> None:
        self.items.append(Item(kind, frozenset(keys), start, end))
        self._blank(start, end)

    def _blank(self, start: int, end: int) -> None:
        gap = "\x00" * (end - start)
        self.text = self.text[:start] + gap + self.text[end:]
        self.shape = self.shape[:start] + gap + self.shape[end:]

    def _take(self, pattern: re.Pattern[str], make: Maker) -> None:
        for found in pattern.finditer(self.text):
            made = make(found)
            if made is None:
                self._blank(*found.span())
            elif made[1]:
                self._add(made[0], made[1], *found.span())

    def _phones(self) -> None:
        for found in PHONE.finditer(self.text):
            words = found.group().strip()
            digits = re.sub(r"\D", "", words)
            if not NO_PHONE.match(words):
                self._add("phone", {("ph", digits.lstrip("0"))}, *found.span())

    def _dates(self) -> None:
        self._take(ALWAYS, lambda found: ("time", {("always",)}))
        self._take(ISO, lambda found: ("date", days(found, 2, 3)))
        self._take(DATE, lambda found: ("date", days(found, 1, 3, 4, 5)))
        self._take(SHORT_DATE, lambda found: ("date", days(found, 1, 3)))

    def _names(self) -> None:
        self._take(NOON, lambda found: ("time", {("t", 720 if found["noon"] else 0)}))
        self._take(units().day_range, lambda found: ("date", weekdays(found)))
        self.shape, self.numbers = shape(self.text)
        for found in units().day_month.finditer(self.shape) if self.numbers else ():
            self._add("date", self._day_month(found), *found.span())
        self._take(units().names, lambda found: ("date", {named(found)}))
        for found in units().within.finditer(self.text):
            self._add("date", {("d", 1.0, _unit(found))}, *found.span())
        for found in units().today.finditer(self.text):
            sentence = self.folded.sentence(*found.span())
            if units().announces.search(sentence):
                self._add("date", {("rel", "today")}, *found.span())

    def _numbers(self) -> None:
        if self.numbers:
            self._measures(ORDINAL, "date", lambda at: ("day",))
            self._measures(units().percent, "percentage", lambda at: ("p",))
            self._measures(units().money, "amount", _money)
            self._spelled_clock()
            self._measures(units().durations, "date", lambda at: ("d", _unit(at)))
            self._plain_numbers()
        for pattern, kind in (
            (units().lone_percent, "percentage"),
            (units().lone_sign, "amount"),
        ):
            for found in pattern.finditer(self.text):
                self._add(kind, {("lone", found.group())}, *found.span())

    def _measures(
        self, pattern: re.Pattern[str], kind: str, head: Callable[[re.Match[str]], Key]
    ) -> None:
        """Numbers with a unit; both ends of a range count for themselves."""
        for found in pattern.finditer(self.shape):
            name, *unit = head(found)
            inner = self._within(found)
            for one in inner:
                keys = {(name, value, *unit) for value in one.values}
                start = found.start() if one is inner[0] else one.start
                end = found.end() if one is inner[-1] else one.end
                self._add(kind, keys, start, end)
            self._blank(*found.span())

    def _within(self, found: re.Match[str]) -> list[Number]:
        start, end = found.span()
        return [one for one in self.numbers if start <= one.start and one.end <= end]

    def _spelled_clock(self) -> None:
        for found in SPELLED_CLOCK.finditer(self.shape):
            half, keys = found["h"] or "", set[Key]()
            for value in self._within(found)[-1].values:
                keys |= shifted(hours(int(value), half=half), found["part"])
                if half.startswith(("hora", "heure")):
                    keys.add(("d", value, "hour"))
            self._add("time", keys, *found.span())

    def _day_month(self, found: re.Match[str]) -> set[Key]:
        month = next(
            int(name[3:])
            for name, value in found.groupdict().items()
            if value and name[:3] in ("mo_", "no_")
        )
        numbers = self._within(found)
        return {("md", month, int(v)) for one in numbers for v in one.values}

    def _plain_numbers(self) -> None:
        free = [one for one in self.numbers if self.text[one.start] != "\x00"]
        clock = self._clock_hours() if any(not one.spelled for one in free) else {}
        for one in free:
            words = self.text[one.start : one.end].split()
            if not one.spelled:
                keys = self._plain(one) | clock.get(one.start, set())
                self.items.append(Item("number", frozenset(keys), one.start, one.end))
            elif one.scaled and not self._thanks(one):
                keys = {("n", value) for value in one.values}
                self._add("number", keys, one.start, one.end)
            elif len(words) >= _SPELLED_PHONE:
                keys = {("spelled", " ".join(words))}
                self._add("phone", keys, one.start, one.end)

    def _thanks(self, number: Number) -> bool:
        """Whether it belongs to "thanks a million" or "mil gracias"."""
        before = self.text[: number.start].endswith("thanks a ")
        return before or _THANKS.match(self.text, number.end) is not None

    def _plain(self, number: Number) -> set[Key]:
        keys: set[Key] = {("n", value) for value in number.values}
        near = self.folded.text[max(0, number.start - 30) : number.end + 10]
        spends = BUDGET.search(near)
        for value in number.values:
            if number.scaled or value >= 1000 or spends:
                keys.add(("m", value, ""))
        return keys

    def _clock_hours(self) -> dict[int, set[Key]]:
        """Bare numbers that stand where an hour would, by their place."""
        found: dict[int, set[Key]] = {}
        for pattern in (HOUR, HOURS):
            for match in pattern.finditer(self.text):
                for group in range(1, pattern.groups + 1):
                    found[match.start(group)] = hours(int(match[group]))
        return found


def _unit(found: re.Match[str]) -> str:
    return str(found.lastgroup).partition("_")[2]


def _money(found: re.Match[str]) -> Key:
    return ("m", currency(found["s1"] or found["s2"] or found["w"] or ""))
