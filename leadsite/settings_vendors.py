"""What outside services need, from the environment; unset means off."""

from urllib.parse import urlsplit

from leadsite.settings_environment import env

TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_PHONE_NUMBER = env.str("TWILIO_PHONE_NUMBER", default="")
TWILIO_MESSAGING_SERVICE_SID = env.str("TWILIO_MESSAGING_SERVICE_SID", default="")
TWILIO_BASE_URL = env.str("TWILIO_BASE_URL", default="")
# Comma lists: all of them verify, so that one can be changed while the other lives.
SENDGRID_INBOUND_TOKEN = env.str("SENDGRID_INBOUND_TOKEN", default="")
SENDGRID_INBOUND_PUBLIC_KEY = env.str("SENDGRID_INBOUND_PUBLIC_KEY", default="")
SENDGRID_WEBHOOK_PUBLIC_KEY = env.str("SENDGRID_WEBHOOK_PUBLIC_KEY", default="")
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="")
OPENAI_MODEL = env.str("OPENAI_MODEL", default="") or "gpt-6-luna"
# responses | chat; unset: responses at OpenAI, chat elsewhere.
OPENAI_API = env.str("OPENAI_API", default="")
# Unset: what is published is found by its words alone.
OPENAI_EMBEDDING_MODEL = env.str("OPENAI_EMBEDDING_MODEL", default="")
# Seconds for all of a turn's calls together.
OPENAI_DEADLINE = 20.0
# Mail out: SendGrid, and Gmail when SendGrid definitely refuses.
SENDGRID_API_KEY = env.str("SENDGRID_API_KEY", default="")
SENDGRID_FROM_EMAIL = env.str("SENDGRID_FROM_EMAIL", default="")
SENDGRID_BASE_URL = env.str("SENDGRID_BASE_URL", default="")
# Mail to every address there comes to us; answers go to signed ones.
SENDGRID_INBOUND_DOMAIN = env.str("SENDGRID_INBOUND_DOMAIN", default="")
# SendGrid counts opens and clicks; the links in our mail then lead over its host.
SENDGRID_TRACKING = env.bool("SENDGRID_TRACKING", default=True)
GMAIL_ADDRESS = env.str("GMAIL_ADDRESS", default="")
GMAIL_APP_PASSWORD = env.str("GMAIL_APP_PASSWORD", default="")
_gmail_host = env.str("GMAIL_SMTP_HOST", default="")
GMAIL_SMTP_HOST = _gmail_host or "smtp.gmail.com"
GMAIL_SMTP_PORT = int(env.str("GMAIL_SMTP_PORT", default="") or 587)
AWS_ACCESS_KEY_ID = env.str("AWS_ACCESS_KEY_ID", default="")
AWS_SECRET_ACCESS_KEY = env.str("AWS_SECRET_ACCESS_KEY", default="")
AWS_REGION = env.str("AWS_REGION", default="")
AWS_LOG_GROUP = env.str("AWS_LOG_GROUP", default="")
AWS_ENDPOINT_URL = env.str("AWS_ENDPOINT_URL", default="")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
AWS_S3_BUCKET = env.str("AWS_S3_BUCKET", default="")
OUTBOUND_ALLOW = env.list("OUTBOUND_ALLOW", default=[])


def _host_port(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.hostname}:{port}"


# Hosts that the environment itself names are trusted by the outbound guard.
_named = [TWILIO_BASE_URL, OPENAI_BASE_URL, SENDGRID_BASE_URL, SENTRY_DSN]
OUTBOUND_TRUSTED = [_host_port(url) for url in _named if url]
if _gmail_host:
    OUTBOUND_TRUSTED.append(f"{_gmail_host}:{GMAIL_SMTP_PORT}")
