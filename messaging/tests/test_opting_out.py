"""Every way out closes the address for everybody, at once, whatever was on its way."""

from collections.abc import Callable
from typing import Any

import pytest

from leads import clock, consent, opt_outs
from leads.models import (
    Consent,
    ContactPoint,
    Event,
    Lead,
    LeadContact,
    Suppression,
)
from leads.models import Task as LeadTask
from leads.tests.factories import LeadContactFactory, LeadFactory
from messaging import pausing
from messaging.addressing import preference_token
from messaging.conversations import conversation_of, lock_conversation
from messaging.engagement import record_address_report
from messaging.models import Conversation, Message, Turn
from messaging.models.sequence import Enrollment
from messaging.queueing import Refused, queue_message
from messaging.receipts import record_delivery
from messaging.sending import deliver
from messaging.sharing import choose_lead
from messaging.tests.inbox_world import rep, signed_in
from messaging.tests.letterbox import BASE, company
from messaging.tests.sequence_world import (
    MAIL,
    begin,
    dana,
    mail_step,
    open_house,
    sequence,
)
from messaging.tests.talk import DANA, FakeCarrier, later, text_in
from messaging.transports import AddressReport, DeliveryUpdate, Outcome, TransportError
from messaging.unsubscribing import stop_everything, unsubscribe

pytestmark = pytest.mark.django_db
TWO_DAYS = 60 * 24 * 2


@pytest.fixture
def lead(carrier: type[FakeCarrier], settings: Any) -> Lead:
    settings.PUBLIC_BASE_URL = BASE
    open_house()
    company()
    return dana()


def point(value: str = DANA) -> ContactPoint:
    return ContactPoint.objects.get(value=value)


def queued(lead: Lead, kind: str, **more: Any) -> Message:
    fields: dict[str, Any] = {"author": "person", "automatic": False, **more}
    return queue_message(
        conversation=lock_conversation(conversation_of(lead).pk),
        kind=kind,
        body="See you soon",
        **fields,
    )


# --- the ways, each by itself ---------------------------------------------------------


def by_keyword(lead: Lead) -> None:
    text_in("STOP")


def by_free_text(lead: Lead) -> None:
    text_in("please stop texting me")


def by_link_post(lead: Lead) -> None:
    unsubscribe(token=preference_token(point(MAIL), "email"), how="one_click")


def by_page(lead: Lead) -> None:
    unsubscribe(token=preference_token(point(MAIL), "email"), how="page")


def by_api(lead: Lead) -> None:
    opt_outs.opt_out_address(
        kind="phone", value="(415) 555-0123", channel="sms", actor="api:key-1",
        words="asked by phone", source="api",
    )  # fmt: skip


def by_person(lead: Lead) -> None:
    ana = rep("ana", lead.team)
    signed_in(ana).post(
        f"/admin/leads/{lead.public_id}/consent/stop/",
        {"point": point().pk, "words": "said so on the phone"},
    )


def by_list_page(lead: Lead) -> None:
    ana = rep("ana", lead.team)
    signed_in(ana).post(
        "/admin/suppressions/add/", {"address": "415-555-0123", "words": "by phone"}
    )


def by_carrier_word(lead: Lead) -> None:
    text_in("ne plus", opt_out_type="STOP")


def by_carrier_refusal(lead: Lead) -> None:
    message = queued(lead, "sms")
    FakeCarrier.error = TransportError(
        Outcome.PERMANENT, "the recipient has opted out", code="21610"
    )
    deliver(message_id=message.pk)
    FakeCarrier.error = None


def by_carrier_report(lead: Lead) -> None:
    message = queued(lead, "sms")
    deliver(message_id=message.pk)
    FakeCarrier.accepted.clear()
    for _ in range(2):  # reports come twice
        record_delivery(
            fact=DeliveryUpdate(
                provider="fake", external_id="", message_public_id=message.public_id,
                state="failed", occurred_at=clock.now(), error_code="21610",
                words="the recipient has opted out", opted_out=True,
            )
        )  # fmt: skip


def by_mail_report(lead: Lead) -> None:
    record_address_report(
        fact=AddressReport(
            provider="sendgrid", external_id="x1", channel="email", address=MAIL,
            reason="unsubscribe", words="unsubscribed", occurred_at=clock.now(),
        )
    )  # fmt: skip


def by_complaint(lead: Lead) -> None:
    record_address_report(
        fact=AddressReport(
            provider="sendgrid", external_id="x2", channel="email", address=MAIL,
            reason="complaint", words="marked as spam", occurred_at=clock.now(),
        )
    )  # fmt: skip


def by_decision(lead: Lead) -> None:
    text_in("no more")
    talk = conversation_of(lead)
    assert talk.paused_reason
    ana = rep("ana", lead.team)
    pausing.settle_pause(conversation=talk, opted_out=True, user_id=ana.pk)


WAYS: list[tuple[Callable[[Lead], None], str, str, str]] = [
    (by_keyword, "sms", "stop", "lead"),
    (by_free_text, "sms", "stop", "lead"),
    (by_carrier_word, "sms", "stop", "lead"),
    (by_decision, "sms", "stop", "lead"),
    (by_link_post, "email", "stop", "lead"),
    (by_page, "email", "stop", "lead"),
    (by_mail_report, "email", "stop", "lead"),
    (by_complaint, "email", "complaint", "lead"),
    (by_api, "sms", "manual", "api:key-1"),
    (by_person, "sms", "manual", "user:"),
    (by_list_page, "sms", "manual", "user:"),
    (by_carrier_refusal, "sms", "carrier", "system"),
    (by_carrier_report, "sms", "carrier", "system"),
]


@pytest.mark.parametrize(("way", "channel", "reason", "actor"), WAYS)
def test_each_way_closes_withdraws_cancels_and_stops_the_follow_up(
    lead: Lead, way: Callable[[Lead], None], channel: str, reason: str, actor: str
) -> None:
    row = begin(sequence({}, mail_step()), lead)
    mine = {kind: queued(lead, kind, due_at=clock.now()) for kind in ("sms", "email")}
    way(lead)
    address = point(DANA if channel == "sms" else MAIL)
    stop = Suppression.objects.get(lifted_at=None)
    assert (stop.contact_point, stop.channel, stop.reason) == (address, channel, reason)
    assert stop.actor.startswith(actor) and stop.source
    assert (consent.has_consent(address, channel) is None) or reason == "complaint"
    mine[channel].refresh_from_db()
    assert mine[channel].state == "cancelled" and mine[channel].reason
    row.refresh_from_db()
    assert row.state == Enrollment.State.STOPPED
    assert row.cause in (Enrollment.Cause.OPTED_OUT, Enrollment.Cause.REPLIED)
    kind = "contact.complained" if reason == "complaint" else "lead.opted_out"
    assert Event.objects.filter(kind=kind, lead=lead).count() == 1
    with pytest.raises(Refused, match=r"opted out|complained"):
        queued(lead, channel)
    before = [one.to_address for one in FakeCarrier.accepted]
    later(minutes=TWO_DAYS)
    after = [one.to_address for one in FakeCarrier.accepted][len(before) :]
    assert address.value not in after


@pytest.mark.parametrize(("way", "channel", "reason", "actor"), WAYS)
def test_every_withdrawal_says_where_it_can_be_looked_up(
    lead: Lead, way: Callable[[Lead], None], channel: str, reason: str, actor: str
) -> None:
    if reason == "complaint":
        pytest.skip("a complaint says nothing of consent")
    way(lead)
    said = Consent.objects.latest("pk")
    assert (said.given, said.channel) == (False, channel)
    assert said.wording and said.source and said.actor
    if way in (by_keyword, by_free_text, by_decision, by_carrier_refusal):
        assert said.evidence.startswith("message ")
    if way is by_page:
        assert said.wording_version.startswith("en ")
    if way is by_link_post:
        assert said.wording_version == "RFC 8058"


def test_a_text_that_was_being_answered_is_not_answered(lead: Lead) -> None:
    text_in("Do you have desks?")
    text_in("STOP")
    assert set(Turn.objects.values_list("state", flat=True)) == {"superseded"}
    later(minutes=10)
    assert FakeCarrier.accepted == []


# --- START, HELP ----------------------------------------------------------------------


@pytest.mark.parametrize("way", [by_keyword, by_carrier_report, by_carrier_refusal])
def test_start_lifts_the_leads_own_stop_and_the_carriers(
    lead: Lead, way: Callable[[Lead], None]
) -> None:
    way(lead)
    text_in("START")
    row = Suppression.objects.get()
    assert row.lifted_at is not None and row.lifted_by == "lead"
    assert "START" in row.lifted_why
    back = consent.has_consent(point(), "sms")
    assert back is not None and back.evidence.startswith("message ")


@pytest.mark.parametrize("way", [by_api, by_person])
def test_start_lifts_nobody_elses_word(lead: Lead, way: Callable[[Lead], None]) -> None:
    way(lead)
    text_in("START")
    assert Suppression.objects.get().lifted_at is None
    assert consent.has_consent(point(), "sms") is None


def test_help_closes_nothing_and_is_answered_once(lead: Lead) -> None:
    text_in("HELP", external_id="H1")
    text_in("HELP", external_id="H1")
    later(seconds=60)
    assert not Suppression.objects.exists()
    assert len(FakeCarrier.accepted) == 1
    assert "STOP" in FakeCarrier.accepted[0].body


# --- everything -----------------------------------------------------------------------


def all_closed(lead: Lead) -> bool:
    own = consent.addresses_of(lead)
    return all(
        consent.is_suppressed(one, consent.channel_of(one))
        and consent.has_consent(one, consent.channel_of(one)) is None
        for one in own
    )


@pytest.mark.parametrize(
    "words",
    [
        "STOP ALL",
        "stopall",
        "unsubscribe me from everything",
        "remove all my data from your lists",
        "désabonnez-moi de tout",
        "baja de todo",
    ],
)
def test_stop_all_in_a_text_closes_mail_too(lead: Lead, words: str) -> None:
    row = begin(sequence(mail_step()), lead)
    mail = queued(lead, "email")
    message = text_in(words)
    assert all_closed(lead)
    mail.refresh_from_db()
    row.refresh_from_db()
    assert (mail.state, row.state) == ("cancelled", "stopped")
    message.refresh_from_db()
    assert message.details["everything"] is True
    assert Consent.objects.filter(
        given=False, evidence=f"message {message.public_id}"
    ).count() == 2  # fmt: skip
    later(minutes=TWO_DAYS)
    assert FakeCarrier.accepted == []


def test_a_plain_stop_leaves_mail_alone(lead: Lead) -> None:
    text_in("STOP")
    assert consent.is_suppressed(point(MAIL), "email") is None


def test_what_was_only_mentioned_may_be_somebody_elses(lead: Lead) -> None:
    tie = LeadContactFactory(
        lead=lead, contact_point__value="+14155550188", known_by="proposal"
    )
    text_in("STOP ALL")
    assert consent.is_suppressed(tie.contact_point, "sms") is None


def test_stop_everything_on_the_page_closes_texts_and_mail(lead: Lead) -> None:
    token = preference_token(point(MAIL), "email")
    assert stop_everything(token=token, how="page", ip="203.0.113.7")
    assert all_closed(lead)
    said = Consent.objects.filter(given=False)
    assert {row.ip for row in said} == {"203.0.113.7"}
    assert all(row.wording_version.startswith("en ") for row in said)
    assert not stop_everything(token=token, how="page")
    assert Consent.objects.filter(given=False).count() == 2


def test_the_pages_button_is_there_while_something_is_open(
    lead: Lead, client: Any
) -> None:
    url = f"/u/{preference_token(point(MAIL), 'email')}/"
    assert "Stop everything: texts and mail" in client.get(url).content.decode()
    assert client.post(url, {"mail": "everything"}).status_code == 303
    page = client.get(url).content.decode()
    assert "Stop everything" not in page and ">Undo</button>" in page
    assert all_closed(lead)


def test_a_person_stops_everything_and_says_why(lead: Lead) -> None:
    ana = rep("ana", lead.team)
    url = f"/admin/leads/{lead.public_id}/consent/everything/"
    signed_in(ana).post(url, {"words": ""})
    assert not Suppression.objects.exists()
    signed_in(ana).post(url, {"words": "wrote us a letter"})
    assert all_closed(lead)
    assert {row.words for row in Suppression.objects.all()} == {"wrote us a letter"}


# --- shared addresses -----------------------------------------------------------------


@pytest.fixture
def shared(lead: Lead) -> Lead:
    """Sam, who has Dana's phone too."""
    sam = LeadFactory(team=lead.team, name="Sam Ito")
    LeadContactFactory(lead=sam, contact_point=point())
    return sam


def test_a_stop_on_a_shared_phone_stops_for_all_its_leads(
    lead: Lead, shared: Lead
) -> None:
    rows = [begin(sequence(name=str(who)), who) for who in (lead, shared)]
    waiting = [queued(who, "sms") for who in (lead, shared)]
    text_in("STOP")
    assert Suppression.objects.count() == 1
    for row in [*rows, *waiting]:
        row.refresh_from_db()
        assert row.state in ("stopped", "cancelled")
    told = Event.objects.filter(kind="lead.opted_out").values_list("lead", flat=True)
    assert set(told) == {lead.pk, shared.pk}


def test_stop_all_on_a_shared_phone_waits_for_whose_it_is(
    lead: Lead, shared: Lead
) -> None:
    text_in("STOP ALL")
    assert consent.is_suppressed(point(), "sms") is not None
    assert consent.is_suppressed(point(MAIL), "email") is None
    unclear = Conversation.objects.get(lead=None)
    ana = rep("ana", lead.team)
    choose_lead(conversation=unclear, lead=lead, user=ana)
    assert consent.is_suppressed(point(MAIL), "email") is not None


def test_a_hundred_ambiguous_texts_disclose_nothing_of_anybody(
    lead: Lead, shared: Lead
) -> None:
    """One number, several leads: nobody is answered before a person has chosen."""
    secrets = ("desk-quote-4711", "chair-quote-0815")
    for who, secret in zip((lead, shared), secrets, strict=True):
        talk = conversation_of(who)
        Message.objects.create(
            conversation=talk, direction="outbound", kind="email", author="person",
            body=f"Your offer: {secret}", state="sent", occurred_at=clock.now(),
        )  # fmt: skip
    for number in range(100):
        text_in(f"What did you offer me? ({number})")
        if number % 20 == 0:
            later(minutes=5)
    later(minutes=60)
    assert FakeCarrier.accepted == []
    unclear = Conversation.objects.get(lead=None)
    assert unclear.messages.count() == 100
    assert unclear.turn == Conversation.Turn.NEEDS_YOU
    for talk in Conversation.objects.exclude(pk=unclear.pk):
        assert not talk.messages.filter(direction="inbound").exists()
    told = Message.objects.filter(conversation=unclear).values_list("body", flat=True)
    assert not any(secret in body for body in told for secret in secrets)
    assert LeadTask.objects.filter(kind=LeadTask.Kind.IDENTIFY).count() == 1


def test_the_record_of_a_shared_phone_hides_words_of_a_lead_out_of_sight(
    lead: Lead,
) -> None:
    other = LeadFactory(name="Sam Ito")  # of another team
    LeadContactFactory(lead=other, contact_point=point())
    consent.record_consent(
        contact_point=point(), channel="sms", given=True, basis="inbound",
        wording="my secret plan", actor="lead", at=clock.now(),
    )  # fmt: skip
    url = f"/admin/leads/{lead.public_id}/consent/"
    ana = signed_in(rep("ana", lead.team))
    page = ana.get(url, HTTP_HX_REQUEST="true").content.decode()
    assert "my secret plan" not in page and "shared address" in page
    boss = signed_in(rep("boss", lead.team, reach="all"))
    page = boss.get(url, HTTP_HX_REQUEST="true").content.decode()
    assert "my secret plan" in page


# --- proof ----------------------------------------------------------------------------


def test_every_sent_message_points_at_the_consent_it_went_by(lead: Lead) -> None:
    for number in range(5):
        text_in(f"Do you have desks, number {number}?")
        later(minutes=2 * number + 1)
    begin(sequence({}, mail_step()), lead)
    later(minutes=TWO_DAYS)
    queued(lead, "email")
    later(minutes=TWO_DAYS + 5)
    went = Message.objects.filter(state__in=("sent", "delivered"))
    assert went.count() >= 4
    for message in went:
        row = Consent.objects.get(pk=message.details["consent"])
        assert row.given and row.contact_point_id == message.contact_point_id
        assert row.channel == message.kind and row.occurred_at <= message.claimed_at
    assert LeadContact.objects.filter(lead=lead).count() == 2


def opted_out_by_a_person(kind: str = "sms") -> Suppression:
    return opt_outs.opt_out_point(
        point=point(), actor="user:1", words="said so", source="page"
    )


def test_a_stop_is_not_lost_behind_what_people_may_lift(lead: Lead) -> None:
    row = opted_out_by_a_person()
    assert opt_outs.why_not_lifted(row) == ""
    text_in("STOP", sender=DANA)
    row.refresh_from_db()
    assert (row.reason, row.lifted_at) == ("stop", None)
    with pytest.raises(opt_outs.NotPossible, match="asked to stop"):
        opt_outs.lift(suppression=row, actor="user:1", why="they came back")
    assert (
        Suppression.objects.filter(contact_point=point(), lifted_at=None).count() == 1
    )


def test_a_carriers_report_is_not_lost_behind_a_bounce(lead: Lead) -> None:
    row = opted_out_by_a_person()
    consent.suppress(
        contact_point=point(),
        channel="sms",
        reason="carrier",
        words="21610",
        actor="system",
        at=clock.now(),
    )
    row.refresh_from_db()
    assert row.reason == "carrier"
    # A weaker one that comes later changes nothing.
    opted_out_by_a_person()
    row.refresh_from_db()
    assert row.reason == "carrier"
