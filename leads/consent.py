"""Who may be written to, when and why: the only place that knows the rules."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from django.conf import settings
from django.db import transaction
from phonenumbers import timezone as phone_zones

from leads import outbox
from leads.models import Consent, ContactPoint, Policy, Suppression
from leads.prepared import Select

MAX_ROUNDS = 12


@transaction.atomic(savepoint=False)
def record_consent(
    *,
    contact_point: ContactPoint,
    channel: str,
    given: bool,
    basis: str,
    actor: str,
    at: datetime,
    wording: str = "",
    source: str = "",
    ip: str | None = None,
) -> Consent:
    """Write one statement of consent, or of its withdrawal, with its proof."""
    return Consent.objects.create(
        contact_point=contact_point,
        channel=channel,
        given=given,
        basis=basis,
        wording=wording,
        source=source,
        ip=ip,
        actor=actor,
        occurred_at=at,
    )


def has_consent(contact_point: ContactPoint, channel: str) -> Consent | None:
    """Return the statement that allows writing now, None when there is none."""
    latest = _latest.first(contact_point=contact_point.pk, channel=channel)
    return latest if latest is not None and latest.given else None


_latest: Select[Consent] = Select(
    lambda place: Consent.objects.filter(
        contact_point=place("contact_point"), channel=place("channel")
    ).order_by("-occurred_at", "-pk")[:1]
)


def has_statement(contact_point: ContactPoint, channel: str) -> bool:
    """Say whether anything was ever said about consent for this channel."""
    return bool(_statements.rows(contact_point=contact_point.pk, channel=channel))


_statements: Select[Consent] = Select(
    lambda place: Consent.objects.filter(
        contact_point=place("contact_point"), channel=place("channel")
    ).values_list("pk")[:1]
)


def is_suppressed(contact_point: ContactPoint, channel: str) -> Suppression | None:
    """Return what forbids writing to the address on this channel, if anything."""
    return _standing.first(contact_point=contact_point.pk, channel=channel)


_standing: Select[Suppression] = Select(
    lambda place: Suppression.objects.filter(
        contact_point=place("contact_point"),
        channel=place("channel"),
        lifted_at=None,
    ).order_by("pk")[:1]
)


@transaction.atomic(savepoint=False)
def suppress(
    *,
    contact_point: ContactPoint,
    channel: str,
    reason: str,
    words: str,
    actor: str,
    at: datetime,
) -> Suppression:
    """Forbid the address on this channel; the first reason stands.

    The caller holds the address's lock, or nothing is being sent to it.
    """
    row, made = Suppression.objects.get_or_create(
        contact_point=contact_point,
        channel=channel,
        lifted_at=None,
        defaults={
            "reason": reason,
            "words": words,
            "actor": actor,
            "since": at,
        },
    )
    if made:
        outbox.emit(
            kind="contact.suppressed",
            actor=actor,
            payload={"suppression": row.pk, "channel": channel, "reason": reason},
            occurred_at=at,
        )
    return row


@transaction.atomic(savepoint=False)
def lift_suppression(*, suppression: Suppression, actor: str, at: datetime) -> bool:
    """Allow the address again; False when it already was."""
    rows = Suppression.objects.filter(pk=suppression.pk, lifted_at=None)
    if not rows.update(lifted_at=at, lifted_by=actor):
        return False
    outbox.emit(
        kind="contact.unsuppressed",
        actor=actor,
        payload={"suppression": suppression.pk, "channel": suppression.channel},
        occurred_at=at,
    )
    return True


def zones_of(contact_point: ContactPoint) -> list[ZoneInfo]:
    """All time zones the number may lie in; the house's for what is unknown."""
    names: tuple[str, ...] = ()
    if contact_point.kind == ContactPoint.Kind.PHONE:
        try:
            number = phonenumbers.parse(contact_point.value)
        except phonenumbers.NumberParseException:
            return [ZoneInfo(settings.TIME_ZONE)]
        names = phone_zones.time_zones_for_number(number)
    zones = [zone for zone in map(_zone, names) if zone is not None]
    return zones or [ZoneInfo(settings.TIME_ZONE)]


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def quiet_until(
    *, contact_point: ContactPoint, at: datetime, policy: Policy
) -> datetime | None:
    """Return when the address may next be texted, None when it may at `at`.

    Every zone the number may lie in must be awake. Where no instant suits
    them all, the first zone decides, so that nothing waits over a day.
    """
    if not policy.quiet_hours or contact_point.kind != ContactPoint.Kind.PHONE:
        return None
    zones = zones_of(contact_point)
    moment = at
    for _ in range(MAX_ROUNDS):
        later = max(_next_awake(moment, zone, policy) for zone in zones)
        if later == moment:
            return None if moment == at else moment
        moment = later
    alone = _next_awake(at, zones[0], policy)
    return None if alone == at else alone


def _next_awake(at: datetime, zone: ZoneInfo, policy: Policy) -> datetime:
    local = at.astimezone(zone)
    if not _is_quiet(local.time(), policy.quiet_from, policy.quiet_until):
        return at
    opening = local.replace(
        hour=policy.quiet_until.hour,
        minute=policy.quiet_until.minute,
        second=0,
        microsecond=0,
    )
    if opening <= local:
        opening += timedelta(days=1)
    # Through UTC, so that a night in which the clock changes stays right.
    return opening.astimezone(ZoneInfo("UTC"))


def _is_quiet(clock_time: time, start: time, end: time) -> bool:
    if start == end:
        return False
    if start < end:
        return start <= clock_time < end
    return clock_time >= start or clock_time < end
