"""The models of `messaging`."""

from messaging.models.articles import (
    Article,
    ArticleRevision,
    KnowledgeEntry,
    KnowledgeImport,
    Offer,
    Phrasing,
)
from messaging.models.channel import Channel
from messaging.models.conversation import Attachment, Conversation, Message
from messaging.models.evaluation import (
    EvaluationCase,
    EvaluationRun,
    PromptRecord,
    Release,
)
from messaging.models.knowledge import Profile
from messaging.models.mail import Mail, Template
from messaging.models.retrieval import KnowledgeTerm, KnowledgeVector
from messaging.models.sequence import (
    LIVE_STATES,
    Enrollment,
    Sequence,
    SequenceVersion,
    Step,
    StepRun,
    StepVariant,
)
from messaging.models.turn import Turn

__all__ = [
    "LIVE_STATES",
    "Article",
    "ArticleRevision",
    "Attachment",
    "Channel",
    "Conversation",
    "Enrollment",
    "EvaluationCase",
    "EvaluationRun",
    "KnowledgeEntry",
    "KnowledgeImport",
    "KnowledgeTerm",
    "KnowledgeVector",
    "Mail",
    "Message",
    "Offer",
    "Phrasing",
    "Profile",
    "PromptRecord",
    "Release",
    "Sequence",
    "SequenceVersion",
    "Step",
    "StepRun",
    "StepVariant",
    "Template",
    "Turn",
]
