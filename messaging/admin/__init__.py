"""The admin of `messaging`."""

from messaging.admin import channels, leads, messages, templates

__all__ = ["channels", "leads", "messages", "templates"]
