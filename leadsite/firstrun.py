"""The first run: the address, who may sign in, the owner's one-time code."""

import os
import secrets

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from leads import outbox
from leads.models import Membership, Policy, Team
from leads.seeding import ensure_ground
from leadsite.accounts import DEMO_GROUP

CODE_FILE = "owner_code"


class NoOwnerNow(ValueError):
    """The code is wrong, used, or there is an owner already."""


def ready_doorbells() -> None:
    """Let a command's doorbells be heard by the workers, or keep them still.

    Without a broker between processes nobody would hear them: the sweep of
    `up` finds the rows.
    """
    if settings.REDIS_URL:
        current_app.loader.import_default_modules()
    else:
        settings.DOORBELLS = False


def greeting(*, host: str, port: int) -> str:
    """What the terminal says when the web part starts."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (shown)
    lines = ["", f"  Leadsite is at http://{shown}:{port}/"]
    demo = User.objects.filter(groups__name=DEMO_GROUP, is_active=True)
    names = [user.username for user in demo.order_by("pk")]
    if names:
        lines.append(f"  Demo people to sign in as (one click): {', '.join(names)}")
    if not has_owner():
        words = "To set up your own, open this once and become the owner:"
        if not names:
            words = "Nobody can sign in yet. Open this once to become the owner:"
        lines.append(f"  {words}")
        lines.append(f"  http://{shown}:{port}{owner_path()}")
    lines.append("  Stop with Ctrl+C.")
    return "\n".join([*lines, ""])


def owner_words() -> str:
    """What to do next when nobody real can sign in, "" when somebody can."""
    if has_owner():
        return "Sign in with your own account."
    return f"Become the owner: open {owner_path()} on this installation's address."


def owner_path() -> str:
    """The path, with the code, that makes the owner."""
    return f"/accounts/owner/?code={owner_code()}"


def has_owner() -> bool:
    """Whether somebody real owns the installation."""
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def owner_code() -> str:
    """The one-time code that makes the owner; kept until it is used."""
    path = settings.DATA_DIR / CODE_FILE
    try:
        return str(path.read_text().strip())
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    code = secrets.token_urlsafe(16)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster: theirs is the code
        return str(path.read_text().strip())
    with os.fdopen(handle, "w") as file:
        file.write(code)
    return code


def is_owner_code(code: str) -> bool:
    """Say whether `code` may make the owner now."""
    path = settings.DATA_DIR / CODE_FILE
    if not path.exists() or has_owner():
        return False
    kept = path.read_text().strip()
    return bool(kept) and secrets.compare_digest(code.encode(), kept.encode())


@transaction.atomic
def make_owner(*, code: str, name: str, email: str, password: str) -> User:
    """Make the owner with the one-time code, which is worth nothing after.

    The owner sees everything and is in the default team. Raises NoOwnerNow.
    Two requests at once make one owner: the second waits and finds the first.
    """
    ensure_ground()
    Policy.objects.get_or_create(pk=1)
    Policy.objects.select_for_update().get(pk=1)
    if not is_owner_code(code):
        raise NoOwnerNow("This link was used already, or it is not the latest one.")
    first, _, last = name.strip().partition(" ")
    owner = User.objects.create_superuser(
        username=email.lower(),
        email=email.lower(),
        password=password,
        first_name=first[:150],
        last_name=last[:150],
    )
    Membership.objects.create(
        user=owner, team=Team.default(), reach=Membership.Reach.ALL
    )
    outbox.emit(kind="owner.created", actor=f"user:{owner.pk}")
    transaction.on_commit(use_owner_code)
    return owner


def use_owner_code() -> None:
    """The owner exists: the code is worth nothing any more."""
    (settings.DATA_DIR / CODE_FILE).unlink(missing_ok=True)
