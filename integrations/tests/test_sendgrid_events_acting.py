"""What SendGrid's events change, once each, whatever brings them."""

import uuid
from datetime import timedelta

import pytest

from integrations import webhooks
from integrations.models import ProcessedFact, WebhookDelivery
from integrations.tests.sendgrid_requests import (
    event,
    sendgrid_settings,
)
from integrations.tests.sendgrid_world import address, of, process, sent_mail
from integrations.tests.webhook_requests import app, twilio_settings
from leads import clock, consent
from leads.models import Consent, Event, Suppression, Task
from messaging.inbound import schedule_turn
from messaging.models import Message
from messaging.queueing import queue_message
from messaging.transports import Engagement

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures

State = WebhookDelivery.State

# --- effects -----------------------------------------------------------------


@pytest.mark.django_db
class TestEffects:
    def test_a_mail_is_delivered_and_never_goes_back(self) -> None:
        message = sent_mail(state="claimed")
        for word in ("processed", "delivered", "processed", "deferred"):
            assert process(event(word, **of(message))).state == State.DONE
        message.refresh_from_db()
        assert (message.state, message.reason) == ("delivered", "")
        kinds = Event.objects.filter(kind__startswith="message.").order_by("pk")
        assert [one.kind for one in kinds] == ["message.sent", "message.delivered"]

    def test_a_mail_that_waits_says_why_and_is_still_sent(self) -> None:
        message = sent_mail()
        process(event("deferred", response="451 greylisted", **of(message)))
        message.refresh_from_db()
        assert message.state == "sent"
        assert "greylisted" in message.reason

    def test_it_is_found_by_sendgrids_own_id_too(self) -> None:
        message = sent_mail(external_id="14c5d75ce93.dfd.64b469")
        sent_mail(1, external_id="14c5d75ce93")
        full = "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"
        process(event("delivered", sg_message_id=full))
        message.refresh_from_db()
        assert message.state == "delivered"
        assert Message.objects.filter(state="delivered").count() == 1

    def test_a_mail_of_somebody_else_is_passed_over(self) -> None:
        sent_mail()
        batch = [
            event("delivered", sg_message_id="other.recvd-1"),
            event("delivered", leadsite_message=str(uuid.uuid4())),
            event("open", sg_message_id=""),
            event("bounce", email="stranger@example.org"),
        ]
        row = process(*batch)
        assert (row.state, row.last_error) == (State.DONE, "")
        assert not Suppression.objects.exists()

    def test_a_hard_bounce_fails_the_mail_and_closes_the_address(self) -> None:
        message = sent_mail()
        waiting = queue_message(
            conversation=message.conversation,
            kind="email",
            body="Did you see it?",
            author="ai",
            automatic=True,
        )
        row = process(event("bounce", type="bounce", status="5.1.1", **of(message)))
        assert (row.state, row.last_error) == (State.DONE, "")
        message.refresh_from_db()
        waiting.refresh_from_db()
        assert (message.state, message.error_code) == ("failed", "5.1.1")
        assert message.reason == "the address does not exist"
        assert (waiting.state, waiting.reason) == ("cancelled", message.reason)
        found = consent.is_suppressed(address(), "email")
        assert found is not None and found.reason == "bounce"
        assert found.words == "the address does not exist"
        assert Event.objects.get(kind="contact.bounced").lead is not None
        task = Task.objects.get(kind=Task.Kind.FAILED)
        assert task.reason == "Not delivered: the address does not exist"
        assert not Consent.objects.filter(given=False).exists()

    def test_a_block_fails_the_mail_alone(self) -> None:
        message = sent_mail()
        process(event("bounce", type="blocked", status="5.7.1", **of(message)))
        message.refresh_from_db()
        assert message.state == "failed"
        assert consent.is_suppressed(address(), "email") is None

    def test_a_late_bounce_closes_the_address_of_a_delivered_mail(self) -> None:
        message = sent_mail(state="delivered")
        process(event("bounce", type="bounce", status="5.1.1", **of(message)))
        message.refresh_from_db()
        assert message.state == "delivered"
        assert consent.is_suppressed(address(), "email") is not None

    def test_who_complains_is_not_written_to_again(self) -> None:
        process(event("spamreport", **of(sent_mail())))
        found = consent.is_suppressed(address(), "email")
        assert found is not None and found.reason == "complaint"
        assert Event.objects.get(kind="contact.complained").actor == "lead"

    def test_who_unsubscribes_takes_the_consent_back(self) -> None:
        message = sent_mail()
        process(event("unsubscribe", **of(message)))
        found = consent.is_suppressed(address(), "email")
        assert found is not None and found.reason == "stop"
        withdrawn = Consent.objects.get(given=False)
        assert withdrawn.contact_point == address()
        assert consent.has_consent(address(), "email") is None
        assert Event.objects.get(kind="lead.opted_out").lead is not None
        process(event("group_unsubscribe", **of(message)))
        assert Consent.objects.filter(given=False).count() == 1
        assert Suppression.objects.count() == 1
        assert Event.objects.filter(kind="lead.opted_out").count() == 1

    def test_who_bounced_can_still_take_the_consent_back(self) -> None:
        message = sent_mail()
        consent.record_consent(
            contact_point=address(),
            channel="email",
            given=True,
            basis="form",
            actor="lead",
            at=clock.now() - timedelta(days=1),
        )
        process(event("bounce", type="bounce", **of(message)))
        assert consent.has_consent(address(), "email") is not None
        process(event("unsubscribe", **of(message)))
        assert consent.has_consent(address(), "email") is None
        found = consent.is_suppressed(address(), "email")
        # The reader's own no takes the place of what people could lift.
        assert found is not None and found.reason == "stop"

    def test_an_answer_that_was_being_prepared_is_not_given(self) -> None:
        message = sent_mail()
        inbound = Message.objects.create(
            conversation=message.conversation,
            direction=Message.Direction.INBOUND,
            kind="email",
            contact_point=address(),
            author=Message.Author.LEAD,
            body="?",
            state="received",
        )
        turn = schedule_turn(conversation=message.conversation, message=inbound)
        process(event("spamreport", **of(message)))
        turn.refresh_from_db()
        assert (turn.state, turn.outcome_reason) == (
            "superseded",
            "marked our mail as spam",
        )

    def test_an_address_report_needs_no_mail(self) -> None:
        sent_mail()
        process(event("unsubscribe", email="ANA0@example.net", sg_message_id=""))
        assert consent.is_suppressed(address(), "email") is not None

    def test_opens_and_clicks_are_counted_and_told_once(self) -> None:
        message = sent_mail()
        for _ in range(3):
            process(event("open", **of(message)))
        for path in ("prices", "prices", "team"):
            url = f"https://example.com/{path}?who=ana"
            process(event("click", url=url, **of(message)))
        message.refresh_from_db()
        assert [row["times"] for row in message.details["opened"]] == [3]
        told = {row["url"]: row["times"] for row in message.details["clicked"]}
        assert told == {"https://example.com/prices": 2, "https://example.com/team": 1}
        events = Event.objects.filter(kind__in=["message.opened", "message.clicked"])
        assert sorted(one.payload.get("url", "") for one in events) == [
            "",
            "https://example.com/prices",
            "https://example.com/team",
        ]
        assert {one.lead for one in events} == {message.conversation.lead}

    def test_a_mail_has_an_end_of_links(self) -> None:
        message = sent_mail()
        for number in range(25):
            url = f"https://example.com/{number}"
            process(event("click", url=url, **of(message)))
        message.refresh_from_db()
        assert len(message.details["clicked"]) == 20
        assert Event.objects.filter(kind="message.clicked").count() == 20

    def test_good_events_act_beside_spoilt_ones(self) -> None:
        message = sent_mail()
        batch = [
            5,
            event("delivered", **of(message)),
            {},
            event("spamreport", email=""),
        ]
        row = process(*batch)
        message.refresh_from_db()
        assert message.state == "delivered"
        assert row.state == State.DEAD
        assert row.last_error == (
            "event 1: it is no object; event 3: it names no event;"
            " event 4: it names no address (email)"
        )

    def test_a_failing_event_keeps_no_other_from_acting_and_comes_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message = sent_mail()
        broken = [True]

        def fail_once(*, fact: Engagement) -> None:
            if broken:
                raise RuntimeError("not now")
            record(fact=fact)

        record = webhooks.ROUTES[Engagement]
        monkeypatch.setitem(webhooks.ROUTES, Engagement, fail_once)  # type: ignore[arg-type]
        batch = [event("open", **of(message)), event("delivered", **of(message)), 5]
        row = process(*batch)
        message.refresh_from_db()
        assert message.state == "delivered"
        assert (row.state, row.attempts) == (State.RECEIVED, 1)
        assert "not now" in row.last_error
        assert ProcessedFact.objects.count() == 1
        broken.clear()
        WebhookDelivery.objects.update(due_at=clock.now())
        webhooks.process(delivery_id=row.pk)
        row.refresh_from_db()
        message.refresh_from_db()
        assert [one["times"] for one in message.details["opened"]] == [1]
        assert (row.state, row.last_error) == (State.DEAD, "event 3: it is no object")

    def test_a_long_batch_keeps_its_claim(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        renewed: list[int] = []
        monkeypatch.setattr(webhooks, "RENEW_SECONDS", -1.0)
        monkeypatch.setattr(
            webhooks.claims, "renew", lambda row, lease: not renewed.append(row.pk)
        )
        message = sent_mail()
        process(*(event("open", **of(message)) for _ in range(3)))
        assert len(renewed) == 3

    def test_who_lost_the_claim_stops(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "RENEW_SECONDS", -1.0)
        monkeypatch.setattr(webhooks.claims, "renew", lambda row, lease: False)
        message = sent_mail()
        process(event("delivered", **of(message)))
        message.refresh_from_db()
        assert message.state == "sent"
