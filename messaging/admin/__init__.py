"""The admin of `messaging`."""

from messaging.admin import articles, channels, leads, messages, offers, templates

__all__ = ["articles", "channels", "leads", "messages", "offers", "templates"]
