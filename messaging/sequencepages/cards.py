"""The builder's parts: settings, and each step as a card, ready for templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from messaging import segments, templating
from messaging.forms_knowledge import LANGUAGES
from messaging.models.sequence import Sequence, SequenceVersion, Step
from messaging.sequencepages.content import (
    LABELS,
    MOST_BRANCHES,
    StepContent,
    content_of,
)
from messaging.sequencepages.forms import BRANCH_INTENTS, rule_choices
from messaging.sequencepages.reads import steps_of
from messaging.sequences import rules, variants
from messaging.sequences.variants import VariantResult

Choice = tuple[str, str, bool]  # value, words, chosen


@dataclass(frozen=True)
class Standing:
    """How one wording did so far, in words; `tone` is "" or green."""

    words: str
    tone: str = ""


@dataclass(frozen=True)
class Branch:
    """One branch: what the last message may have been, and where it leads."""

    number: int
    intents: tuple[Choice, ...]
    targets: tuple[Choice, ...]
    chosen: str


@dataclass(frozen=True)
class Card:
    """One step as a form. `standings` are by the label of the wording."""

    position: int
    content: StepContent
    first: bool
    last: bool
    branches: tuple[Branch, ...]
    wordings: tuple[tuple[Any, Standing | None], ...]

    @property
    def mark(self) -> str:
        """What the form was filled with."""
        return self.content.mark

    @property
    def several(self) -> bool:
        """Whether wordings are tried against each other."""
        return len(self.content.wordings) > 1

    @property
    def more_wordings(self) -> bool:
        """Whether another wording may be added."""
        return len(self.content.wordings) < len(LABELS)

    @property
    def more_branches(self) -> bool:
        """Whether another branch may be added: only to a step that follows, or the end."""
        return len(self.content.branches) < MOST_BRANCHES


def cards_of(sequence: Sequence, version: SequenceVersion | None) -> list[Card]:
    """The steps of a version as cards."""
    steps = steps_of(version)
    running = steps if version == sequence.current else steps_of(sequence.current)
    known = {step.position: step for step in running}
    positions = [step.position for step in steps]
    return [_card(sequence, step, positions, known) for step in steps]


def _card(
    sequence: Sequence,
    step: Step,
    positions: list[int],
    running: Mapping[int, Step],
) -> Card:
    content = content_of(step)
    results = _results(sequence, content, running.get(step.position))
    return Card(
        position=step.position,
        content=content,
        first=step.position == positions[0],
        last=step.position == positions[-1],
        branches=tuple(
            _branch(number, branch, step.position, positions)
            for number, branch in enumerate(content.branches)
        ),
        wordings=tuple((one, results.get(one.label)) for one in content.wordings),
    )


def _results(
    sequence: Sequence, content: StepContent, step: Step | None
) -> dict[str, Standing]:
    """How the wordings that run now did, as far as the draft still says the same."""
    if step is None or len(content.wordings) < 2:
        return {}
    results = variants.standing(step)
    floor = sequence.sample_floor
    best = variants.winner(results, floor=floor)
    shown = {one.label: one for one in content.wordings}
    return {
        row.variant.label: _standing(row, floor, best, sequence.measure)
        for row in results
        if _same(row, shown.get(row.variant.label))
    }


def _same(row: VariantResult, shown: Any) -> bool:
    names = ("subject", "body", "brief")
    return shown is not None and all(
        getattr(row.variant, name) == getattr(shown, name) for name in names
    )


def _standing(
    row: VariantResult, floor: int, best: VariantResult | None, measure: str
) -> Standing:
    what = "booked" if measure == Sequence.Measure.BOOKED else "replied"
    if row.variant.won_at is not None:
        return Standing(f"won: {row.good} of {row.sends} {what}", "green")
    if row.sends < floor:
        told = f", {row.good} {what}" if row.good else ""
        return Standing(f"too few to tell: {row.sends} of {floor} sent{told}")
    share = f"{round(100 * row.rate)} % {what} ({row.good} of {row.sends})"
    if best is not None and best.variant.pk == row.variant.pk:
        return Standing(f"does better: {share}", "green")
    span = f"likely {round(100 * row.low)}–{round(100 * row.high)} %"
    return Standing(f"{share}, {span}")


def _branch(
    number: int, branch: Mapping[str, Any], position: int, positions: list[int]
) -> Branch:
    chosen = list(branch.get("intents") or [])
    named = {
        **BRANCH_INTENTS,
        **{one: one for one in chosen if one not in BRANCH_INTENTS},
    }
    to = branch.get("to") or 0
    later = [one for one in positions if one > position]
    if to and to not in later:
        later.insert(0, to)  # shown as it is; what is wrong with it is said above
    targets = [("0", "end the sequence", not to)]
    targets += [(str(one), f"go to step {one}", one == to) for one in later]
    return Branch(
        number,
        tuple((key, words, key in chosen) for key, words in named.items()),
        tuple(targets),
        " or ".join(named[one] for one in chosen) or "choose what",
    )


# --- settings ------------------------------------------------------------------------


def settings_of(sequence: Sequence) -> dict[str, Any]:
    """What the form of the settings shows."""
    rule = sequence.rule
    lists = rule_choices()
    return {
        "on": [("", "Nobody by itself", not rule)]
        + [(key, words, rule.get("on") == key) for key, words in rules.ON.items()],
        "lists": [
            (field.name, field.label, _chosen(lists[field.name], rule.get(field.name)))
            for field in rules.RULE_FIELDS
            if field.kind == "list"
        ],
        "score_from": rule.get("score_from", ""),
        "score_below": rule.get("score_below", ""),
        "imports": rule.get("imports", False),
        "measures": [
            (key, words, sequence.measure == key)
            for key, words in Sequence.Measure.choices
        ],
    }


def _chosen(choices: list[tuple[str, str]], value: Any) -> list[Choice]:
    now = value or []
    gone = [(one, one) for one in now if one not in dict(choices)]
    return [(key, words, key in now) for key, words in [*choices, *gone]]


def rule_words(sequence: Sequence) -> str:
    """Who is enrolled by itself, as one sentence."""
    rule = sequence.rule
    if not rule:
        return "Nobody is enrolled by itself."
    names = {name: dict(choices) for name, choices in rule_choices().items()}
    begins = {
        "captured": "Each new lead",
        "stage_changed": "Each lead that changes stage",
    }
    found = [begins.get(rule.get("on", ""), "Each lead")]
    if rule.get("stages"):
        found.append(f"to {_or(rule['stages'], names['stages'])}")
    if rule.get("sources"):
        found.append(f"from {_or(rule['sources'], names['sources'])}")
    if rule.get("languages"):
        found.append(f"writing {_or(rule['languages'], LANGUAGES)}")
    if rule.get("score_from"):
        found.append(f"with a score of {rule['score_from']} or more")
    if rule.get("score_below"):
        found.append(f"with a score below {rule['score_below']}")
    rest = "" if rule.get("imports") else ", imports left out"
    return f"{' '.join(found)} is enrolled by itself{rest}."


def _or(values: list[str], names: Mapping[str, str]) -> str:
    return " or ".join(names.get(one, one) for one in values)


def script_data() -> dict[str, Any]:
    """What the builder's script has to know: the alphabet of texts, the names."""
    return {
        "basic": "".join(sorted(segments.GSM_BASIC)),
        "extended": "".join(sorted(segments.GSM_EXTENDED)),
        "names": templating.NAMES,
    }
