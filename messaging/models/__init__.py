"""The models of `messaging`."""

from messaging.models.channel import Channel
from messaging.models.conversation import Attachment, Conversation, Message
from messaging.models.knowledge import Profile
from messaging.models.mail import Mail, Template
from messaging.models.turn import Turn

__all__ = [
    "Attachment",
    "Channel",
    "Conversation",
    "Mail",
    "Message",
    "Profile",
    "Template",
    "Turn",
]
