"""The environment of every test, set before Django reads its settings.

A plugin (`-p leadsite.tests.environment`), because a conftest is read too late.
"""

import os
import tempfile
from urllib.parse import urlsplit, urlunsplit


def _own_redis(url: str) -> str:
    """A database for each parallel worker: they would hear each other's rings.

    Redis has 16 databases; workers take them in turn from the one in `url`.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    if not url or not worker.isdigit():
        return url
    parts = urlsplit(url)
    first = parts.path.strip("/")
    number = (int(first or 0) + int(worker)) % 16
    return urlunsplit(parts._replace(path=f"/{number}"))


_DATA = tempfile.mkdtemp(prefix="leadsite-tests-")
os.environ["DATA_DIR"] = _DATA
os.environ["DOORBELLS"] = "false"
os.environ["ALLOW_TIME_TRAVEL"] = "true"
_VENDORS = ("TWILIO_", "OPENAI_", "SENDGRID_", "GMAIL_", "STRIPE_", "AWS_", "SENTRY_")
for _name in list(os.environ):
    if _name.startswith((*_VENDORS, "METRICS_", "LOG_")):
        del os.environ[_name]
for _name in ("PUBLIC_BASE_URL", "TRUSTED_PROXIES", "OUTBOUND_ALLOW", "DEBUG"):
    os.environ.pop(_name, None)
os.environ["DATABASE_URL"] = os.environ.get(
    "TEST_DATABASE_URL", f"sqlite:///{_DATA}/tests.sqlite3"
)
os.environ["REDIS_URL"] = _own_redis(os.environ.get("TEST_REDIS_URL", ""))
os.environ["MONGODB_URL"] = os.environ.get("TEST_MONGODB_URL", "")
os.environ["LOG_LEVEL"] = "WARNING"
