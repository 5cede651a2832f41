"""The models of `messaging`."""

from messaging.models.channel import Channel
from messaging.models.conversation import Attachment, Conversation, Message
from messaging.models.knowledge import Profile
from messaging.models.turn import Turn

__all__ = ["Attachment", "Channel", "Conversation", "Message", "Profile", "Turn"]
