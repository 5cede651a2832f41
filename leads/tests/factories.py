"""Factories for tests of any app. Addresses are invented ones only."""

from datetime import UTC, datetime
from typing import ClassVar

import factory
from django.contrib.auth.models import User
from factory.django import DjangoModelFactory

from leads.models import (
    ContactPoint,
    Fact,
    Lead,
    LeadContact,
    Membership,
    Stage,
    Team,
)

MONDAY = datetime(2026, 3, 2, 10, 42, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    """A staff person."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    is_staff = True


class TeamFactory(DjangoModelFactory[Team]):
    """A team that is not the default one."""

    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    """One person in one team; reach "team" unless told."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    team = factory.SubFactory(TeamFactory)


class StageFactory(DjangoModelFactory[Stage]):
    """The stage "new", or another one by its key; made once."""

    class Meta:
        model = Stage
        django_get_or_create: ClassVar[list[str]] = ["key"]

    key = "new"
    name = factory.LazyAttribute(lambda stage: stage.key.title())


class LeadFactory(DjangoModelFactory[Lead]):
    """A lead in the stage "new" without any address."""

    class Meta:
        model = Lead

    team = factory.SubFactory(TeamFactory)
    stage = factory.SubFactory(StageFactory)


class ContactPointFactory(DjangoModelFactory[ContactPoint]):
    """A phone number, or with kind "email" a mail address."""

    class Meta:
        model = ContactPoint

    kind = ContactPoint.Kind.PHONE
    # Apart from the numbers that tests write out.
    value = factory.Sequence(lambda n: f"+1415555{4000 + n:04d}")

    class Params:
        mail = factory.Trait(
            kind=ContactPoint.Kind.EMAIL,
            value=factory.Sequence(lambda n: f"lead{n}@example.com"),
        )


class LeadContactFactory(DjangoModelFactory[LeadContact]):
    """An address that the lead wrote from."""

    class Meta:
        model = LeadContact

    lead = factory.SubFactory(LeadFactory)
    contact_point = factory.SubFactory(ContactPointFactory)
    primary = True


class FactFactory(DjangoModelFactory[Fact]):
    """A budget in the lead's own words."""

    class Meta:
        model = Fact

    lead = factory.SubFactory(LeadFactory)
    field = "budget"
    value = "20k"
    quote = "budget is 20k"
    source = Fact.Source.LEAD
    actor = "builtin"
    occurred_at = MONDAY
