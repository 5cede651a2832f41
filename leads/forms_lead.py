"""The Details tab of a lead, parsed."""

from collections.abc import Mapping
from typing import Any

from django import forms

from leads.editing import LABELS, Choices, time_zones
from leads.forms_look import LookMixin

SEEN = "seen_"


class LeadDetailsForm(LookMixin, forms.Form):
    """What a person may change of a lead, with what they saw when they began.

    `version` and the hidden `seen_…` fields go back with it, so that nobody
    saves over a colleague's words.
    """

    name = forms.CharField(max_length=200, required=False)
    company = forms.CharField(max_length=200, required=False)
    role = forms.CharField(max_length=120, required=False)
    owner = forms.ChoiceField(required=False)
    stage = forms.ChoiceField()
    team = forms.ChoiceField()
    language = forms.RegexField(
        r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$",
        max_length=8,
        required=False,
        help_text="A code such as “en” or “pt-BR”. Empty: as the lead writes.",
        error_messages={"invalid": "Enter a code such as “en” or “pt-BR”."},
    )
    time_zone = forms.CharField(
        max_length=64,
        required=False,
        help_text="Such as “Europe/Berlin”. Quiet hours follow it.",
        widget=forms.TextInput(attrs={"list": "time-zones"}),
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("owner", choices.owners)
        self._choose("stage", choices.stages)
        self._choose("team", choices.teams)

    def _choose(self, name: str, options: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = options

    def clean_time_zone(self) -> str:
        """Take only names that exist."""
        name = str(self.cleaned_data["time_zone"]).strip()
        if name and name not in set(time_zones()):
            raise forms.ValidationError("There is no such time zone.")
        return name

    def wanted(self) -> dict[str, str]:
        """Return the details as the person wants them; after is_valid()."""
        return {field: str(self.cleaned_data[field]) for field in LABELS}

    def seen(self) -> dict[str, str]:
        """Return the details as the person saw them, as far as sent."""
        data: Mapping[str, Any] = self.data
        return {
            field: str(data[SEEN + field]).replace("\r\n", "\n")
            for field in LABELS
            if SEEN + field in data
        }

    def visible(self) -> list[forms.BoundField]:
        """Return the fields that are shown."""
        return [self[name] for name in LABELS]
