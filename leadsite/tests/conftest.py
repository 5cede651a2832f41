"""A real server and a real browser for the stories that are about pages."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def site(transactional_db: None, settings: Any) -> Iterator[str]:
    """The whole ASGI site on a free port, in this process; its address."""
    import uvicorn

    from leadsite.embedded import Web

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs a loop here
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(
        "leadsite.asgi:application",
        host="127.0.0.1",
        port=port,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = Web(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.started, "the server did not start"
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def sign_in(site: str, browser: Any) -> Iterator[Callable[..., Any]]:
    """Give a page of its own, signed in as a user; closed afterwards."""
    from django.test import Client

    contexts = []

    def open_page(user: Any, *, dark: bool = False, width: int = 1440) -> Any:
        client = Client()
        client.force_login(user)
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        cookie = client.cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": site}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def desk(site: str, sign_in: Any) -> Iterator[Any]:
    """Pages that are watched: see `browsing.desks`."""
    from leadsite.tests.browsing import desks

    yield from desks(site, sign_in)
