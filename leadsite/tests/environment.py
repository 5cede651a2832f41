"""The environment of every test, set before Django reads its settings.

A plugin (`-p leadsite.tests.environment`), because a conftest is read too late.
"""

import os
import tempfile

_DATA = tempfile.mkdtemp(prefix="leadsite-tests-")
os.environ["DATA_DIR"] = _DATA
os.environ["DOORBELLS"] = "false"
os.environ["ALLOW_TIME_TRAVEL"] = "true"
for _name in list(os.environ):
    if _name.startswith(("TWILIO_", "OPENAI_", "SENDGRID_", "GMAIL_", "STRIPE_")):
        del os.environ[_name]
for _name in ("PUBLIC_BASE_URL", "TRUSTED_PROXIES", "OUTBOUND_ALLOW", "DEBUG"):
    os.environ.pop(_name, None)
os.environ["DATABASE_URL"] = os.environ.get(
    "TEST_DATABASE_URL", f"sqlite:///{_DATA}/tests.sqlite3"
)
os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL", "")
os.environ["MONGODB_URL"] = os.environ.get("TEST_MONGODB_URL", "")
os.environ["LOG_LEVEL"] = "WARNING"
