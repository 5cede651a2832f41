"""Every setting, from the environment. Runs with nothing set."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE

from leadsite import logs
from leadsite.look import UNFOLD as UNFOLD
from leadsite.secrets import load_or_make, refuse_known_default
from leadsite.settings_api import REST_FRAMEWORK as REST_FRAMEWORK
from leadsite.settings_environment import BASE_DIR, env
from leadsite.settings_environment import SET_OUTSIDE as SET_OUTSIDE
from leadsite.settings_vendors import *  # noqa: F403 (Django's way to part settings)
from leadsite.settings_vendors import (
    AWS_ACCESS_KEY_ID,
    AWS_LOG_GROUP,
    AWS_REGION,
    AWS_S3_BUCKET,
    AWS_SECRET_ACCESS_KEY,
    GMAIL_ADDRESS,
    SENDGRID_FROM_EMAIL,
)

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = refuse_known_default(
    "SECRET_KEY",
    env.str("SECRET_KEY", default="") or load_or_make(DATA_DIR / "secret_key"),
)
# Keys of before: links and reply addresses of old mails stay good.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default="").rstrip("/")
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
ALLOW_TIME_TRAVEL = env.bool("ALLOW_TIME_TRAVEL", default=False)
DEFAULT_REGION = env.str("DEFAULT_REGION", default="US")
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="")

_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
_public_host = urlsplit(PUBLIC_BASE_URL).hostname
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=_LOOPBACK + ([_public_host] if _public_host else [])
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL] if PUBLIC_BASE_URL else []

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "rest_framework_api_key",
    "channels",
    "allauth",
    "allauth.account",
    "django_celery_beat",
    "leads",
    "messaging",
    "integrations",
    "analytics",
    "leadsite",
]
MIDDLEWARE = [
    "leadsite.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "leadsite.middleware.CompanyTimeMiddleware",
]
ROOT_URLCONF = "leadsite.urls"
ASGI_APPLICATION = "leadsite.asgi.application"
WSGI_APPLICATION = "leadsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "leadsite.admin_site.entrance",
            ],
        },
    }
]

# --- data --------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url(
        "DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'leadsite.sqlite3'}"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # A black-holed database must fail a request, not hold it for two hours: neither
    # while connecting, nor while a statement is not taken (milliseconds), nor while
    # its answer does not come.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 20_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        **DATABASES["default"].get("OPTIONS", {}),
    }
# A connection kept under ASGI is never found again and uses the server up. The
# worker's threads keep theirs (leadsite/celery.py).
DATABASES["default"]["CONN_MAX_AGE"] = 0

REDIS_URL = env.str("REDIS_URL", default="")
MONGODB_URL = env.str("MONGODB_URL", default="")
CACHES: dict[str, dict[str, Any]]
CHANNEL_LAYERS: dict[str, dict[str, Any]]
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {
                "SOCKET_CONNECT_TIMEOUT": 1,
                "SOCKET_TIMEOUT": 1,
                "IGNORE_EXCEPTIONS": True,
            },
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 30}]},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- jobs --------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
# Our handlers stay, and with them the redaction.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# None: for ever. A Redis that is away for an hour must not end the parts.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Else Celery closes a thread's database connection around every task.
CELERY_DB_REUSE_MAX = 10_000
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_timeout": 5, "socket_connect_timeout": 1, "visibility_timeout": 300}
    if REDIS_URL
    else {"polling_interval": 0.05}
)
# Off: no doorbells, the sweep alone finds work (tests, one-off commands).
DOORBELLS = env.bool("DOORBELLS", default=True)
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=1.0)

# --- ports: candidates in order; the first that is configured runs -----------
TRANSPORTS: dict[str, list[str]] = {
    "sms": [
        "integrations.providers.twilio.TwilioTransport",
        "messaging.transports.LogTransport",
    ],
    "email": [
        "integrations.providers.sendgrid.SendGridTransport",
        "integrations.providers.gmail.GmailTransport",
        "messaging.transports.LogTransport",
    ],
}
LANGUAGE_MODELS = [
    "integrations.providers.openai.OpenAIModel",
    "messaging.agent.builtin.BuiltinModel",
]
EMBEDDERS = [
    "integrations.openai_embeddings.OpenAIEmbedder",
    "messaging.agent.embedding.NullEmbedder",
]
WEBHOOKS = [
    "integrations.providers.twilio.TwilioWebhook",
    "integrations.providers.sendgrid.SendGridInbound",
    "integrations.providers.sendgrid.SendGridEvents",
]
MEDIA_FETCHERS = ["integrations.providers.twilio.TwilioMedia"]
# Dotted path of the house's own scanner: a path in, what it found out, "" when clean.
ATTACHMENT_SCANNER = env.str("ATTACHMENT_SCANNER", default="")
# Providers whose list of inbound messages the gap sweep lays beside the journal.
GAP_LISTS = ["integrations.twilio_listing.TwilioInbound"]
SUBSCRIBERS = ["messaging.subscribers.Sequences"]
# What each app holds of a person, from the top of the house down; see leads.lifecycle.
LIFECYCLES = [
    "leadsite.lifecycle.LIFECYCLE",
    "analytics.lifecycle.LIFECYCLE",
    "integrations.lifecycle.LIFECYCLE",
    "messaging.lifecycle.LIFECYCLE",
    "leads.leaving.LIFECYCLE",
]
# How long which kind of data is kept; see leads.retention.
RETENTION = [
    "messaging.retaining.CLASSES",
    "integrations.retaining.CLASSES",
    "leads.retaining.CLASSES",
]
# What the sweep claims and runs: one entry a kind of queue row.
WORKERS = [
    "integrations.webhooks.WORKER",
    "messaging.replies.WORKER",
    "messaging.sending.WORKER",
    "messaging.evaluating.running.WORKER",
    "messaging.sequences.running.WORKER",
    "leads.outbox.WORKER",
    "leads.jobs.WORKER",
]

# Jobs that are started once a day, by name.
DAILY_JOBS = [
    "leads.refresh_scores",
    "leads.apply_retention",
    "integrations.purge_bodies",
    "messaging.judge_variants",
]
# Jobs that are started once in every so many seconds, by name.
INTERVAL_JOBS: dict[str, int] = {"integrations.gap_sweep": 300}

# --- mail of the house ------------------------------------------------------
# A forgotten password takes the roads of all mail.
EMAIL_BACKEND = "integrations.mail_backend.HouseBackend"
DEFAULT_FROM_EMAIL = SENDGRID_FROM_EMAIL or GMAIL_ADDRESS or "leadsite@localhost"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- people ------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/admin/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "leadsite.accounts.StaffAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/ip,5/15m/key"}

# --- pages -------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = False
FORMAT_MODULE_PATH = ["leadsite.formats"]
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = DATA_DIR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
_https = PUBLIC_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # Unfold's Alpine needs eval; no inline script runs without the nonce.
        "script-src": ["'self'", "'unsafe-eval'", NONCE],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "object-src": ["'none'"],
    }
}

# --- logs --------------------------------------------------------------------
# Lets a scraper from elsewhere read /metrics: "Authorization: Bearer <token>".
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOGGING = logs.configuration(
    form=env.str("LOG_FORMAT", default="line"),
    level=env.str("LOG_LEVEL", default="INFO"),
    ship=all([AWS_LOG_GROUP, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]),
)

# --- files -------------------------------------------------------------------
# Candidates in order; the first that is configured keeps the files of messages.
FILE_STORES = [
    "integrations.providers.aws.S3Files",
    "django.core.files.storage.FileSystemStorage",
]
_s3 = all([AWS_S3_BUCKET, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY])
STORAGES = {
    "default": {"BACKEND": FILE_STORES[0 if _s3 else 1]},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
