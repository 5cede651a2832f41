"""The one visibility policy: who sees which lead.

Admin, pages, API, sockets, exports and search all come through here.
"""

import time
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q

from leads.models.team import Membership

Viewer = AbstractBaseUser | AnonymousUser

NOTHING = Q(pk__in=[])
SAME_PAGE = 1.0  # seconds for which one user object remembers its teams


def lead_filter(user: Viewer, *, prefix: str = "") -> Q:
    """Return the filter for leads that `user` may see.

    `prefix` is the path from the filtered model to the lead, such as
    `"lead__"`. Superusers and people with reach `all` see everything; reach
    `team` sees the team's leads; reach `own` the leads they own. Everybody
    active sees the leads they own. Others see nothing.
    """
    if not user.is_active or user.pk is None:
        return NOTHING
    reaches = _reaches(user)
    if getattr(user, "is_superuser", False) or Membership.Reach.ALL in reaches:
        return Q()
    own = Q(**{f"{prefix}owner_id": user.pk})
    teams = reaches.get(Membership.Reach.TEAM, [])
    return own | Q(**{f"{prefix}team_id__in": teams}) if teams else own


def _reaches(user: Viewer) -> dict[str, list[int]]:
    """The person's teams by reach; asked once for all parts of one page."""
    kept = getattr(user, "_leads_reaches", None)
    now = time.monotonic()
    if kept is not None and now - kept[0] < SAME_PAGE:
        found: dict[str, list[int]] = kept[1]
        return found
    reaches: dict[str, list[int]] = {}
    rows = Membership.objects.filter(user=user.pk)
    for reach, team_id in rows.values_list("reach", "team_id"):
        reaches.setdefault(reach, []).append(team_id)
    user._leads_reaches = (now, reaches)  # type: ignore[union-attr]
    return reaches


def conversation_filter(user: Viewer) -> Q:
    """Return the filter for conversations that `user` may see.

    A conversation without a lead is seen by those who see one of the leads
    that share its address.
    """
    with_lead = lead_filter(user, prefix="lead__")
    if with_lead in (Q(), NOTHING):
        return with_lead
    shared = lead_filter(user, prefix="contact_point__lead_contacts__lead__")
    return (Q(lead__isnull=False) & with_lead) | (Q(lead__isnull=True) & shared)


def task_filter(user: Viewer) -> Q:
    """Return the filter for tasks that `user` may see.

    A task without a lead is seen by those who see the whole of its team.
    """
    seen = lead_filter(user, prefix="lead__")
    if seen in (Q(), NOTHING) or user.pk is None:
        return seen
    mine = Membership.objects.filter(reach=Membership.Reach.TEAM, user__id=user.pk)
    teams = mine.values("team_id")
    return seen | Q(lead=None, team__in=teams)


def team_filter(user: Viewer, *, prefix: str) -> Q:
    """Return the filter for what belongs to a team (`prefix`) or to everybody.

    People in the team have it, however far they see into its leads; superusers
    and people with reach `all` have every team's. Others have nothing.
    """
    if not user.is_active or user.pk is None:
        return NOTHING
    reaches = _reaches(user)
    if getattr(user, "is_superuser", False) or Membership.Reach.ALL in reaches:
        return Q()
    teams = [team for found in reaches.values() for team in found]
    return Q(**{prefix: None}) | Q(**{f"{prefix}__in": teams})


def may_see(user: Viewer, lead: Any) -> bool:
    """Say whether `user` may see `lead` (a saved Lead)."""
    return bool(type(lead).objects.filter(lead_filter(user), pk=lead.pk).exists())


def people_who_see(lead: Any) -> Q:
    """Return the filter for users who may see `lead`."""
    return Q(is_active=True) & (
        Q(is_superuser=True)
        | Q(memberships__reach=Membership.Reach.ALL)
        | Q(pk=lead.owner_id)
        | Q(memberships__reach=Membership.Reach.TEAM, memberships__team=lead.team_id)
    )
