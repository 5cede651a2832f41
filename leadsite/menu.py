"""The menu at the side: which pages there are, who sees them, what waits there."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from messaging import numbers


@dataclass(frozen=True)
class Item:
    """One entry of the menu. It is left out when its page does not exist."""

    title: str
    icon: str
    url: str
    permission: str = ""
    badge: Callable[[HttpRequest], int] | None = None
    # Patterns of further paths, below /admin/, under which the entry is lit.
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """One part of the menu under one heading."""

    title: str
    items: tuple[Item, ...]


def _needs_you(request: HttpRequest) -> int:
    return numbers.needs_you(user=request.user)


def _to_review(request: HttpRequest) -> int:
    return numbers.to_review(user=request.user)


def _stuck(request: HttpRequest) -> int:
    from leadsite.dead_letters import stuck

    return stuck(request)


MENU: tuple[Group, ...] = (
    Group(
        "",
        (
            Item("Today", "today", "admin:index"),
            Item("Inbox", "inbox", "inbox", badge=_needs_you),
            Item(
                "Leads",
                "group",
                "admin:leads_lead_changelist",
                "leads.view_lead",
                also=("leads/[0-9a-f]{8}-",),
            ),
            Item("Review", "rule", "review", badge=_to_review),
            Item("Simulator", "science", "simulator"),
        ),
    ),
    Group(
        "Follow-ups",
        (
            Item(
                "Sequences",
                "schedule_send",
                "sequences",
                "messaging.view_sequence",
                also=("enrollments/",),
            ),
            Item("Going out", "calendar_month", "going_out", "messaging.view_message"),
            Item(
                "Consent",
                "verified_user",
                "suppressions",
                "leads.view_suppression",
                also=("compliance/", "opt-outs/"),
            ),
            Item("Privacy", "shield_person", "privacy", "leads.view_privacyrequest"),
        ),
    ),
    Group(
        "Settings",
        (
            Item("Company profile", "storefront", "profile", "messaging.view_profile"),
            Item("AI and sending", "tune", "policy", "leads.view_policy"),
            Item("AI proof", "verified", "proof", "messaging.change_channel"),
            Item(
                "Evaluations",
                "fact_check",
                "evaluations",
                "messaging.view_evaluationcase",
            ),
            Item(
                "Articles",
                "menu_book",
                "admin:messaging_article_changelist",
                "messaging.view_article",
                also=("knowledge/",),
            ),
            Item(
                "Offers",
                "sell",
                "admin:messaging_offer_changelist",
                "messaging.view_offer",
            ),
            Item(
                "Channels",
                "cell_tower",
                "admin:messaging_channel_changelist",
                "messaging.view_channel",
            ),
            Item(
                "Teams and people",
                "groups",
                "admin:leads_team_changelist",
                "leads.view_team",
                also=("auth/user/", "auth/group/"),
            ),
            Item(
                "Working hours",
                "work_history",
                "admin:leads_businesscalendar_changelist",
                "leads.view_businesscalendar",
                also=("leads/legalwindow/",),
            ),
            Item(
                "Prepared answers",
                "quickreply",
                "admin:messaging_template_changelist",
                "messaging.view_template",
            ),
            Item(
                "Question sets",
                "quiz",
                "admin:leads_questionset_changelist",
                "leads.view_questionset",
            ),
            Item(
                "Point card",
                "scoreboard",
                "admin:leads_scorerule_changelist",
                "leads.view_scorerule",
            ),
        ),
    ),
    Group(
        "Behind the scenes",
        (
            Item("Services", "hub", "services", "leads.change_policy"),
            Item(
                "Journal",
                "receipt_long",
                "admin:integrations_webhookdelivery_changelist",
                "integrations.view_webhookdelivery",
            ),
            Item(
                "Dead letters",
                "report",
                "dead_letters",
                "integrations.view_webhookdelivery",
                badge=_stuck,
            ),
            Item(
                "Messages",
                "outbox",
                "admin:messaging_message_changelist",
                "messaging.view_message",
            ),
            Item(
                "API keys", "key", "admin:leads_apikey_changelist", "leads.view_apikey"
            ),
            Item(
                "Schedule",
                "event_repeat",
                "admin:django_celery_beat_periodictask_changelist",
                "django_celery_beat.view_periodictask",
            ),
            Item("Jobs", "engineering", "admin:leads_job_changelist", "leads.view_job"),
            Item(
                "Events",
                "history",
                "admin:leads_event_changelist",
                "leads.view_event",
                also=("admin/logentry/",),
            ),
        ),
    ),
)
