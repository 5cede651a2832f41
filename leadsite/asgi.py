"""ASGI entry point: webhooks and pages over HTTP, the inbox over a socket."""

import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
# First of all: it loads the apps that the imports below need.
pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import WebsocketDenier  # noqa: E402
from django.urls import re_path  # noqa: E402

from integrations.asgi import App  # noqa: E402
from integrations.intake import Intake  # noqa: E402
from messaging.origin import SameOrigin  # noqa: E402
from messaging.routing import websocket_urlpatterns  # noqa: E402

# Webhooks are judged and journalled before Django sees anything.
http = Intake(cast(App, pages))
unknown = re_path("", WebsocketDenier.as_asgi())
routes = URLRouter([*websocket_urlpatterns, unknown])
sockets = SameOrigin(AuthMiddlewareStack(routes))

application = ProtocolTypeRouter({"http": http, "websocket": sockets})
