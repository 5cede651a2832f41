"""What we know of a lead, the questions we ask, and the score's ledger."""

import uuid

from django.db import models
from django.utils import timezone

from leads.models.lead import Lead
from leads.prepared_rows import PreparedModel


class QuestionSet(models.Model):
    """Questions that qualify a lead, as editable data. BANT comes first."""

    name = models.CharField(max_length=80, unique=True)
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """One thing to find out; `field` is the fact that answers it."""

    question_set = models.ForeignKey(
        QuestionSet, on_delete=models.CASCADE, related_name="questions"
    )
    field = models.SlugField(max_length=40)
    label = models.CharField(max_length=80)
    # {"en": "What budget …?", "es": …}; English when a language is missing.
    wording = models.JSONField(default=dict)
    required = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["question_set", "field"], name="one_question_per_field"
            )
        ]

    def __str__(self) -> str:
        return self.label


class Fact(PreparedModel):
    """One thing we know of a lead, in the lead's own words or a person's.

    Of one field at most one row is current (`replaced_at` and `struck_at`
    both empty). A struck or replaced row stays as history.
    """

    class Source(models.TextChoices):
        LEAD = "lead", "the lead's words"
        PERSON = "person", "entered by a person"
        CRM = "crm", "from the CRM"
        FORM = "form", "from a form"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="facts")
    field = models.SlugField(max_length=40)
    value = models.CharField(max_length=500)
    quote = models.TextField(blank=True)
    # The public id of the message that holds the quote.
    message = models.UUIDField(null=True, blank=True, db_index=True)
    source = models.CharField(max_length=8, choices=Source)
    locked = models.BooleanField(default=False)
    actor = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)
    struck_at = models.DateTimeField(null=True, blank=True)
    struck_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["field", "-occurred_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "field"],
                condition=models.Q(replaced_at=None, struck_at=None),
                name="one_current_fact",
            )
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.value}"


class ScoreRule(models.Model):
    """One line of the point card. Points are whole; behaviour fades."""

    class Part(models.TextChoices):
        FIT = "fit", "Fit"
        INTENT = "intent", "Intent"
        CONVERSATION = "conversation", "Conversation"

    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=120)
    part = models.CharField(max_length=12, choices=Part)
    points = models.SmallIntegerField()
    half_life_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty: does not fade."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["part", "-points"]

    def __str__(self) -> str:
        return f"{self.label} {self.points:+d}"


class ScoreLine(PreparedModel):
    """One entry of a lead's score ledger. Added and removed, never changed.

    At an instant `t` the line counts `points` halved every `half_life_days`
    (age in whole days since `occurred_at`), rounded toward zero, when
    `added_at <= t` and it was not removed by then.
    """

    class Removed(models.TextChoices):
        STALE = "stale", "no longer so"
        STRUCK = "struck", "marked not true"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="score_lines")
    key = models.SlugField(max_length=60)
    label = models.CharField(max_length=160)
    part = models.CharField(max_length=12, choices=ScoreRule.Part)
    points = models.SmallIntegerField()
    half_life_days = models.PositiveSmallIntegerField(null=True, blank=True)
    quote = models.TextField(blank=True)
    message = models.UUIDField(null=True, blank=True)
    fact = models.ForeignKey(
        Fact, null=True, blank=True, on_delete=models.SET_NULL, related_name="lines"
    )
    occurred_at = models.DateTimeField()
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_as = models.CharField(max_length=8, choices=Removed, blank=True)
    removed_by = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [models.Index(fields=["lead", "removed_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "key"],
                condition=models.Q(removed_at=None),
                name="one_current_line",
            )
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.label}"


class ScoreChange(PreparedModel):
    """The score's history: one row whenever the kept value moved."""

    lead = models.ForeignKey(
        Lead, on_delete=models.CASCADE, related_name="score_changes"
    )
    before = models.PositiveSmallIntegerField()
    after = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=160)
    actor = models.CharField(max_length=80)
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-occurred_at"]
        indexes = [models.Index(fields=["lead", "-occurred_at"])]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
