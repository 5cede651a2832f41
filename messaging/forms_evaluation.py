"""What people type on the pages of evaluations, parsed."""

from typing import Any

from django import forms

from messaging.agent.model import Goal
from messaging.models import EvaluationCase

LEAVES = [
    ("", "It may leave or wait"),
    ("yes", "It leaves by itself"),
    ("no", "A person decides first"),
]
_LEAVES = {"": None, "yes": True, "no": False}
MOST_WORDS = 4_000


class ExpectationsForm(forms.Form):
    """What a good answer to a case must and must not do."""

    leaves = forms.ChoiceField(choices=LEAVES, required=False)
    goal = forms.MultipleChoiceField(
        choices=[(str(goal), str(goal).replace("_", " ")) for goal in Goal],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    must = forms.CharField(
        required=False, max_length=MOST_WORDS, widget=forms.Textarea({"rows": 3})
    )
    must_not = forms.CharField(
        required=False, max_length=MOST_WORDS, widget=forms.Textarea({"rows": 3})
    )
    not_again = forms.BooleanField(required=False)

    @classmethod
    def of(cls, case: EvaluationCase) -> "ExpectationsForm":
        """The form as the case has it."""
        expect = case.expectations
        leaves = {value: name for name, value in _LEAVES.items()}
        return cls(
            initial={
                "leaves": leaves[expect.get("leaves")],
                "goal": expect.get("goal") or [],
                "must": "\n".join(expect.get("must") or ()),
                "must_not": "\n".join(expect.get("must_not") or ()),
                "not_again": bool(expect.get("not_again")),
            }
        )

    @staticmethod
    def expectations(said: Any) -> dict[str, Any]:
        """Checked values of the form as `EvaluationCase.expectations`."""
        return {
            "leaves": _LEAVES[said["leaves"]],
            "goal": list(said["goal"]),
            "must": _lines(said["must"]),
            "must_not": _lines(said["must_not"]),
            "not_again": said["not_again"],
        }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class RunForm(forms.Form):
    """Which prompt and model are tried, on which cases."""

    prompt = forms.CharField(max_length=40, required=False)
    model = forms.CharField(max_length=80)
    kind = forms.ChoiceField(
        choices=[("", "All cases"), *EvaluationCase.Kind.choices], required=False
    )
