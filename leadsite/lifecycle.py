"""What the house itself holds of a person: the admin's history, and sessions."""

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import CASCADE, Q, QuerySet

from leads.lifecycle import Kept, Lifecycle
from leads.models import ContactPoint, Event, Lead
from leads.traces import Traces, own_points, traces_of

GONE = "erased"
# Without these somebody would be signed out.
_QUOTED = re.compile(r'“([^”]*)”|"([^"]*)"')
_SIGNED_IN = ("_auth_user_id", "_auth_user_backend", "_auth_user_hash")


class HouseLifecycle(Lifecycle):
    """Names and addresses in the admin's history and in what sessions remember."""

    key = "leadsite"
    words = "Admin history and sessions"

    def export(self, lead: Lead) -> dict[str, Any]:
        """What people changed about the lead in the admin."""
        return {
            "admin_history": [
                {"at": row.action_time, "what": row.object_repr, "how": _how(row)}
                for row in _entries(lead)
            ]
        }

    def erase(self, lead: Lead) -> dict[str, int]:
        """Take the person out of entries and sessions; that something was done stays."""
        ids = [row.pk for row in _entries(lead)]
        rows = LogEntry.objects.filter(pk__in=ids)
        counts = {"entries of the admin's history emptied": len(ids)}
        rows.update(object_repr=GONE, change_message="")
        return counts | {"sessions cleaned": _clean_sessions(lead)}

    def kept(self, lead: Lead) -> list[Kept]:
        """Who changed something when, and the logs."""
        return [_HISTORY, _LOGS, _BACKUPS]


_HISTORY = Kept(
    "Who changed something in the admin, and when",
    "To answer for what staff did. What was changed is emptied.",
)
_LOGS = Kept(
    "Log lines",
    "They hold ids only: no names, no words, and of addresses not more than their ends.",
    "as long as your log service keeps them",
)

_BACKUPS = Kept(
    "Backups that you made of the database and the files",
    "They are out of our reach. Let them end, and erase again after restoring one.",
    "as long as you keep them",
)


def _how(row: LogEntry) -> str:
    return str(row.get_change_message())


def _entries(lead: Lead) -> list[LogEntry]:
    """Entries about a row of the lead, and those in which it is named.

    The lead chose its name. What is not about it is found by an address, or by a full
    name where somebody's values stand, never by words of our own.
    """
    traces = _outside(lead)
    about = Q(pk__in=[])
    for rows in _rows_of(lead):
        kind = ContentType.objects.get_for_model(rows.model)
        ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
        about |= Q(content_type=kind, object_id__in=ids)
    found = {row.pk: row for row in LogEntry.objects.filter(about)}
    for row in LogEntry.objects.exclude(object_repr=GONE).iterator():
        whole = f"{row.object_repr}\n{_how(row)}\n{row.change_message}"
        if traces.in_bytes(whole.encode()) or traces.in_text(_values(row)):
            found[row.pk] = row
    return [found[pk] for pk in sorted(found)]


def _outside(lead: Lead) -> Traces:
    """What to look for in what is not the lead's: of names only full ones."""
    traces = traces_of(lead)
    return replace(traces, names=tuple(one for one in traces.names if " " in one))


def _values(row: LogEntry) -> str:
    """What an entry quotes: what the row is called, and what stands in quotes."""
    quoted = [one or two for one, two in _QUOTED.findall(_how(row))]
    return "\n".join([row.object_repr, *quoted])


def _rows_of(lead: Lead) -> "Iterator[QuerySet[Any]]":
    """The lead and what hangs on it. Of its events the admin keeps no history."""
    own, _ = own_points(lead)
    yield Lead.objects.filter(pk=lead.pk)
    yield ContactPoint.objects.filter(pk__in=[point.pk for point in own])
    for relation in Lead._meta.related_objects:
        model: Any = relation.related_model
        if relation.on_delete is CASCADE and model is not Event:
            yield model._default_manager.filter(**{relation.field.name: lead})


def _clean_sessions(lead: Lead) -> int:
    """Toasts and the like that name the person, in what is still open."""
    traces = _outside(lead)
    stores = import_module(settings.SESSION_ENGINE).SessionStore
    cleaned = 0
    for row in Session.objects.iterator():
        names = [
            key
            for key, value in row.get_decoded().items()
            if key not in _SIGNED_IN and traces.in_text("\n".join(_texts(value)))
        ]
        if not names:
            continue
        session = stores(session_key=row.session_key)
        for name in names:
            session.pop(name, None)
        session.save()
        cleaned += 1
    return cleaned


def _texts(value: Any) -> Iterator[str]:
    """The values in something kept, without the names of its keys."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    else:
        yield str(value)


LIFECYCLE = HouseLifecycle()
