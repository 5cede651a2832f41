"""Teams: who sees and works which lead."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Mode(models.TextChoices):
    """What the AI may do; the most restrictive of all levels wins."""

    OFF = "off", "Off"
    DRAFT = "draft", "Draft"
    AUTO = "auto", "Auto"


class Team(models.Model):
    """A group of people who share leads."""

    name = models.CharField(max_length=80, unique=True)
    is_default = models.BooleanField(default=False)
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.AUTO)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True),
                name="one_default_team",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def default(cls) -> "Team":
        """Return the team of leads that come without one; make it once."""
        team, _ = cls.objects.get_or_create(
            is_default=True, defaults={"name": "Everyone"}
        )
        return team


class Membership(models.Model):
    """How far one person's sight reaches inside a team."""

    class Reach(models.TextChoices):
        OWN = "own", "own leads"
        TEAM = "team", "the team's leads"
        ALL = "all", "all leads"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    reach = models.CharField(max_length=8, choices=Reach, default=Reach.TEAM)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="one_membership")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.get_reach_display()}"
