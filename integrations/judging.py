"""Is it genuine, and is it kept: what the intake's threads do with a request."""

import logging
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from integrations import journal, public_urls
from integrations.asgi import Scope
from integrations.base import (
    ANSWERED,
    MEGABYTE,
    PREFIX,
    Answer,
    Body,
    Webhook,
    WebhookRejected,
)
from leads import clock, jobs

logger = logging.getLogger("integrations.intake")

TASK: Final = "integrations.process_delivery"
REFUSED: Final = Answer(403, body=b"Not proven genuine.\n")
AWAY: Final = Answer(503, body=b"Not stored. Please send it again.\n")
# What the proof, and a person who looks into a refusal, may need.
_KEPT_HEADERS: Final = (
    "content-type",
    "forwarded",
    "host",
    "user-agent",
    "x-forwarded-",
    "x-original-host",
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request with its whole body, on the way into the journal."""

    webhook: Webhook
    kind: str
    path: str
    url: str
    scope: Scope
    headers: dict[str, str]
    body: Body


@dataclass(frozen=True, slots=True)
class _Proven:
    """A genuine request: its row, and what its sender hears once that is durable."""

    row: dict[str, Any]
    answer: Answer


def accept(arrivals: list[Arrival]) -> list[Answer]:
    """Verify and journal requests; the answers for their senders. Never raises."""
    try:
        judged = [_judge(arrival) for arrival in arrivals]
        rows = [one.row for one in judged if isinstance(one, _Proven)]
        stored = iter(_store(rows))
        return [
            _welcome(one.answer, next(stored)) if isinstance(one, _Proven) else one
            for one in judged
        ]
    finally:
        for arrival in arrivals:
            arrival.body.close()


def _judge(arrival: Arrival) -> Answer | _Proven:
    """The row of a proven request, or the answer when there is nothing to add."""
    webhook, body = arrival.webhook, arrival.body
    try:
        external_id = webhook.verify(arrival.url, arrival.headers, body, arrival.kind)
        answer = webhook.answer_to(arrival.kind, arrival.headers, body)
        row = _row(arrival, state="received", external_id=external_id)
        if answer.note:
            row["headers"][ANSWERED] = answer.note
        if body.size > MEGABYTE:
            return _welcome(answer, journal.store_large(row, body))
        return _Proven({**row, "body": body.raw}, answer)
    except WebhookRejected as rejection:
        _quarantine(arrival, rejection)
        return REFUSED
    except journal.JournalAway as error:
        return answer_away(f"the database did not take it ({error})")
    except Exception:
        logger.exception("a webhook of %s failed at the door", webhook.provider)
        return answer_away("the door failed")


def _store(rows: list[dict[str, Any]]) -> list[int | Exception | None]:
    """Write the rows together; when the database finds fault with one of them, each
    by itself, so that it takes no other along.
    """
    try:
        return list(journal.store(rows)) if rows else []
    except journal.JournalAway as error:
        return [error] * len(rows)
    except Exception as error:
        if len(rows) > 1:
            return [outcome for row in rows for outcome in _store([row])]
        logger.exception("the database refused a row of %s", rows[0]["provider"])
        return [error]


def _welcome(answer: Answer, outcome: int | Exception | None) -> Answer:
    """The answer once the row is durable, or was already; and the doorbell."""
    if isinstance(outcome, Exception):
        return answer_away(f"the database did not take it ({outcome})")
    if outcome is None:
        journal.counts["copies"] += 1
    else:
        journal.counts["stored"] += 1
        jobs.ring(TASK, outcome)
    return answer


def _quarantine(arrival: Arrival, rejection: WebhookRejected) -> None:
    """Keep a refused request with its reason; a database that is away only
    counts it, since the answer is no either way.
    """
    verifying = rejection.verifying_url or _find_verifying(arrival)
    reason = rejection.reason
    if verifying:
        reason = public_urls.explain(arrival.url, verifying)
    proof = "\n".join([arrival.path, arrival.body.digest, *_proofs(arrival)])
    external_id = f"refused:{Body(proof.encode('utf-8', 'replace')).digest}"
    values = _row(
        arrival,
        state="quarantined",
        external_id=external_id,
        reason=reason[:300],
        verifying_url=verifying,
    )
    logger.warning("refused %s%s: %s", PREFIX, values["route"], reason)
    try:
        journal.quarantine(values, arrival.body)
    except journal.JournalAway:
        journal.counts["refused_not_kept"] += 1


def _proofs(arrival: Arrival) -> list[str]:
    return [f"{k}={v}" for k, v in arrival.headers.items() if "signature" in k]


def _find_verifying(arrival: Arrival) -> str:
    webhook = arrival.webhook
    if not webhook.signs_url:
        return ""
    for url in public_urls.other_urls(arrival.scope, arrival.headers):
        try:
            webhook.verify(url, arrival.headers, arrival.body, arrival.kind)
        except WebhookRejected:
            continue
        return url
    return ""


def _row(arrival: Arrival, **values: Any) -> dict[str, Any]:
    now = clock.now()
    headers = {k: v for k, v in arrival.headers.items() if _is_kept(k, arrival.webhook)}
    path = arrival.webhook.kept_path(arrival.path)
    url = arrival.url
    if path != arrival.path:
        url = f"{public_urls.origin(url)}{PREFIX}{path}"
    return {
        "provider": arrival.webhook.provider,
        "route": path[:120],
        "url": url,
        "headers": {**headers, "remote-address": _client(arrival.scope)},
        "content_type": arrival.headers.get("content-type", "")[:200],
        "size": arrival.body.size,
        "digest": arrival.body.digest,
        "received_at": now,
        "due_at": now,
        "created_at": timezone.now(),
        **values,
    }


def _is_kept(name: str, webhook: Webhook) -> bool:
    return name.startswith((*_KEPT_HEADERS, *webhook.kept_headers))


def answer_away(why: str) -> Answer:
    """503: the sender must come again; says why in the log."""
    journal.counts["unavailable"] += 1
    logger.error("answered 503 to a webhook: %s", why)
    return AWAY


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])
