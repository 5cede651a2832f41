"""API keys: made once, shown once, and who speaks with one."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from leads import clock, outbox
from leads.models import ApiKey

KEYWORD = "Api-Key"
SEEN_EVERY = timedelta(minutes=1)


@transaction.atomic
def issue_key(*, key: ApiKey, by: User) -> str:
    """Make a new, unsaved key valid; the key itself, which nobody can read again.

    Raises PermissionError when somebody makes one for another person without being
    a superuser: it would be a way to their sight.
    """
    if key.user_id != by.pk and not by.is_superuser:
        raise PermissionError("a key is made for oneself")
    secret: str = ApiKey.objects.assign_key(key)
    key.save(force_insert=True)
    _tell("created", key, by)
    return secret


@transaction.atomic
def revoke_key(*, key: ApiKey, by: User) -> bool:
    """Let a key open nothing any more, for good; False when it was revoked already."""
    if not ApiKey.objects.filter(pk=key.pk, revoked=False).update(revoked=True):
        return False
    _tell("revoked", key, by)
    return True


def _tell(did: str, key: ApiKey, by: User) -> None:
    payload = {"key": key.prefix, "user": key.user_id}
    outbox.emit(kind=f"api_key.{did}", actor=f"user:{by.pk}", payload=payload)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key …`: the caller is the key's person.

    The answer says in words what is wrong with a key: whoever sends one has it.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The person and the key; None when no key is sent."""
        header = request.headers.get("Authorization", "")
        keyword, _, secret = header.partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        key = _find(secret.strip())
        user: Any = key.user
        if not (user.is_active and user.is_staff):
            raise AuthenticationFailed("The person of this API key may not sign in.")
        _note_use(key)
        return user, key

    def authenticate_header(self, request: Request) -> str:
        """What to send."""
        return KEYWORD


def _find(secret: str) -> ApiKey:
    prefix = secret.partition(".")[0]
    rows = ApiKey.objects.select_related("user")
    key: ApiKey | None = rows.filter(prefix=prefix[:8]).first()
    if key is None or not key.is_valid(secret):
        raise AuthenticationFailed("There is no such API key.")
    if key.revoked:
        raise AuthenticationFailed("This API key was revoked.")
    if key.has_expired:
        raise AuthenticationFailed(f"This API key expired {key.expiry_date:%d %b %Y}.")
    return key


def _note_use(key: ApiKey) -> None:
    """At most once a minute, so that a busy program writes no row a call."""
    now = clock.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
    if key.last_used_at is None or key.last_used_at < now - SEEN_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
