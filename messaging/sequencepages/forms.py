"""What people type on the pages of sequences, parsed."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from leads.access import Viewer, team_filter
from leads.models import LeadSource, Stage, Team
from messaging.agent.understanding.intents import Intent
from messaging.forms import OneLine, Words
from messaging.forms_knowledge import LANGUAGES
from messaging.models.sequence import Sequence, Step
from messaging.sequencepages.content import LABELS, StepContent, Wording
from messaging.sequences import rules

# What a last message may have wanted that a plan can go on from: the others stop it.
BRANCH_INTENTS = {
    Intent.interested.value: "interest",
    Intent.not_interested.value: "no interest",
    Intent.question.value: "a question",
    Intent.objection.value: "an objection",
    Intent.meeting.value: "a meeting",
    Intent.thanks.value: "thanks",
    Intent.out_of_office.value: "out of office",
    Intent.wrong_person.value: "the wrong person",
    Intent.complaint.value: "a complaint",
    Intent.other.value: "something else",
}
MOST_DELAY = 999


def teams_for(user: Viewer) -> list[Team]:
    """The teams that a person may give a sequence to."""
    rows = Team.objects.filter(team_filter(user, prefix="pk"))
    return list(rows.order_by("name"))


def team_of(user: Viewer, value: str) -> Team | None:
    """The chosen team, None for everybody. Raises ValidationError for no team."""
    if not value:
        return None
    for team in teams_for(user):
        if str(team.pk) == value:
            return team
    raise forms.ValidationError("There is no such team.")


class _OfTeam(forms.Form):
    """A form that chooses a team among those of the person."""

    team = forms.CharField(required=False, max_length=20)

    def __init__(self, data: Any = None, *, user: Viewer, **options: Any) -> None:
        super().__init__(data, **options)
        self.user = user

    def clean_team(self) -> Team | None:
        """The team, None for everybody."""
        return team_of(self.user, self.cleaned_data["team"])


class NewForm(_OfTeam):
    """A new sequence; `start` is the key of a ready-made one."""

    name = OneLine(max_length=120, label="Name")
    start = forms.CharField(required=False, max_length=40)


class SettingsForm(_OfTeam):
    """Name, goal, judging, and who is enrolled by itself."""

    name = OneLine(max_length=120, label="Name")
    goal = OneLine(max_length=300, required=False)
    measure = forms.ChoiceField(choices=Sequence.Measure.choices)
    sample_floor = forms.IntegerField(
        min_value=1, max_value=100_000, label="Sends of each wording"
    )
    on = forms.ChoiceField(choices=[("", "Nobody"), *rules.ON.items()], required=False)
    stages = forms.MultipleChoiceField(required=False)
    sources = forms.MultipleChoiceField(required=False)
    languages = forms.MultipleChoiceField(
        choices=list(LANGUAGES.items()), required=False
    )
    score_from = forms.IntegerField(min_value=0, max_value=100, required=False)
    score_below = forms.IntegerField(min_value=1, max_value=101, required=False)
    imports = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, choices in rule_choices().items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Put the conditions together into one rule, and look at it whole."""
        found: dict[str, Any] = super().clean() or {}
        rule = self._rule(found)
        low, high = rule.get("score_from"), rule.get("score_below")
        if low is not None and high is not None and low >= high:
            self.add_error("score_below", "No score lies between these.")
        lacking = rules.problems(rule) if not self.errors else []
        if lacking:
            self.add_error("stages" if "stages" in lacking[0] else "on", lacking[0])
        found["rule"] = rule
        return found

    def _rule(self, found: Mapping[str, Any]) -> dict[str, Any]:
        if not found.get("on"):
            return {}
        names = [field.name for field in rules.RULE_FIELDS]
        given = {name: found.get(name) for name in names}
        return {
            name: value
            for name, value in given.items()
            if value not in ("", []) and value is not None and value is not False
        }

    @property
    def values(self) -> dict[str, Any]:
        """The columns to set."""
        names = ("name", "goal", "team", "measure", "sample_floor", "rule")
        return {name: self.cleaned_data[name] for name in names}


def rule_choices() -> dict[str, list[tuple[str, str]]]:
    """What the lists of a rule can be chosen from."""
    sources = LeadSource.objects.values_list("name", flat=True)
    return {
        "stages": list(Stage.objects.values_list("key", "name")),
        "sources": [(name, name) for name in sources],
        "languages": list(LANGUAGES.items()),
    }


# --- one step ------------------------------------------------------------------------


class StepForm(forms.Form):
    """When a step goes, how, and who writes it."""

    delay = forms.IntegerField(min_value=0, max_value=MOST_DELAY, label="Delay")
    unit = forms.ChoiceField(choices=Step.Unit.choices)
    working_time = forms.BooleanField(required=False)
    kind = forms.ChoiceField(choices=Step.Kind.choices)
    writer = forms.ChoiceField(choices=Step.Writer.choices)


class WordingForm(forms.Form):
    """One wording; what it lacks is said beside it and keeps nothing from being kept."""

    subject = OneLine(max_length=300, required=False)
    body = Words(required=False, strip=False)
    brief = Words(required=False, max_length=2_000, strip=False)
    weight = forms.IntegerField(min_value=0, max_value=100, label="Share")


class BranchForm(forms.Form):
    """Where the last message leads instead."""

    intents = forms.MultipleChoiceField(
        choices=[(one.value, one.value) for one in Intent], required=False
    )
    to = forms.IntegerField(min_value=0, max_value=100, required=False)


class StepPost:
    """A step's form as it was posted: its content, or what is wrong by field name."""

    def __init__(self, data: QueryDict) -> None:
        self.errors: dict[str, str] = {}
        step = self._read(StepForm(data))
        wordings = [
            Wording(label=label, **self._read(WordingForm(data, prefix=label)))
            for label in dict.fromkeys(data.getlist("label"))
            if label in LABELS
        ]
        branches = [
            self._branch(BranchForm(data, prefix=f"branch{number}"))
            for number in range(len(data.getlist("branch")))
        ]
        self.content: StepContent | None = None
        if not self.errors:
            self.content = StepContent(
                **step, wordings=tuple(wordings), branches=tuple(branches)
            )

    def _read(self, form: forms.Form) -> dict[str, Any]:
        if form.is_valid():
            return dict(form.cleaned_data)
        for name, words in form.errors.items():
            self.errors[form.add_prefix(name)] = str(words[0])
        return {}

    def _branch(self, form: forms.Form) -> dict[str, Any]:
        found = self._read(form)
        return {"intents": found.get("intents", []), "to": found.get("to") or 0}


def first_of(errors: Mapping[str, str]) -> str:
    """The first thing that is wrong, with the name of its field."""
    name, words = next(iter(errors.items()))
    label, _, rest = name.partition("-")
    if label in LABELS and rest:
        return f"Wording {label}, {rest}: {words}"
    return f"{name.replace('_', ' ').capitalize()}: {words}"


__all__ = [
    "BRANCH_INTENTS",
    "NewForm",
    "SettingsForm",
    "StepPost",
    "first_of",
    "rule_choices",
    "team_of",
    "teams_for",
]
