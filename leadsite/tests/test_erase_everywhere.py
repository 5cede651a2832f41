"""A person who is erased is gone from every store, and nobody else is."""

import uuid
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pymongo
import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analytics.stores import MongoStore
from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.tests.sendgrid_requests import (
    multipart,
    sendgrid_settings,
    signed_mail,
)
from integrations.tests.webhook_requests import SMS, app, post, signed, twilio_settings
from leads import capture, clock, consent, erasing, exporting, jobs, policy, usage
from leads.models import (
    ContactPoint,
    Counter,
    Deal,
    Event,
    Job,
    Lead,
    LeadContact,
    Meeting,
    OptOutList,
    PrivacyRequest,
    Suppression,
    SuppressionDigest,
    Task,
    UsageRecord,
)
from leads.qualification import set_fact
from leads.seeding import ensure_ground
from leads.tests.factories import LeadFactory
from leads.work import run_due
from leadsite.lifecycle import LIFECYCLE
from leadsite.tests import canary_person as canary
from leadsite.tests.canary_person import MAIL, NAME, PHONE, SHARED
from messaging import snoozing, writing
from messaging.conversations import conversation_of
from messaging.evaluating import cases
from messaging.models import (
    Channel,
    Conversation,
    Enrollment,
    EvaluationCase,
    Message,
    PromptRecord,
    Sequence,
    SequenceVersion,
    Step,
)
from messaging.tests.talk import FakeCarrier

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures
OURS = "+15017122661"


@pytest.fixture
def house(
    app: Intake, sendgrid_settings: Settings, settings: Settings, tmp_path: Path
) -> Iterator[SimpleNamespace]:
    """A house in which the person has left traces everywhere."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    carrier = ["messaging.tests.talk.FakeCarrier"]
    settings.TRANSPORTS = {"sms": carrier, "email": carrier}
    FakeCarrier.reset()
    folder = tmp_path / "mongo"
    folder.mkdir()
    with canary.mongo_server(folder) as url, canary.lines() as heard:
        settings.MONGODB_URL = url
        ensure_ground()
        policy.change(actor="system", quiet_hours=False, new_channel_mode="auto")
        there = SimpleNamespace(app=app, url=url, heard=heard, folder=tmp_path)
        there.ada = User.objects.create_superuser("ada", "ada@example.com", "x")
        live_through(there)
        yield there


def live_through(there: SimpleNamespace) -> None:
    """Text, mail with a file, call, note, answer, flag, export, admin, refusal."""
    _write_in(there.app, f"Hi, {canary.TEXT}. I am {NAME}, what does a seat cost?")
    later()
    there.lead = lead = Lead.objects.get()
    there.talk = talk = conversation_of(lead)
    Lead.objects.filter(pk=lead.pk).update(name=NAME)
    _share(lead, MAIL, "email")
    post(there.app, signed_mail(multipart({"email": canary.mime()})))
    later()
    talk.refresh_from_db()
    writing.add_note(conversation=talk, user=there.ada, body=f"Note {canary.NOTE}")
    writing.log_call(
        conversation=talk,
        user=there.ada,
        outcome="reached",
        minutes=3,
        note=f"Said {canary.CALL}",
    )
    set_fact(lead=lead, field="budget", value=canary.FACT, user=there.ada)
    _share_a_phone(there)
    _plan(there)
    _think(there)
    LogEntry.objects.log_actions(
        there.ada.pk, [lead], CHANGE, f"Changed phone {PHONE}", single_object=True
    )
    _be_refused(there.app)
    _browse(there)
    there.export = exporting.request_export(lead=lead, user=there.ada)
    _store_documents(there)
    later()
    there.export.refresh_from_db()


def later(**span: float) -> None:
    """Time passes, and everything due is done."""
    run_due()
    with clock.shifted(timedelta(**(span or {"minutes": 2}))):
        run_due()


def _write_in(app: Intake, words: str, *, sender: str = PHONE, sid: str = "1") -> None:
    fields = {
        "MessageSid": "SM" + sid * 32,
        "AccountSid": "AC" + "0" * 31 + "1",
        "From": sender,
        "To": OURS,
        "Body": words,
        "NumMedia": "0",
    }
    assert post(app, signed(SMS, fields)).status == 200


def _share(lead: Lead, value: str, kind: str) -> ContactPoint:
    point, _ = ContactPoint.objects.get_or_create(kind=kind, value=value)
    capture.add_address(lead=lead, contact_point=point, known_by="person")
    return point


def _plan(there: SimpleNamespace) -> None:
    """What is to come: a deal, a meeting, a task, a follow-up, a rest."""
    lead, words = there.lead, f"for {NAME}, {canary.SEEN}"
    Deal.objects.create(lead=lead, title=f"Desks {words}")
    Meeting.objects.create(
        lead=lead, starts_at=clock.now() + timedelta(days=3), note=words, actor="system"
    )
    Task.objects.create(lead=lead, team=lead.team, title=f"Call {words}")
    plan = Sequence.objects.create(name="Plan", state="active")
    version = SequenceVersion.objects.create(sequence=plan, number=1)
    step = Step.objects.create(version=version, position=1)
    there.enrollment = Enrollment.objects.create(
        sequence=plan,
        version=version,
        lead=lead,
        next_step=step,
        state="waiting",
        actor="system",
        reason=words,
        due_at=clock.now() + timedelta(days=2),
    )
    snoozing.snooze(
        conversation=there.talk, user=there.ada, until=clock.now() + timedelta(days=4)
    )
    OptOutList.objects.create(
        channel="sms",
        how="imported",
        refused=[[3, f"{PHONE} or so", "two numbers"], [4, "nobody", "no number"]],
        actor="system",
        at=clock.now(),
    )
    usage.take(key=f"automatic:lead:{lead.pk}", period="2026-03-02", limit=9)


def _think(there: SimpleNamespace) -> None:
    """What the model was told, and an answer that somebody flagged."""
    answer = Message.objects.filter(turn__isnull=False, direction="outbound").first()
    assert answer is not None
    there.turn = answer.turn
    PromptRecord.objects.create(
        turn=answer.turn,
        version="reply-2",
        model="m",
        instructions="Answer.",
        input=f"lead: {canary.MODEL}",
    )
    cases.flag(message=answer, user=there.ada, why=f"{NAME} said no")


def _be_refused(app: Intake) -> None:
    """A request that nobody signed rightly waits in quarantine."""
    fields = {"MessageSid": "SM" + "9" * 32, "From": PHONE, "Body": canary.SEEN}
    call = signed(SMS, fields).with_headers(x_twilio_signature="wrong")
    assert post(app, call).status == 403


def _share_a_phone(there: SimpleNamespace) -> None:
    """Somebody else has one of the numbers too, with a talk of their own."""
    there.twin = Lead.objects.create(
        name="Odo Twin", team=there.lead.team, stage=there.lead.stage
    )
    _share(there.lead, SHARED, "phone")
    point = _share(there.twin, SHARED, "phone")
    consent.record_consent(
        contact_point=point,
        channel="sms",
        given=True,
        basis="verbal",
        actor="system",
        at=clock.now(),
    )
    writing.add_note(
        conversation=conversation_of(there.twin), user=there.ada, body="Odo's own note"
    )
    _write_in(there.app, "Which of us is it?", sender=SHARED, sid="7")
    later()


def _browse(there: SimpleNamespace) -> None:
    """A session that remembers the person's name."""
    there.client = Client()
    there.client.force_login(
        there.ada, backend="django.contrib.auth.backends.ModelBackend"
    )
    session = there.client.session
    session["last_seen"] = {"lead": NAME, "words": canary.SEEN}
    session.save()


def _store_documents(there: SimpleNamespace) -> None:
    client: Any = pymongo.MongoClient(there.url)
    key = str(there.lead.public_id)
    for name in ("timelines", "answers"):
        rows = [{"lead": key, "words": f"{NAME} {n}"} for n in range(3)]
        rows.append({"lead": str(there.twin.public_id), "words": "Odo"})
        client["house"][name].insert_many(rows)
    client.close()


def documents(there: SimpleNamespace) -> list[Any]:
    client: Any = pymongo.MongoClient(there.url)
    database = client["house"]
    found = [row for name in ("timelines", "answers") for row in database[name].find()]
    client.close()
    return found


def erase(there: SimpleNamespace) -> PrivacyRequest:
    """Asked for, and worked on until it is done."""
    asked = erasing.request_erasure(
        lead=there.lead, user=there.ada, reason=f"{NAME} asked for it"
    )
    for minutes in range(0, 60, 5):
        later(minutes=minutes)
        asked.refresh_from_db()
        if asked.done_at is not None:
            return asked
    raise AssertionError(
        f"not done: {asked.report} {asked.job and asked.job.last_error}"
    )


# --- the promise -------------------------------------------------------------------


def test_before_it_the_person_stands_in_every_store(house: SimpleNamespace) -> None:
    pattern = canary.needles()
    tables = canary.in_tables(pattern)
    for table in (
        "leads_lead",
        "leads_contactpoint",
        "leads_fact",
        "leads_deal",
        "leads_meeting",
        "leads_task",
        "messaging_enrollment",
        "messaging_message",
        "messaging_mail",
        "messaging_promptrecord",
        "integrations_webhookdelivery",
        "django_admin_log",
        "sessions, read",
    ):
        assert table in tables, f"the story left nothing in {table}"
    text = "".join(sorted(one.decode() for found in tables.values() for one in found))
    for word in (canary.TEXT, canary.NOTE, canary.CALL, canary.FACT, canary.MODEL):
        assert word in text
    assert len(canary.in_files(house.folder / "media", pattern)) >= 1
    assert house.export.path
    assert WebhookDelivery.objects.filter(state="quarantined").exists()
    assert EvaluationCase.objects.filter(turn=house.turn).exists()
    assert len(documents(house)) == 8


def test_after_it_there_is_no_trace_anywhere(house: SimpleNamespace) -> None:
    asked = erase(house)
    pattern = canary.needles()
    assert canary.in_tables(pattern) == {}
    assert canary.in_dump(pattern) == set()
    assert canary.in_files(house.folder / "media", pattern) == {}
    assert canary.in_redis(pattern) == {}
    assert [row["words"] for row in documents(house)] == ["Odo", "Odo"]
    assert canary.hits("\n".join(house.heard.text).encode(), pattern) == set()
    assert not default_storage.exists(f"exports/{house.export.public_id}.zip")
    assert not Enrollment.objects.filter(pk=house.enrollment.pk).exists()
    assert not Counter.objects.filter(key__endswith=f":lead:{house.lead.pk}").exists()
    assert not Job.objects.filter(arguments__conversation=house.talk.pk).exists()
    assert OptOutList.objects.get().refused == [[4, "nobody", "no number"]]
    assert asked.lead is None
    assert asked.reason == ""
    assert asked.report["erased"]["messages"] >= 4
    assert asked.report["erased"]["files"] == 1
    assert asked.report["erased"]["documents in MongoDB"] == 6
    assert [notice["to"] for notice in asked.notices] == ["CRM"]
    event = Event.objects.get(kind="lead.erased")
    assert event.lead is None
    assert event.payload["lead"] == str(asked.lead_public_id)


def test_the_other_one_with_the_same_phone_keeps_everything(
    house: SimpleNamespace,
) -> None:
    before = Conversation.objects.get(lead=None)
    asked = erase(house)
    twin = house.twin
    assert twin.contacts.get().contact_point.value == SHARED
    assert twin.contacts.get().contact_point.consents.count() >= 1
    assert conversation_of(twin).messages.get().body == "Odo's own note"
    # Nobody has said who wrote that: it may be Odo's.
    assert before.messages.get().body == "Which of us is it?"
    body = WebhookDelivery.objects.get(external_id="SM" + "7" * 32).body
    assert b"Which+of+us" in bytes(body)
    kept = " ".join(one["what"] for one in asked.report["kept"])
    assert "1 message of a shared number" in kept


def test_an_opt_out_outlives_the_person_as_a_keyed_hash(
    house: SimpleNamespace,
) -> None:
    point = ContactPoint.objects.get(value=PHONE)
    consent.suppress(
        contact_point=point,
        channel="sms",
        reason=Suppression.Reason.STOP,
        words=f"STOP, says {NAME}",
        actor="lead",
        at=clock.now(),
    )
    erase(house)
    assert canary.in_tables(canary.needles()) == {}
    assert SuppressionDigest.objects.filter(channel="sms").exists()
    again = capture.capture_lead(actor="system", phone=PHONE).lead
    back = again.contacts.get().contact_point
    assert consent.is_suppressed(back, "sms") is not None


def test_money_stays_and_leads_to_nobody(house: SimpleNamespace) -> None:
    UsageRecord.objects.create(
        lead=house.lead, service="sms", what="text", micro=8_300, effect_key="message:1"
    )
    before = sum(row.micro or 0 for row in UsageRecord.objects.all())
    erase(house)
    rows = UsageRecord.objects.all()
    assert sum(row.micro or 0 for row in rows) == before
    assert {(row.lead_id, row.effect_key) for row in rows} <= {(None, None)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["Changed", "Sequence", "Changed sequence", "Last Hit"]
)
def test_a_name_made_of_our_own_words_empties_nothing_of_others(name: str) -> None:
    ensure_ground()
    ada = User.objects.create_superuser("ada", "ada@example.com", "x")
    lead = LeadFactory(name=name)
    plan = Sequence.objects.create(name="Plan")
    changed = [{"changed": {"name": "last hit", "object": "A", "fields": [name]}}]
    for words in (f"{name} of it. Changed sequence “Plan”.", changed):
        LogEntry.objects.log_actions(ada.pk, [plan], CHANGE, words, single_object=True)
    LogEntry.objects.log_actions(ada.pk, [lead], CHANGE, "Role", single_object=True)
    client = Client()
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["seen"] = {"last hit": "Changed by hand", "Sequence": 3}
    session.save()
    counts = LIFECYCLE.erase(lead)
    assert counts["entries of the admin's history emptied"] == 1
    assert counts["sessions cleaned"] == 0
    kept = LogEntry.objects.exclude(object_repr="erased")
    assert [row.object_repr for row in kept] == ["Plan", "Plan"]
    assert "seen" in client.session


@pytest.mark.django_db
def test_a_full_name_in_a_quoted_value_is_emptied_elsewhere_too() -> None:
    ensure_ground()
    ada = User.objects.create_superuser("ada", "ada@example.com", "x")
    lead = LeadFactory(name=NAME)
    plan = Sequence.objects.create(name="Plan")
    changed = [{"added": {"name": "note", "object": f"To {NAME}"}}]
    for words in (changed, f"Wrote “{NAME}”"):
        LogEntry.objects.log_actions(ada.pk, [plan], CHANGE, words, single_object=True)
    LIFECYCLE.erase(lead)
    assert {row.object_repr for row in LogEntry.objects.all()} == {"erased"}
    assert not LogEntry.objects.exclude(change_message="").exists()


# --- killed in the middle -------------------------------------------------------------


@pytest.mark.parametrize(
    "step", ["leadsite", "analytics", "integrations", "messaging", "leads"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_killed_between_steps_goes_on_to_the_end(
    house: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    app = next(one for one in erasing.lifecycles() if one.key == step)
    whole, died = type(app).erase, []

    def dies(self: Any, lead: Lead) -> dict[str, int]:
        if died:
            return whole(self, lead)
        died.append(1)
        if when == "after":
            whole(self, lead)
        raise RuntimeError(f"killed while {NAME} was erased")

    monkeypatch.setattr(type(app), "erase", dies)
    erase(house)
    assert died
    assert canary.in_tables(canary.needles()) == {}
    assert canary.in_files(house.folder / "media", canary.needles()) == {}
    assert canary.hits("\n".join(house.heard.text).encode(), canary.needles()) == set()


def test_while_mongo_is_away_it_is_not_done_and_says_so(
    house: SimpleNamespace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MongoStore.__init__.__kwdefaults__, "seconds", 4.0)
    settings.MONGODB_URL = "mongodb://127.0.0.1:9/house"
    asked = erasing.request_erasure(lead=house.lead, user=house.ada)
    later()
    asked.refresh_from_db()
    assert asked.done_at is None
    (left,) = asked.report["open"]
    assert left["where"] == "MongoDB"
    assert "does not answer" in left["words"]
    # All else is gone already; the lead's own row says whom to look for.
    assert not Message.objects.filter(conversation__lead=house.lead).exists()
    settings.MONGODB_URL = house.url
    later(minutes=5)
    asked.refresh_from_db()
    assert asked.done_at is not None
    assert "open" not in asked.report
    assert len(documents(house)) == 2


def test_a_message_in_the_carriers_hands_ends_first(house: SimpleNamespace) -> None:
    message = writing.send_as_person(
        conversation=house.talk, user=house.ada, kind="sms", body=f"Dear {NAME}"
    )
    Message.objects.filter(pk=message.pk).update(
        state="claimed",
        claim_token=uuid.uuid4(),
        lease_until=timezone.now() + timedelta(seconds=20),
    )
    asked = erasing.request_erasure(lead=house.lead, user=house.ada)
    jobs.run_job(job_id=asked.job_id or 0)
    asked.refresh_from_db()
    assert asked.done_at is None
    assert "carrier" in asked.report["open"][0]["words"]
    assert Message.objects.filter(pk=message.pk).exists()
    # Its process died: it is not known whether it was taken, and then it goes.
    Message.objects.filter(pk=message.pk).update(lease_until=timezone.now())
    later()
    asked.refresh_from_db()
    assert asked.done_at is not None
    assert not Message.objects.filter(body__contains=NAME).exists()


def test_nothing_is_sent_from_the_moment_it_is_asked_for(
    house: SimpleNamespace,
) -> None:
    writing.send_as_person(
        conversation=house.talk, user=house.ada, kind="sms", body="One more thing"
    )
    FakeCarrier.reset()
    asked = erasing.request_erasure(lead=house.lead, user=house.ada)
    jobs.run_job(job_id=asked.job_id or 0)
    later()
    assert FakeCarrier.accepted == []
    assert Lead.objects.filter(pk=house.lead.pk).exists() is False


def test_who_writes_while_it_runs_is_somebody_new(house: SimpleNamespace) -> None:
    asked = erasing.request_erasure(lead=house.lead, user=house.ada)
    _write_in(house.app, "It is me again", sid="5")
    later()
    later(minutes=5)
    asked.refresh_from_db()
    assert asked.done_at is not None
    (tie,) = LeadContact.objects.filter(contact_point__value=PHONE)
    assert tie.lead_id != house.lead.pk
    assert tie.lead.conversation.messages.filter(body="It is me again").exists()


# --- given out ---------------------------------------------------------------------


def test_the_export_holds_everything_and_the_files(house: SimpleNamespace) -> None:
    page = house.client.get(reverse("privacy_file", args=[house.export.public_id]))
    assert page.status_code == 200
    target = house.folder / "export.zip"
    target.write_bytes(b"".join(page.streaming_content))
    with zipfile.ZipFile(target) as archive:
        data = archive.read("data.json").decode()
        readable = archive.read("readable.html").decode()
        (file,) = [n for n in archive.namelist() if n.startswith("files/")]
        content = archive.read(file)
    assert canary.FILE.encode() in content
    for word in (NAME, PHONE, MAIL, canary.TEXT, canary.NOTE, canary.CALL, canary.FACT):
        assert word in data, word
        assert word in readable, word
    assert canary.MODEL in data
    assert "timelines" in data
    assert Channel.objects.count() >= 1
