"""Sequences, and who is in them."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet, TextChoices
from django.http import Http404
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from leads.access import NOTHING, lead_filter, team_filter
from leads.api import leads_with
from leads.api_base import Conflict, OnceMixin
from leads.models import Lead
from messaging.models.sequence import Enrollment, Sequence
from messaging.queueing import Refused
from messaging.sequences import stopping
from messaging.sequences.enrolling import enroll
from messaging.serializers import (
    EnrollmentSerializer,
    EnrollSerializer,
    SequenceSerializer,
    SequenceWithStepsSerializer,
    StopSerializer,
)
from messaging.words import first_name

UUIDS = "[0-9a-f-]{36}"


def visible_sequences(user: Any) -> "QuerySet[Sequence]":
    """The sequences of the caller's teams, and everybody's."""
    rows = Sequence.objects.filter(team_filter(user, prefix="team"))
    return rows.select_related("team", "current")


class SequenceViewSet(ListModelMixin, RetrieveModelMixin, GenericViewSet[Sequence]):
    """Sequences to read; `?state=` narrows the list."""

    lookup_field = "public_id"
    lookup_value_regex = UUIDS
    missing = "There is no such sequence."
    rights: ClassVar[dict[str, str]] = {
        "list": "messaging.view_sequence",
        "retrieve": "messaging.view_sequence",
    }

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """One sequence comes with its steps."""
        one = self.action == "retrieve"
        return SequenceWithStepsSerializer if one else SequenceSerializer

    def get_queryset(self) -> "QuerySet[Sequence]":
        """By team, in the order of their names."""
        rows = visible_sequences(self.request.user)
        state = self.request.query_params.get("state", "")
        if state:
            rows = rows.filter(_one_of(Sequence.State, "state", state))
        return rows.order_by("name", "pk")


class EnrollmentViewSet(
    OnceMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet[Enrollment]
):
    """Who is in a sequence; POST lets a lead begin one, `stop/` ends it.

    `?sequence=`, `?lead=`, `?state=` and `?cause=` narrow the list.
    """

    lookup_field = "public_id"
    lookup_value_regex = UUIDS
    missing = "There is no such enrollment."
    rights: ClassVar[dict[str, str]] = {
        "list": "messaging.view_enrollment",
        "retrieve": "messaging.view_enrollment",
        "create": "messaging.add_enrollment",
        "stop": "messaging.change_enrollment",
    }

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """What comes in differs from what is shown."""
        return EnrollSerializer if self.action == "create" else EnrollmentSerializer

    def get_queryset(self) -> "QuerySet[Enrollment]":
        """Of leads that the caller may see, the newest first."""
        user: Any = self.request.user
        rows = Enrollment.objects.filter(lead_filter(user, prefix="lead__"))
        rows = rows.select_related("sequence", "lead", "version", "next_step")
        if self.action == "list":
            rows = rows.filter(self._asked())
        return rows.order_by("-pk")

    def _asked(self) -> Q:
        """The filters of the address. What is none finds nothing."""
        asked, found = self.request.query_params, Q()
        for name, known in (("state", Enrollment.State), ("cause", Enrollment.Cause)):
            if asked.get(name):
                found &= _one_of(known, name, asked[name])
        for name in ("sequence", "lead"):
            if asked.get(name):
                found &= Q(**{f"{name}__public_id": _uuid(asked[name])})
        return found

    def make(self, data: dict[str, Any]) -> tuple[Model, bool]:
        """Let the lead begin the sequence."""
        sequence = visible_sequences(self.request.user).filter(
            public_id=data["sequence"]
        )
        row = sequence.first()
        if row is None:
            raise NotFound("There is no such sequence.")
        try:
            made = enroll(
                sequence=row,
                lead=self._lead(data),
                how=Enrollment.How.API,
                actor=f"user:{self.request.user.pk}",
            )
        except Refused as refusal:
            raise Conflict(str(refusal)) from refusal
        return made, True

    def _lead(self, data: dict[str, Any]) -> Lead:
        """The one lead that is meant, among those the caller may see."""
        user: Any = self.request.user
        rows = Lead.objects.filter(lead_filter(user))
        if data.get("lead"):
            rows = rows.filter(public_id=data["lead"])
        else:
            contacts = leads_with(data.get("phone") or data["email"])
            rows = rows.filter(pk__in=contacts.values("lead"), archived_at=None)
        found = list(rows.select_related("team", "stage")[:2])
        if not found:
            raise NotFound("There is no such lead that you may see.")
        if len(found) > 1:
            raise Conflict("Several leads have this address: name one by its id.")
        return found[0]

    def find(self, made: str) -> Model:
        """What an earlier call began."""
        row = self.get_queryset().filter(public_id=made).first()
        if row is None:
            raise Http404
        return row

    def represent(self, row: Model) -> Any:
        """As it is listed."""
        return EnrollmentSerializer(row).data  # type: ignore[arg-type]

    @action(detail=True, methods=["post"])
    def stop(self, request: Request, public_id: str) -> Response:
        """Stop it; what waited to go is taken back."""
        row = self.get_object()
        given = StopSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user: Any = request.user
        why = given.validated_data["why"]
        stopped = stopping.stop_enrollment(
            enrollment=row,
            cause=Enrollment.Cause.BY_HAND,
            words=f"{first_name(user)} stopped it by the API{f': {why}' if why else ''}",
            actor=f"user:{user.pk}",
        )
        if not stopped:
            raise Conflict("It has ended already.")
        row.refresh_from_db()
        return Response(EnrollmentSerializer(row).data)


def _one_of(known: type[TextChoices], name: str, value: str) -> Q:
    return Q(**{name: value}) if value in known.values else NOTHING


def _uuid(value: str) -> Any:
    try:
        return UUID(value)
    except ValueError:
        return UUID(int=0)
