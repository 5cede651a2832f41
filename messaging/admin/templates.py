"""Prepared answers: what managers write once and everybody puts into the box."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from leads.access import team_filter
from leads.admin.base import StaffAdmin, tone
from leads.models import Team
from messaging import templating
from messaging.forms import Words
from messaging.models import Template

KINDS = {
    Template.Kind.ANY.value: "texts and mail",
    Template.Kind.SMS.value: "texts",
    Template.Kind.EMAIL.value: "mail",
}


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A prepared answer; a name that nobody knows is refused."""

    body = Words(label="Answer", widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}))

    class Meta:
        model = Template
        fields = ("name", "team", "kind", "subject", "body", "active")
        labels = {"kind": "Suits", "active": "In use"}
        help_texts = {
            "team": "Everybody, or only people of one team.",
            "name": "What people look for, such as “Price list” or “Opening hours”.",
            "subject": "Only for mail, and only when the mail has no subject yet.",
            "active": "Off: nobody is offered it.",
        }

    def clean_subject(self) -> str:
        """Refuse unknown names, and a line break in what becomes a header."""
        subject = " ".join(str(self.cleaned_data["subject"]).split())
        return _checked(subject)

    def clean_body(self) -> str:
        """Refuse unknown names."""
        return _checked(str(self.cleaned_data["body"]))

    def clean(self) -> dict[str, Any]:
        """Ask for a name that its team does not use yet."""
        data = super().clean() or {}
        same = Template.objects.filter(name=data.get("name"), team=data.get("team"))
        if data.get("name") and same.exclude(pk=self.instance.pk).exists():
            self.add_error("name", "There is already an answer of this name.")
        return data

    def validate_constraints(self) -> None:
        """`clean` has said it in words."""


def _checked(text: str) -> str:
    try:
        templating.check(text)
    except templating.Unusable as error:
        raise ValidationError(str(error)) from error
    return text


@admin.register(Template)
class TemplateAdmin(StaffAdmin):
    """Each answer with its team, what it suits and how often it was put in."""

    form = TemplateForm
    list_display = ["name", "begins", "whose", "suits", "used"]
    list_filter = [("team", admin.RelatedOnlyFieldListFilter), "kind", "active"]
    search_fields = ["name", "subject", "body"]
    list_select_related = ["team"]
    readonly_fields = ["names", "reads"]
    fields = ["name", ("team", "kind"), "subject", "body", "names", "reads", "active"]
    empty_words = (
        "No prepared answers yet. Write what your team answers often once, "
        "with the lead’s name in it; it is offered below every conversation."
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Template]":
        """Show everybody's and those of the person's teams."""
        return Template.objects.visible_to(request.user).order_by("name")

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer only teams that the person is in, or all to those who see all."""
        if db_field.name == "team":
            mine = team_filter(request.user, prefix="pk")
            kwargs["queryset"] = Team.objects.filter(mine)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "team" and field is not None:
            field.empty_label = "Everybody"
        return field

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Teams are set up on their own page."""
        form = super().get_form(request, *args, **kwargs)
        if "team" in form.base_fields:
            for act in ("add", "change", "delete", "view"):
                setattr(form.base_fields["team"].widget, f"can_{act}_related", False)
        return form

    @admin.display(description="Answer")
    def begins(self, template: Template) -> str:
        """The beginning of its words."""
        words = " ".join(template.body.split())
        return words if len(words) <= 60 else f"{words[:60].rstrip()}…"

    @admin.display(description="For", ordering="team__name")
    def whose(self, template: Template) -> str:
        """Its team."""
        return str(template.team) if template.team else "Everybody"

    @admin.display(description="Suits", ordering="kind")
    def suits(self, template: Template) -> SafeString | str:
        """Texts, mail or both; or that it is switched off."""
        if not template.active:
            return tone("switched off", "")
        return KINDS[template.kind]

    @admin.display(description="Names you can use")
    def names(self, template: Template) -> SafeString:
        """Every name, and what it stands for."""
        rows = ((f"{{{{ {name} }}}}", what) for name, what in templating.NAMES.items())
        return format_html(
            '<dl class="ls-names">{}</dl>',
            format_html_join("", "<dt><code>{}</code></dt><dd>{}</dd>", rows),
        )

    @admin.display(description="How it reads")
    def reads(self, template: Template) -> SafeString | str:
        """The saved words, for an invented lead."""
        if not template.body:
            return "Save it to see how it reads for Dana Reyes of Acme."
        values = {**templating.our_values(), **templating.EXAMPLE}
        text = templating.render(template.body, values=values).text
        return format_html(
            '<p class="ls-reads">{}</p>',
            format_html_join(
                "",
                "{}",
                ((_shown(piece),) for piece in templating.pieces(text)),
            ),
        )


def _shown(piece: templating.Piece) -> SafeString | str:
    return format_html("<mark>{}</mark>", piece.text) if piece.missing else piece.text
