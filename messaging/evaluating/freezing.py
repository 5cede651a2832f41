"""Situations as JSON: frozen without the lead's name and addresses, and thawed.

What is thawed plans and writes as the situation did; only who the lead is has been
replaced, everywhere alike (see `redacting`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from messaging.agent.model import (
    CompanyFacts,
    Goal,
    Missing,
    Passage,
    Plan,
    Said,
    Situation,
)
from messaging.agent.understanding.facts import read_facts
from messaging.evaluating.redacting import Redaction, names_in

VERSION = 1
_NAMES = ("name",)
_COMPANIES = ("company",)
_VALUES = ("email", "phone", "address", "website")


class Unreadable(ValueError):
    """What was frozen is of a version that this program does not know."""


@dataclass(frozen=True, slots=True)
class FrozenWhen:
    """A time that the lead named, as it was read then."""

    start: datetime | None
    text: str
    grain: str
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Personal:
    """What is known of the lead beside the situation, such as its own row says."""

    names: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def freeze(
    situation: Situation, plan: Plan, *, personal: Personal | None = None
) -> dict[str, Any]:
    """Return the situation and what was planned as JSON, without the lead in it."""
    return freeze_with(redaction_of(situation, personal=personal), situation, plan)


def freeze_with(
    redaction: Redaction, situation: Situation, plan: Plan
) -> dict[str, Any]:
    """As `freeze`, with a redaction that other words of the case share."""
    clean = redacted(situation, redaction)
    kept = {one.name: getattr(clean, one.name) for one in fields(Situation)}
    kept |= {
        "history": [
            {"author": said.author, "text": said.text, "at": said.at.isoformat()}
            for said in clean.history
        ],
        "when": [_when(when) for when in clean.when],
        "facts": dict(clean.facts),
        "quotes": dict(clean.quotes),
        "missing": [asdict(one) for one in clean.missing],
        "company": asdict(clean.company),
        "knowledge": [asdict(one) for one in clean.knowledge],
        "local_now": _clock(clean.local_now),
        "topics": list(clean.topics),
        "new_facts": list(clean.new_facts),
    }
    planned = {**asdict(plan), "signals": list(plan.signals)}
    planned["hand_off"] = redaction.words(plan.hand_off)
    planned["draft_reason"] = redaction.words(plan.draft_reason)
    return {"version": VERSION, "situation": kept, "plan": planned}


def thaw(frozen: Mapping[str, Any]) -> Situation:
    """Return the situation that `freeze` kept. Raises Unreadable.

    Fields that are newer than what was frozen have their defaults.
    """
    at = _known(frozen, "situation", Situation)
    try:
        return Situation(
            **{
                **at,
                "history": tuple(_said(one) for one in at["history"]),
                "when": tuple(_frozen_when(one) for one in at["when"]),
                "missing": tuple(Missing(**one) for one in at["missing"]),
                "company": CompanyFacts(**_fitting(at["company"], CompanyFacts)),
                "knowledge": tuple(
                    Passage(**_fitting(one, Passage)) for one in at["knowledge"]
                ),
                "local_now": _moment(at["local_now"]),
                "topics": tuple(at["topics"]),
                "new_facts": tuple(at["new_facts"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"what was frozen cannot be read: {error}") from None


def thaw_plan(frozen: Mapping[str, Any]) -> Plan:
    """Return the plan that was made then. Raises Unreadable."""
    at = _known(frozen, "plan", Plan)
    try:
        return Plan(**{**at, "goal": Goal(at["goal"]), "signals": tuple(at["signals"])})
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"what was planned cannot be read: {error}") from None


# --- taking the lead out -------------------------------------------------------


def redaction_of(
    situation: Situation, *, personal: Personal | None = None
) -> Redaction:
    """What takes this lead out of any words of this case."""
    known = personal or Personal()
    read = _read_from_words(situation)
    return Redaction(
        own=_own(situation.company),
        names=names_in(
            (situation.lead_name, *known.names, *_of(read, situation, _NAMES))
        ),
        companies=names_in((*known.companies, *_of(read, situation, _COMPANIES))),
        values=names_in((*known.values, *_of(read, situation, _VALUES))),
    )


def redacted(at: Situation, redaction: Redaction) -> Situation:
    """The situation with the lead taken out of every field that holds its words."""
    words = redaction.words
    return replace(
        at,
        lead_name=redaction.name(at.lead_name),
        history=tuple(replace(said, text=words(said.text)) for said in at.history),
        message=words(at.message),
        facts={name: _fact(redaction, name, value) for name, value in at.facts.items()},
        quotes={name: words(quote) for name, quote in at.quotes.items()},
        when=tuple(
            FrozenWhen(
                when.start, words(when.text), when.grain, getattr(when, "end", None)
            )
            for when in at.when
        ),
        instruction=words(at.instruction),
    )


def _fact(redaction: Redaction, name: str, value: str) -> str:
    if name in _NAMES:
        return redaction.name(value)
    if name in _VALUES:
        return redaction.value(value)
    return redaction.words(value)


def _own(company: CompanyFacts) -> tuple[str, ...]:
    """What may stay, since it is ours."""
    values = (
        company.name,
        company.website,
        company.website.partition("//")[2].rstrip("/"),
        company.phone,
        company.email,
        company.postal_address,
        company.booking_url,
        company.assistant_name,
    )
    return tuple(dict.fromkeys(value for value in values if value))


def _of(
    read: Sequence[tuple[str, str]], at: Situation, names: Iterable[str]
) -> list[str]:
    found = [value for field, value in read if field in names]
    for name in names:
        found += [at.facts.get(name, ""), at.quotes.get(name, "")]
    return found


def _read_from_words(at: Situation) -> list[tuple[str, str]]:
    """Who the lead says it is, in each of its own messages."""
    theirs = [said.text for said in at.history if said.author == "lead"]
    now = at.local_now
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    found = []
    for text in (*theirs, at.message):
        readings = read_facts(text, now=now, tz=zone, language=at.language)
        found += [(one.field, one.value) for one in readings]
        found += [(one.field, one.quote) for one in readings if one.field == "phone"]
    return found


# --- JSON ------------------------------------------------------------------------


def _known(frozen: Mapping[str, Any], part: str, of: type[Any]) -> dict[str, Any]:
    if frozen.get("version") != VERSION or not isinstance(frozen.get(part), Mapping):
        raise Unreadable(f"frozen by version {frozen.get('version')!r} of the format")
    return _fitting(frozen[part], of)


def _fitting(values: Mapping[str, Any], of: type[Any]) -> dict[str, Any]:
    """Without the fields that this version has no more."""
    known = {one.name for one in fields(of)}
    return {name: value for name, value in values.items() if name in known}


def _said(one: Mapping[str, Any]) -> Said:
    return Said(one["author"], one["text"], datetime.fromisoformat(one["at"]))


def _when(when: Any) -> dict[str, str | None]:
    start, end = when.start, getattr(when, "end", None)
    return {
        "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None,
        "text": when.text,
        "grain": str(when.grain),
    }


def _frozen_when(one: Mapping[str, Any]) -> FrozenWhen:
    start, end = (
        datetime.fromisoformat(one[name]) if one.get(name) else None
        for name in ("start", "end")
    )
    return FrozenWhen(start, one["text"], one["grain"], end)


def _clock(moment: datetime) -> dict[str, str]:
    """With the zone's name: an offset alone would lose summer time."""
    zone = moment.tzinfo
    name = zone.key if isinstance(zone, ZoneInfo) else ""
    return {"at": moment.isoformat(), "zone": name}


def _moment(kept: Mapping[str, str]) -> datetime:
    moment = datetime.fromisoformat(kept["at"])
    return moment.astimezone(ZoneInfo(kept["zone"])) if kept["zone"] else moment
