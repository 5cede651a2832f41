"""The installation's run-time settings: read per claim, changed with a trace."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field

from leads import clock, outbox
from leads.kept import Kept
from leads.models import Policy

ONE = 1


class UnknownSetting(ValueError):
    """There is no policy setting of that name."""


def current() -> Policy:
    """Return the policy; the first reader makes it."""
    policy = Policy.objects.filter(pk=ONE).first()
    return policy or Policy.objects.get_or_create(pk=ONE)[0]


# For what stops nothing, such as how long to wait for more of a burst.
lately = Kept(current, Policy)


@transaction.atomic
def change(*, actor: str, **values: Any) -> Policy:
    """Change settings by name and write down who changed what.

    Raises UnknownSetting for a name that is none, ValidationError for a value
    that does not fit. Nothing changes when one of them is wrong.
    """
    current()
    policy = Policy.objects.select_for_update().get(pk=ONE)
    before = policy.values()
    for name, value in values.items():
        if name not in before:
            raise UnknownSetting(f"there is no setting {name!r}")
        setattr(policy, name, _fields(policy)[name].to_python(value))
    policy.full_clean()
    changed = {k: v for k, v in policy.values().items() if v != before[k]}
    if not changed:
        return policy
    policy.updated_at = clock.now()
    policy.updated_by = actor
    policy.save()
    outbox.emit(
        kind="policy.changed",
        actor=actor,
        payload={k: [_plain(before[k]), _plain(v)] for k, v in changed.items()},
    )
    return policy


def _fields(policy: Policy) -> "dict[str, Field[Any, Any]]":
    return {field.name: field for field in policy._meta.concrete_fields}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str | type(None)) else str(value)


__all__ = ["UnknownSetting", "ValidationError", "change", "current", "lately"]
