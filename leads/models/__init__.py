"""The models of `leads`."""

from leads.models.address import (
    AppendOnlyError,
    Consent,
    ContactPoint,
    LeadContact,
    Suppression,
)
from leads.models.event import Delivery, Event
from leads.models.lead import Company, Lead, LeadSource
from leads.models.pipeline import Deal, Stage, Task
from leads.models.policy import Policy
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
    "AppendOnlyError",
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
    "Membership",
    "Mode",
    "Policy",
    "ProcessBeat",
    "Question",
    "QuestionSet",
    "ScoreChange",
    "ScoreLine",
    "ScoreRule",
    "Stage",
    "Suppression",
    "Task",
    "Team",
    "UsageRecord",
    "Work",
]
