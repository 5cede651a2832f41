"""Who is enrolled by itself: a rule of a few plain conditions.

`Sequence.rule` is {} for nobody, else {"on": "captured" | "stage_changed", …} with
any of the other `RULE_FIELDS`; all of them must hold. Leads of an import are left out
unless "imports" is true; an event is of an import when its payload has "import" or
its actor is "import:<job>", which is how importers name themselves. The demo's leads
are never enrolled by a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from leads.models import Event, Lead, LeadSource, Stage
from messaging.models.sequence import Sequence

CAPTURED, STAGE_CHANGED = "captured", "stage_changed"
ON = {CAPTURED: "A new lead comes in", STAGE_CHANGED: "A lead reaches a stage"}
EVENTS = {"lead.captured": CAPTURED, "lead.stage_changed": STAGE_CHANGED}
IMPORT = "import"


@dataclass(frozen=True)
class RuleField:
    """One condition. `kind` is choice, list, number or flag."""

    name: str
    label: str
    kind: str
    help: str = ""


RULE_FIELDS: tuple[RuleField, ...] = (
    RuleField("on", "When", "choice", "Empty: nobody is enrolled by itself."),
    RuleField("stages", "Stage is one of", "list", "Keys of stages."),
    RuleField("sources", "Came from one of", "list", "Names of sources."),
    RuleField("languages", "Writes in one of", "list", "Such as en, de."),
    RuleField("score_from", "Score at least", "number"),
    RuleField("score_below", "Score below", "number"),
    RuleField("imports", "Imported leads too", "flag"),
)
_NAMES = {field.name: field for field in RULE_FIELDS}


def problems(rule: Mapping[str, Any]) -> list[str]:
    """What is wrong with a rule, in words; nothing for {}."""
    if not rule:
        return []
    found = [f"There is no condition “{name}”" for name in rule if name not in _NAMES]
    if rule.get("on") not in ON:
        found.append(f"Choose when leads are enrolled: {' or '.join(ON)}")
    for name, value in rule.items():
        field = _NAMES.get(name)
        if field is not None and not _fits(field, value):
            found.append(f"“{field.label}” cannot be {value!r}")
    if rule.get("on") == STAGE_CHANGED and not rule.get("stages"):
        found.append("Choose the stages that enroll a lead")
    return found or _unknown(rule)


def _fits(field: RuleField, value: object) -> bool:
    if field.kind == "list":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if field.kind == "number":
        number = isinstance(value, int) and not isinstance(value, bool)
        return number and 0 <= int(str(value)) <= 101
    if field.kind == "flag":
        return isinstance(value, bool)
    return isinstance(value, str)


def _unknown(rule: Mapping[str, Any]) -> list[str]:
    known = {
        "stages": set(Stage.objects.values_list("key", flat=True)),
        "sources": set(LeadSource.objects.values_list("name", flat=True)),
    }
    return [
        f"There is no {name[:-1]} “{one}”"
        for name, there in known.items()
        for one in rule.get(name, [])
        if one not in there
    ]


def leads_of(rule: Mapping[str, Any]) -> "QuerySet[Lead]":
    """The leads that meet a rule now; nobody for {} or one that is wrong."""
    leads = Lead.objects.filter(archived_at=None, demo=False)
    if rule.get("on") not in ON:
        return leads.none()
    wanted = Q()
    for name, path in (
        ("stages", "stage__key__in"),
        ("sources", "source__name__in"),
        ("languages", "language__in"),
    ):
        if rule.get(name):
            wanted &= Q(**{path: rule[name]})
    if rule.get("score_from"):
        wanted &= Q(score__gte=rule["score_from"])
    if rule.get("score_below"):
        wanted &= Q(score__lt=rule["score_below"])
    return leads.filter(wanted)


def matches(rule: Mapping[str, Any], lead: Lead) -> bool:
    """Whether a lead meets a rule now."""
    return leads_of(rule).filter(pk=lead.pk).exists()


def is_import(event: Event) -> bool:
    """Whether an event tells of a lead that came with many others."""
    return IMPORT in event.payload or event.actor.startswith(f"{IMPORT}:")


def wanting(event: Event) -> list[Sequence]:
    """The active sequences whose rule this event meets, the oldest first."""
    on = EVENTS.get(event.kind)
    lead = event.lead
    if on is None or lead is None:
        return []
    imported = is_import(event)
    active = Sequence.objects.filter(
        Q(team=None) | Q(team=lead.team_id), state=Sequence.State.ACTIVE
    ).exclude(rule={})
    return [
        sequence
        for sequence in active.order_by("pk")
        if sequence.rule.get("on") == on
        and (not imported or sequence.rule.get("imports") is True)
        and matches(sequence.rule, lead)
    ]
