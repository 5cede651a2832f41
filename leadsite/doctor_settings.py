"""What `doctor` says of the settings. Never shows a value that is a secret."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings

from integrations.openai_models import model_warnings
from integrations.services import catalogue, standing
from leads import opt_outs, policy
from leadsite.health import Finding, State
from messaging.measures import company_zone
from messaging.models import Channel

SHORT_TOKEN = 16


# The catalogue's own entries, which health looks at itself.
HOUSE = ("database", "redis")


def findings() -> list[Finding]:
    """All of them; a settings file is assumed to have loaded."""
    return [
        *services(),
        secret_key(),
        *env_file(),
        debug(),
        allowed_hosts(),
        public_address(),
        proxies(),
        *log_shipping(),
        *metrics_token(),
    ]


def services() -> Iterator[Finding]:
    """Which outside services are set, half set, or off. Calls none but for the list
    of OpenAI's models; the services page tests them.
    """
    for service in catalogue():
        if service.key in HOUSE:
            continue
        plain = standing(service)
        if plain is None:
            words = "Set. The services page tests it."
            yield Finding(service.label, State.OK, words)
        elif service.is_half_set():
            yield Finding(service.label, State.WARN, plain.words, plain.fix)
        else:
            yield Finding(service.label, State.OK, f"Not set. {plain.words}")
    for words in model_warnings():
        fix = "Choose another OPENAI_MODEL, or look at the services page."
        yield Finding("OpenAI model", State.WARN, words, fix)


def secret_key() -> Finding:
    """Where the key comes from, and that nobody else may read it."""
    name = "SECRET_KEY"
    if os.environ.get(name):
        return Finding(name, State.OK, "From the environment.")
    path = settings.DATA_DIR / "secret_key"
    if others_may_read(path):
        return Finding(
            name,
            State.FAIL,
            "The file with the key can be read by other users of this machine.",
            f"chmod 600 {path}",
        )
    return Finding(name, State.OK, "From its own file, readable by its owner alone.")


def env_file() -> Iterator[Finding]:
    """A `.env` that others may read, when there is one."""
    path = settings.BASE_DIR / ".env"
    if path.exists() and others_may_read(path):
        yield Finding(
            ".env",
            State.WARN,
            "The settings, with their secrets, can be read by other users.",
            "chmod 600 .env",
        )


def others_may_read(path: Path) -> bool:
    """Whether group or others have any right to the file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def debug() -> Finding:
    """Error pages with settings must not reach the world."""
    if not settings.DEBUG:
        return Finding("DEBUG", State.OK, "Off.")
    state = State.FAIL if settings.PUBLIC_BASE_URL else State.WARN
    return Finding(
        "DEBUG", state, "On: error pages show code and settings.", "Remove DEBUG."
    )


def allowed_hosts() -> Finding:
    """The names this installation answers to."""
    name, hosts = "ALLOWED_HOSTS", list(settings.ALLOWED_HOSTS)
    public = urlsplit(settings.PUBLIC_BASE_URL).hostname
    if "*" in hosts:
        return Finding(
            name,
            State.WARN,
            "Any name is answered to, invented ones too.",
            "List the names under which you open Leadsite.",
        )
    if public and not any(_covers(host, public) for host in hosts):
        return Finding(
            name,
            State.FAIL,
            f"{public} of PUBLIC_BASE_URL is not among them: its pages answer 400.",
            f"Add {public} to ALLOWED_HOSTS, or remove ALLOWED_HOSTS.",
        )
    return Finding(name, State.OK, f"{len(hosts)} names.")


def _covers(host: str, name: str) -> bool:
    return name == host or (host.startswith(".") and f".{name}".endswith(host))


def public_address() -> Finding:
    """The address that vendors call and signatures are checked against."""
    name, address = "PUBLIC_BASE_URL", settings.PUBLIC_BASE_URL
    if not address and settings.TWILIO_ACCOUNT_SID:
        return Finding(
            name,
            State.FAIL,
            "Not set, but Twilio is: its signatures are checked against the Host"
            " header, and delivery reports have no address to come to.",
            "Set PUBLIC_BASE_URL to the https address that Twilio calls.",
        )
    if not address:
        return Finding(name, State.OK, "Not set; no service needs it yet.")
    if not address.startswith("https://"):
        return Finding(
            name,
            State.WARN,
            "Not https: sessions and messages cross the network in the clear.",
            "Put a TLS proxy in front and set the https address.",
        )
    return Finding(name, State.OK, f"{address}.")


def proxies() -> Finding:
    """Whose forwarded headers are believed."""
    name, entries = "TRUSTED_PROXIES", list(settings.TRUSTED_PROXIES)
    if "*" in entries:
        return Finding(
            name,
            State.WARN,
            "Anybody's forwarded headers are believed.",
            "List the proxy's own addresses.",
        )
    if not entries and settings.PUBLIC_BASE_URL.startswith("https://"):
        return Finding(
            name,
            State.WARN,
            "None, but the address is https: rate limits and the journal see the"
            " proxy's address in place of the sender's.",
            "List the address of the TLS proxy.",
        )
    return Finding(name, State.OK, f"{len(entries)}." if entries else "None.")


def time_zone() -> Finding:
    """The installation's zone beside the company's."""
    company = company_zone()
    if company == ZoneInfo(settings.TIME_ZONE):
        return Finding("TIME_ZONE", State.OK, f"{company.key}.")
    words = f"{settings.TIME_ZONE} here, {company.key} in the company profile."
    return Finding("TIME_ZONE", State.OK, f"{words} Staff see the company's.")


def old_lists() -> Iterator[Finding]:
    """Real channels that are locked: the opt-outs of the old system are not known."""
    now = policy.current()
    for kind, words in (("sms", "texts"), ("email", "mail")):
        used = Channel.objects.filter(kind=kind, simulated=False).exists()
        if used and not opt_outs.is_settled(now, kind):
            yield Finding(
                f"old opt-out list, {words}",
                State.WARN,
                f"Not known: no real {words} leaves.",
                f"manage.py opt_outs import FILE --channel {kind}, or sign that there"
                " is none: Consent, Old list.",
            )


def log_shipping() -> Iterator[Finding]:
    """CloudWatch is all there or said to be half there."""
    if not settings.AWS_LOG_GROUP:
        return
    needed = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    missing = [name for name in needed if not getattr(settings, name)]
    if missing:
        yield Finding(
            "AWS_LOG_GROUP",
            State.WARN,
            f"Set, but {', '.join(missing)} is not: logs stay here.",
            "Set the rest, or remove AWS_LOG_GROUP.",
        )
    else:
        yield Finding("AWS_LOG_GROUP", State.OK, "Logs go to CloudWatch as well.")


def metrics_token() -> Iterator[Finding]:
    """A token that could be guessed."""
    if 0 < len(settings.METRICS_TOKEN) < SHORT_TOKEN:
        yield Finding(
            "METRICS_TOKEN",
            State.WARN,
            f"Shorter than {SHORT_TOKEN} characters.",
            "Take a longer one: python -c 'import secrets;"
            " print(secrets.token_urlsafe(32))'",
        )
