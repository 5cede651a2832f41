"""What the product writes down: people read it here and change nothing."""

from django.contrib import admin
from django.utils.safestring import SafeString

from leads.admin.base import ReadOnlyAdmin, RetryMixin, SeenMixin, state_chip, tone
from leads.models import (
    Consent,
    Delivery,
    Event,
    Job,
    Suppression,
    Task,
    UsageRecord,
)


@admin.register(Event)
class EventAdmin(SeenMixin, ReadOnlyAdmin):
    """Everything that happened, newest first."""

    list_display = ["what", "lead", "actor", "occurred_at"]
    list_filter = ["kind"]
    search_fields = ["kind", "actor", "lead__name"]
    ordering = ["-occurred_at", "-pk"]
    date_hierarchy = "occurred_at"
    list_select_related = ["lead"]

    @admin.display(description="What", ordering="kind")
    def what(self, event: Event) -> str:
        """The event's kind in words: "Message received"."""
        return event.kind.replace(".", " ").replace("_", " ").capitalize()


@admin.register(Consent)
class ConsentAdmin(SeenMixin, ReadOnlyAdmin):
    """Statements of consent and their withdrawal. Append-only."""

    lead_path = "contact_point__lead_contacts__lead__"
    list_display = [
        "contact_point",
        "channel",
        "statement",
        "occurred_at",
    ]
    list_filter = ["given", "channel", "basis"]
    search_fields = ["contact_point__value"]
    ordering = ["-occurred_at"]

    @admin.display(description="Said")
    def statement(self, row: Consent) -> SafeString:
        """Given or withdrawn, and on what basis."""
        word = "may" if row.given else "may not"
        words = f"{word}: {row.get_basis_display()}"
        return tone(words, "green" if row.given else "red")


@admin.register(Suppression)
class SuppressionAdmin(SeenMixin, ReadOnlyAdmin):
    """Addresses that must not be written to, until lifted."""

    lead_path = "contact_point__lead_contacts__lead__"
    list_display = [
        "contact_point",
        "channel",
        "why",
        "since",
        "lifted_at",
    ]
    list_filter = [
        "channel",
        "reason",
        ("lifted_at", admin.EmptyFieldListFilter),
        ("since", admin.DateFieldListFilter),
    ]
    search_fields = ["contact_point__value", "words"]
    ordering = ["-since"]

    @admin.display(description="Why", ordering="reason")
    def why(self, row: Suppression) -> SafeString:
        """The reason, red while it holds."""
        words = str(row.get_reason_display())
        return tone(words, "" if row.lifted_at else "red")


@admin.register(Task)
class TaskAdmin(SeenMixin, ReadOnlyAdmin):
    """What people had to do, and why."""

    list_display = ["title", "lead", "kind", "due_at", "done_at"]
    list_filter = [
        "kind",
        ("done_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["title", "reason", "lead__name"]
    ordering = ["-due_at"]
    list_select_related = ["lead"]


@admin.register(Job)
class JobAdmin(RetryMixin, ReadOnlyAdmin):
    """Imports, exports, fetched media: work in the background."""

    list_display = ["name", "chip", "attempts", "due_at"]
    list_filter = ["state", "name"]
    search_fields = ["name", "last_error"]
    ordering = ["-pk"]

    @admin.display(description="State", ordering="state")
    def chip(self, row: Job) -> SafeString:
        """The state as a chip."""
        return state_chip(row)


@admin.register(Delivery)
class DeliveryAdmin(RetryMixin, ReadOnlyAdmin):
    """Events on their way to subscribers."""

    list_display = ["subscriber", "event", "chip", "due_at"]
    list_filter = ["state", "subscriber"]
    search_fields = ["last_error", "event__kind"]
    ordering = ["-pk"]
    list_select_related = ["event"]

    @admin.display(description="State", ordering="state")
    def chip(self, row: Delivery) -> SafeString:
        """The state as a chip."""
        return state_chip(row)


@admin.register(UsageRecord)
class UsageRecordAdmin(SeenMixin, ReadOnlyAdmin):
    """What services charged, row by row."""

    list_display = ["what", "service", "lead", "price", "occurred_at"]
    list_filter = ["service"]
    search_fields = ["what", "lead__name"]
    ordering = ["-occurred_at"]
    list_select_related = ["lead"]

    @admin.display(description="Price", ordering="micro")
    def price(self, row: UsageRecord) -> str:
        """In the record's currency; unknown prices say so."""
        if row.micro is None:
            return "not known"
        return f"{row.micro / 1_000_000:.4f} {row.currency}"
