"""The admin of `messaging`."""

from messaging.admin import channels, leads, messages

__all__ = ["channels", "leads", "messages"]
