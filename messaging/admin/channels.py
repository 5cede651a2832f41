"""Channels: our numbers and mailboxes."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from leads.admin.base import StaffAdmin, tone
from messaging.models import Channel

WAYS = {True: ("simulated: never leaves", ""), False: ("real", "green")}


@admin.register(Channel)
class ChannelAdmin(StaffAdmin):
    """Each number or mailbox with its team, mode, switch and cap."""

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
