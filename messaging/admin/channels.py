"""Channels: our numbers and mailboxes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from leads import capture
from leads.admin.base import StaffAdmin, tone
from messaging import templating
from messaging.forms import Words
from messaging.models import Channel

WAYS = {True: ("simulated: never leaves", ""), False: ("real", "green")}
GENERAL = (
    "kind",
    "address",
    "name",
    "sender_name",
    "team",
    "mode",
    "sending",
    "cap_day",
)
CALLS = ("missed_calls", "missed_call_text", "forward_to")
LONGEST_TEXT = 480


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A number or mailbox; what becomes of calls is asked of numbers only."""

    missed_call_text = Words(
        label="Text after a missed call",
        required=False,
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Empty: “Sorry we missed your call, this is …” in the lead's language."
        " Knows {{ our_company }}, {{ first_name }} and the other names of prepared"
        " answers. How to stop is added where STOP is not in it.",
    )

    class Meta:
        model = Channel
        fields = (*GENERAL, *CALLS)
        labels = {
            "missed_calls": "Text callers whom nobody answers",
            "forward_to": "Ring this telephone first",
            "cap_day": "Messages a day",
        }
        help_texts = {
            "missed_calls": "One text in 24 hours, to callers who may be texted. Off:"
            " a missed call is only shown and becomes a task.",
            "forward_to": "With its country, as in +1 415 555 0123; it rings for 20"
            " seconds. Empty: callers hear a sentence, and the call is missed.",
            "cap_day": "At most, whoever wrote them. Empty: no cap.",
        }

    def clean_missed_call_text(self) -> str:
        """Refuse unknown names."""
        text = str(self.cleaned_data["missed_call_text"]).strip()
        try:
            templating.check(text)
        except templating.Unusable as error:
            raise ValidationError(str(error)) from error
        return text

    def clean_forward_to(self) -> str:
        """Take a telephone number that is none of ours: that would ring in a circle."""
        typed = str(self.cleaned_data["forward_to"]).strip()
        if not typed:
            return ""
        number = capture.normalise_phone(typed)
        if number is None:
            raise ValidationError("This is not a telephone number.")
        if Channel.objects.filter(kind=Channel.Kind.SMS, address=number).exists():
            raise ValidationError(
                "This is a number of ours: it would ring in a circle."
            )
        return number


@admin.register(Channel)
class ChannelAdmin(StaffAdmin):
    """Each number or mailbox with its team, mode, switch, cap and calls."""

    form = ChannelForm
    list_display = ["title", "kind", "team", "mode", "way"]
    list_filter = ["kind", "team", "mode", "sending"]
    search_fields = ["address", "name"]
    list_select_related = ["team"]
    fields = [
        ("kind", "address"),
        ("name", "sender_name"),
        ("team", "mode"),
        ("sending", "cap_day"),
    ]

    @admin.display(description="Channel", ordering="address")
    def title(self, channel: Channel) -> str:
        """Its name and address."""
        named = channel.name and channel.name != channel.address
        return f"{channel.name} · {channel.address}" if named else channel.address

    @admin.display(description="Sends")
    def way(self, channel: Channel) -> SafeString:
        """Whether anything leaves through it."""
        if not channel.sending:
            return tone("switched off", "red")
        words, colour = WAYS[channel.simulated]
        return tone(words, colour)

    def get_fieldsets(
        self, request: HttpRequest, obj: Channel | None = None
    ) -> list[tuple[str | None, dict[str, Any]]]:
        """Nobody rings a mailbox: only a number has calls."""
        sets: list[tuple[str | None, dict[str, Any]]] = [
            (None, {"fields": self.fields}),
        ]
        if obj is None or obj.kind == Channel.Kind.SMS:
            sets.append(("Calls", {"fields": CALLS}))
        return sets

    def get_readonly_fields(
        self, request: HttpRequest, obj: Channel | None = None
    ) -> list[str]:
        """An address stands in messages already: make a new channel instead."""
        return ["kind", "address"] if obj else []

    def has_delete_permission(
        self, request: HttpRequest, obj: Channel | None = None
    ) -> bool:
        """A channel with messages stays; switch it off instead."""
        return False
