"""What people type on a lead's page, parsed."""

from django import forms

from leads.models import Task

DAY_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class TaskForm(forms.Form):
    """Something to do about a lead; the time is the company's."""

    title = forms.CharField(max_length=200, label="What")
    kind = forms.ChoiceField(
        choices=[
            (kind.value, kind.label)
            for kind in (Task.Kind.CALL, Task.Kind.MEETING, Task.Kind.OTHER)
        ],
    )
    due_at = forms.DateTimeField(input_formats=DAY_FORMATS, label="When")
