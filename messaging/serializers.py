"""Sequences and who is in them, as the API shows them."""

from typing import Any

from rest_framework import serializers

from messaging.models.sequence import Enrollment, Sequence, Step, StepVariant


class WordingSerializer(serializers.ModelSerializer[StepVariant]):
    """One wording of a step."""

    class Meta:
        model = StepVariant
        fields = ["label", "subject", "body", "brief", "weight"]


class StepSerializer(serializers.ModelSerializer[Step]):
    """One step."""

    wordings = WordingSerializer(source="variants", many=True)

    class Meta:
        model = Step
        fields = [
            "position",
            "kind",
            "delay",
            "unit",
            "working_time",
            "writer",
            "branches",
            "wordings",
        ]


class SequenceSerializer(serializers.ModelSerializer[Sequence]):
    """A sequence, without its steps."""

    id = serializers.UUIDField(source="public_id")
    team = serializers.CharField(source="team.name", default=None)
    version = serializers.IntegerField(source="current.number", default=None)

    class Meta:
        model = Sequence
        fields = ["id", "name", "goal", "team", "state", "version", "created_at"]


class SequenceWithStepsSerializer(SequenceSerializer):
    """A sequence with the steps of the version that runs."""

    steps = serializers.SerializerMethodField()

    class Meta(SequenceSerializer.Meta):
        fields = [*SequenceSerializer.Meta.fields, "steps"]

    def get_steps(self, row: Sequence) -> Any:
        """The steps in order; none before it was activated."""
        if row.current is None:
            return []
        steps = row.current.steps.order_by("position").prefetch_related("variants")
        return StepSerializer(steps, many=True).data


class EnrollmentSerializer(serializers.ModelSerializer[Enrollment]):
    """One lead's way through a sequence; `reason` says why it rests or ended."""

    id = serializers.UUIDField(source="public_id")
    sequence = serializers.UUIDField(source="sequence.public_id")
    lead = serializers.UUIDField(source="lead.public_id")
    version = serializers.IntegerField(source="version.number")
    next_step = serializers.IntegerField(source="next_step.position", default=None)

    class Meta:
        model = Enrollment
        fields = [
            "id",
            "sequence",
            "lead",
            "version",
            "state",
            "next_step",
            "due_at",
            "parked_until",
            "cause",
            "reason",
            "how",
            "started_at",
            "ended_at",
        ]


class EnrollSerializer(serializers.Serializer[Any]):
    """Who shall begin which sequence: a lead by its id, or by one of its addresses."""

    sequence = serializers.UUIDField()
    lead = serializers.UUIDField(required=False)
    phone = serializers.CharField(max_length=40, required=False)
    email = serializers.CharField(max_length=254, required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the three names the lead."""
        named = [name for name in ("lead", "phone", "email") if data.get(name)]
        if len(named) != 1:
            words = "Name the lead by one of: lead, phone, email."
            raise serializers.ValidationError(words)
        return data


class StopSerializer(serializers.Serializer[Any]):
    """Why it stops."""

    why = serializers.CharField(max_length=200, required=False, default="")
