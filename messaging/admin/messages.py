"""Messages and turns as rows: where every number opens, and dead letters show."""

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leads import clock
from leads.admin.base import ReadOnlyAdmin, RetryMixin, state_chip, tone
from messaging import measures, numbers
from messaging.admin.said import SourceFilter
from messaging.models import Conversation, Message, Turn
from messaging.numbers import Part

ACCEPTED = (Message.State.SENT, Message.State.DELIVERED)
Choices = list[tuple[str, str]]


class PartFilter(admin.SimpleListFilter):
    """The parts of "Nothing lost"; answered ones include those on the way."""

    title = "what became of it"
    parameter_name = "part"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        """The words of the dashboard."""
        return [
            ("received", "received, all"),
            (Part.ANSWERED, "answered"),
            (Part.ON_THE_WAY, "answer on the way"),
            (Part.WITH_PERSON, "with a person"),
            (Part.SET_ASIDE, "set aside"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Message]"
    ) -> "QuerySet[Message]":
        """Keep the rows that the dashboard counted."""
        chosen = self.value()
        if not chosen:
            return queryset
        inbound = queryset.filter(direction=Message.Direction.INBOUND)
        if chosen == "received":
            return inbound
        both = [Part.ANSWERED, Part.ON_THE_WAY]
        wanted = both if chosen == Part.ANSWERED else [chosen]
        return numbers.with_part(inbound).filter(Q(part__in=wanted))


class RealFilter(admin.SimpleListFilter):
    """Without simulated and demo leads."""

    title = "simulated and demo"
    parameter_name = "real"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        """One choice beside all."""
        return [("1", "left out")]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Message]"
    ) -> "QuerySet[Message]":
        """Leave them out as the dashboard does."""
        return numbers.only_real(queryset) if self.value() else queryset


class FirstAnswerFilter(admin.SimpleListFilter):
    """First messages of today's new talks, by who answered them first."""

    title = "first answer today"
    parameter_name = "first"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        """As on the dashboard."""
        return [("ai", "by the AI"), ("person", "by a person")]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Message]"
    ) -> "QuerySet[Message]":
        """Keep the rows that the dashboard measured."""
        if self.value() not in ("ai", "person"):
            return queryset
        now = clock.now()
        rows = measures.answered_first(
            since=measures.midnight(now, measures.company_zone()),
            until=now,
            user=request.user,
        ).filter(Q(by_person=self.value() == "person"))
        return queryset.filter(pk__in=rows.values("pk"))


class SeenTalks:
    """Shows rows of conversations that the person may see."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Model]":
        """Filter by the one visibility policy."""
        seen = Conversation.objects.visible_to(request.user)
        rows: QuerySet[Model] = super().get_queryset(request)  # type: ignore[misc]
        return rows.filter(conversation__in=seen)


@admin.register(Message)
class MessageAdmin(SeenTalks, ReadOnlyAdmin):
    """Every message in and out."""

    list_display = ["words", "who", "chip", "why", "occurred_at"]
    list_filter = [
        PartFilter,
        FirstAnswerFilter,
        "direction",
        "state",
        "kind",
        RealFilter,
    ]
    search_fields = [
        "body",
        "conversation__lead__name",
        "contact_point__value",
    ]
    ordering = ["-occurred_at", "-pk"]
    list_select_related = [
        "conversation__lead",
        "conversation__contact_point",
    ]
    readonly_fields = ["open_talk"]

    @admin.display(description="Message")
    def words(self, message: Message) -> str:
        """The beginning of its text."""
        text = message.body or message.subject or f"({message.get_kind_display()})"
        return text if len(text) <= 60 else f"{text[:60].rstrip()}…"

    @admin.display(description="Lead", ordering="conversation__lead__name")
    def who(self, message: Message) -> str:
        """Whom it is from or to."""
        arrow = "→ " if message.direction == Message.Direction.OUTBOUND else ""
        talk = message.conversation
        return f"{arrow}{talk.lead or talk.contact_point}"

    @admin.display(description="State", ordering="state")
    def chip(self, message: Message) -> SafeString:
        """The state as a chip; a simulated message was never sent."""
        if message.simulated and message.state in ACCEPTED:
            return tone("simulated", "")
        return state_chip(message)

    @admin.display(description="Why", ordering="reason")
    def why(self, message: Message) -> str:
        """The reason of its state."""
        return message.reason or "–"

    @admin.display(description="Conversation")
    def open_talk(self, message: Message) -> SafeString | str:
        """A link to the thread."""
        try:
            url = reverse("inbox_thread", args=[message.conversation.public_id])
        except NoReverseMatch:
            return str(message.conversation)
        return format_html('<a class="ls-link" href="{}">Open in the inbox</a>', url)


@admin.register(Turn)
class TurnAdmin(RetryMixin, SeenTalks, ReadOnlyAdmin):
    """The AI's answers, from the end of a burst to the gate."""

    list_display = [
        "conversation",
        "chip",
        "outcome",
        "model",
        "created_at",
    ]
    list_filter = ["state", "outcome", "intent", SourceFilter]
    search_fields = ["conversation__lead__name", "last_error"]
    ordering = ["-pk"]
    list_select_related = ["conversation__lead"]

    @admin.display(description="State", ordering="state")
    def chip(self, turn: Turn) -> SafeString:
        """The state as a chip."""
        return state_chip(turn)
