"""Sockets of `messaging`."""

from django.urls import path

from messaging.consumers import InboxConsumer

websocket_urlpatterns = [path("ws/inbox/", InboxConsumer.as_asgi())]
