"""The models of `leads`."""

from leads.models.address import (
    Consent,
    ContactPoint,
    LeadContact,
    Suppression,
)
from leads.models.api_key import ApiCall, ApiKey
from leads.models.append_only import AppendOnlyError
from leads.models.event import Delivery, Event
from leads.models.hours import BusinessCalendar, LegalWindow
from leads.models.lead import Company, Lead, LeadSource
from leads.models.pipeline import Deal, Meeting, Stage, Task
from leads.models.policy import Policy
from leads.models.privacy import (
    OptOutList,
    PrivacyRequest,
    RetentionRule,
    SuppressionDigest,
)
from leads.models.process import ProcessBeat
from leads.models.qualification import (
    Fact,
    Question,
    QuestionSet,
    ScoreChange,
    ScoreLine,
    ScoreRule,
)
from leads.models.team import Membership, Mode, Team
from leads.models.usage import Counter, UsageRecord
from leads.models.work import Job, Work

__all__ = [
    "ApiCall",
    "ApiKey",
    "AppendOnlyError",
    "BusinessCalendar",
    "Company",
    "Consent",
    "ContactPoint",
    "Counter",
    "Deal",
    "Delivery",
    "Event",
    "Fact",
    "Job",
    "Lead",
    "LeadContact",
    "LeadSource",
    "LegalWindow",
    "Meeting",
    "Membership",
    "Mode",
    "OptOutList",
    "Policy",
    "PrivacyRequest",
    "ProcessBeat",
    "Question",
    "QuestionSet",
    "RetentionRule",
    "ScoreChange",
    "ScoreLine",
    "ScoreRule",
    "Stage",
    "Suppression",
    "SuppressionDigest",
    "Task",
    "Team",
    "UsageRecord",
    "Work",
]
