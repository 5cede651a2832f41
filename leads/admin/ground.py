"""What people set up: teams, questions, the point card, stages, sources."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from leads.admin.base import StackedInline, StaffAdmin, TabularInline
from leads.admin.wording import WordingField
from leads.models import (
    Company,
    LeadSource,
    Membership,
    Question,
    QuestionSet,
    ScoreRule,
    Stage,
    Team,
)


class MembershipInline(TabularInline):  # type: ignore[misc]
    """Who is in the team, and how far they see."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]
    verbose_name = "person"
    verbose_name_plural = "people"


@admin.register(Team)
class TeamAdmin(StaffAdmin):
    """Teams share leads; a lead that comes without one goes to the default."""

    list_display = ["name", "people", "mode", "is_default"]
    search_fields = ["name", "members__username"]
    fields = ["name", "mode", "is_default"]
    inlines = [MembershipInline]

    @admin.display(description="People")
    def people(self, team: Team) -> str:
        """Count and first names."""
        names = [
            person.first_name or person.username
            for person in team.members.order_by("pk")[:4]
        ]
        return ", ".join(names) or "nobody yet"


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A question with its words as lines instead of JSON."""

    wording = WordingField(label="Words")

    class Meta:
        model = Question
        fields = ("label", "field", "required", "position", "wording")


class QuestionInline(StackedInline):  # type: ignore[misc]
    """The questions of a set, in the order the AI asks them."""

    model = Question
    form = QuestionForm
    extra = 0
    fields = [
        ("label", "field"),
        ("position", "required"),
        "wording",
    ]


@admin.register(QuestionSet)
class QuestionSetAdmin(StaffAdmin):
    """What the AI asks to qualify a lead. The first active set is asked first."""

    list_display = ["name", "asked", "active", "position"]
    list_editable = ["active", "position"]
    search_fields = ["name", "questions__label"]
    inlines = [QuestionInline]

    @admin.display(description="Asks for")
    def asked(self, group: QuestionSet) -> str:
        """The labels of its questions."""
        return ", ".join(question.label for question in group.questions.all())


@admin.register(ScoreRule)
class ScoreRuleAdmin(StaffAdmin):
    """The point card: what a lead's score is made of."""

    list_display = [
        "label",
        "part",
        "points",
        "half_life_days",
        "active",
    ]
    list_editable = ["points", "half_life_days", "active"]
    list_filter = ["part", "active"]
    search_fields = ["label", "key"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: ScoreRule | None = None
    ) -> list[str]:
        """The key ties a rule to what the product recognises."""
        return ["key"] if obj else []


@admin.register(Stage)
class StageAdmin(StaffAdmin):
    """The pipeline's columns, left to right."""

    list_display = ["name", "kind", "position"]
    list_editable = ["position"]
    search_fields = ["name"]


@admin.register(LeadSource)
class LeadSourceAdmin(StaffAdmin):
    """Where leads come from."""

    list_display = ["name"]
    search_fields = ["name"]


@admin.register(Company)
class CompanyAdmin(StaffAdmin):
    """The organisations that leads speak for."""

    list_display = ["name", "domain"]
    search_fields = ["name", "domain"]
