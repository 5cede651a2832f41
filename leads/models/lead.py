"""Leads: persons with an interest."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from leads.models.querysets import LeadQuerySet
from leads.models.team import Team
from leads.prepared import Select
from leads.prepared_rows import PreparedModel


class LeadSource(models.Model):
    """Where leads come from: a form, a number, an import, a campaign."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Company(models.Model):
    """The organisation that a lead speaks for."""

    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=200, blank=True, db_index=True)

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Lead(PreparedModel):
    """A person with an interest. Every lead has a team.

    `score` is the ledger's sum when it last changed, kept for sorting;
    `leads.scoring.score_at` gives the value at any instant.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.SET_NULL, related_name="leads"
    )
    role = models.CharField(max_length=120, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="leads")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="leads",
    )
    stage = models.ForeignKey(
        "leads.Stage", on_delete=models.PROTECT, related_name="leads"
    )
    source = models.ForeignKey(
        LeadSource, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    first_source = models.ForeignKey(
        LeadSource,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    language = models.CharField(max_length=8, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    score = models.PositiveSmallIntegerField(default=0, db_index=True)
    score_changed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    simulated = models.BooleanField(default=False, db_index=True)
    demo = models.BooleanField(default=False, db_index=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["team", "-created_at"])]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name, else the first address, else "New lead"."""
        if self.name:
            return self.name
        found = _first_address.rows(lead=self.pk)
        return str(found[0][0] or "New lead") if found else "New lead"

    @property
    def temperature(self) -> str:
        """The word beside the score: Hot from 70, Warm from 40, else Cool."""
        return "Hot" if self.score >= 70 else "Warm" if self.score >= 40 else "Cool"


_first_address: Select[Lead] = Select(
    lambda place: (
        Lead._base_manager.filter(pk=place("lead"))
        .order_by("-contacts__primary", "contacts__pk")
        .values_list("contacts__contact_point__value")[:1]
    )
)
