"""The pages of consent: who may see which, what they show, what they refuse."""

import csv
import io
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leads import clock, consent, opt_outs, policy
from leads.compliance import files, suppressions
from leads.models import Consent, Event, Job, OptOutList, Policy, Suppression
from leads.tests.factories import ContactPointFactory, LeadContactFactory
from leads.work import run_due
from messaging.compliance.counting import Counting
from messaging.compliance.report import parts, rows_behind
from messaging.models import Message
from messaging.tests.inbox_world import (
    FRAGMENT,
    lead_with_phone,
    office,
    rep,
    said,
    signed_in,
    talk_with,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def at() -> SimpleNamespace:
    """Dana of the North, who opted out; Sam of the South, who did too."""
    here = office()
    here.sam, here.sams = lead_with_phone(here.other, name="Sam", value="+14155550188")
    here.dana = here.lead
    here.danas = here.dana.contacts.get().contact_point
    for point in (here.danas, here.sams):
        opt_outs.opt_out_address(
            kind="phone", value=point.value, actor="lead", words="STOP",
            source="a text", reason="stop",
        )  # fmt: skip
    return here


def get(user: User, name: str, *args: Any, **query: Any) -> Any:
    return signed_in(user).get(reverse(name, args=args), query)


def page(user: User, name: str, *args: Any, **query: Any) -> str:
    answer = get(user, name, *args, **query)
    assert answer.status_code == 200
    return str(answer.content.decode())


# --- the list -------------------------------------------------------------------------


def test_people_see_the_opt_outs_of_leads_they_may_see(at: SimpleNamespace) -> None:
    boss = rep("boss", at.team, reach="all", role="manager")
    stray = ContactPointFactory(value="+14155550199")
    opt_outs.opt_out_point(point=stray, actor="user:1", words="x", source="y")
    for user in (at.ana, at.ben):
        shown = page(user, "suppressions")
        assert at.danas.value in shown and "Dana" in shown
        assert at.sams.value not in shown and stray.value not in shown
    theirs = page(at.cleo, "suppressions")
    assert at.sams.value in theirs and at.danas.value not in theirs
    all_of_it = page(boss, "suppressions")
    assert all(p.value in all_of_it for p in (at.danas, at.sams, stray))


def test_a_number_is_found_in_any_spelling(at: SimpleNamespace) -> None:
    boss = rep("boss", at.team, reach="all", role="manager")
    found = page(boss, "suppressions", q="(415) 555-0188")
    assert at.sams.value in found and at.danas.value not in found
    assert "Nothing here fits" in page(boss, "suppressions", q="zzz")
    assert at.sams.value not in page(boss, "suppressions", state="lifted")


def test_the_list_as_a_file_holds_no_formula(at: SimpleNamespace) -> None:
    Suppression.objects.filter(contact_point=at.danas).update(words="=cmd|'/c calc'!A1")
    answer = get(at.ana, "suppressions", format="csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[1][0] == at.danas.value and rows[1][5].startswith("'=cmd")


def test_the_list_as_a_file_says_when_it_is_cut(
    at: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = rep("boss", at.team, reach="all", role="manager")
    monkeypatch.setattr(suppressions, "A_PART", 1)
    whole = get(boss, "suppressions", format="csv").content.decode().splitlines()
    assert len(whole) == 3 and "Only" not in whole[-1]
    monkeypatch.setattr(suppressions, "MOST", 1)
    cut = get(boss, "suppressions", format="csv").content.decode().splitlines()
    assert cut == [*whole[:2], "Only the first 1 rows are in this file"]
    rows = files.csv_file(iter([["a"], ["b"], ["c"]]), "x.csv", most=2)
    assert rows.content.decode().split() == ["a", "b", "c"]


@pytest.fixture
def closed(at: SimpleNamespace) -> Suppression:
    """An address of Dana that a person closed, and what was said then."""
    at.nora = rep("nora", at.team, role="admin")
    at.sally = rep("sally", at.other, role="admin")
    return opt_outs.opt_out_point(
        point=LeadContactFactory(lead=at.dana).contact_point, actor="user:1",
        words="her secret", source="api: secret office", evidence="secret letter",
        ip="192.0.2.77",
    )  # fmt: skip


def files_of(user: User) -> str:
    """Every file of closed addresses and statements that a person is handed."""
    keys = ("closed-sms", "way-sms-api", "source-api:", "consent-withdrawn-sms-verbal")
    answers = [get(user, "compliance_rows", key) for key in keys]
    answers.append(get(user, "suppressions", format="csv"))
    assert {answer.status_code for answer in answers} == {200}
    return "".join(answer.content.decode() for answer in answers)


def lifted(user: User, row: Suppression) -> bool:
    path = reverse("suppression_lift", args=[row.pk])
    signed_in(user).post(path, {"words": "a mistake"})
    return Suppression.objects.get(pk=row.pk).lifted_at is not None


def test_a_mention_is_no_sight_of_an_opt_out(
    at: SimpleNamespace, closed: Suppression
) -> None:
    LeadContactFactory(
        lead=at.sam, contact_point=closed.contact_point, known_by="proposal"
    )
    address = closed.contact_point.value
    assert address not in page(at.sally, "suppressions") + files_of(at.sally)
    assert not lifted(at.sally, closed)
    # Nor does the mention take anything from those whose lead's address it is.
    assert "her secret" in page(at.nora, "suppressions")
    assert "secret office" in files_of(at.nora)
    assert lifted(at.nora, closed)


def test_what_was_said_on_a_shared_address_is_told_to_nobody_who_sees_one_lead(
    at: SimpleNamespace, closed: Suppression
) -> None:
    LeadContactFactory(lead=at.sam, contact_point=closed.contact_point)
    address = closed.contact_point.value
    for user in (at.nora, at.sally):
        told = page(user, "suppressions") + files_of(user)
        assert address in told and "said on a shared address" in told
        assert "secret" not in told and "192.0.2.77" not in told
        assert address not in page(user, "suppressions", q="her secret")
        assert not lifted(user, closed)
    lead = signed_in(at.sally).get(
        reverse("lead_consent", args=[at.sam.public_id]), **FRAGMENT
    )
    assert address in lead.content.decode() and "secret" not in lead.content.decode()
    boss = rep("boss", at.team, reach="all", role="admin")
    assert "her secret" in page(boss, "suppressions", q="her secret")
    assert "192.0.2.77" in files_of(boss)
    assert lifted(boss, closed)


def test_only_what_a_person_set_is_taken_back_and_with_a_reason(
    at: SimpleNamespace,
) -> None:
    admin = rep("adam", at.team, reach="all", role="admin")
    point = ContactPointFactory()
    mine = opt_outs.opt_out_point(point=point, actor="user:1", words="x", source="y")
    lead_s = Suppression.objects.get(contact_point=at.danas)
    client = signed_in(admin)
    client.post(reverse("suppression_lift", args=[mine.pk]), {"words": " "})
    assert Suppression.objects.get(pk=mine.pk).lifted_at is None
    client.post(reverse("suppression_lift", args=[mine.pk]), {"words": "a mistake"})
    row = Suppression.objects.get(pk=mine.pk)
    assert (row.lifted_why, row.lifted_by) == ("a mistake", f"user:{admin.pk}")
    # Open again, but what was withdrawn stays so until consent is recorded.
    assert consent.has_consent(point, "sms") is None
    answer = client.post(
        reverse("suppression_lift", args=[lead_s.pk]), {"words": "a mistake"}, follow=True
    )  # fmt: skip
    assert "only the lead takes that back" in answer.content.decode()
    assert Suppression.objects.get(pk=lead_s.pk).lifted_at is None
    assert "only the lead takes that back" in page(admin, "suppressions")


def test_a_rep_adds_and_never_lifts(at: SimpleNamespace) -> None:
    client = signed_in(at.ana)
    client.post(
        reverse("suppression_add"), {"address": "X@Reyes.example ", "words": "by phone"}
    )
    row = Suppression.objects.get(channel="email")
    assert (row.contact_point.value, row.reason) == ("x@reyes.example", "manual")
    lift = client.post(reverse("suppression_lift", args=[row.pk]), {"words": "no"})
    assert lift.status_code == 403
    bad = client.post(
        reverse("suppression_add"), {"address": "12", "words": "x"}, follow=True
    )
    assert "is not a phone number" in bad.content.decode()


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("read-only", {"suppressions"}),
        ("rep", {"suppressions", "suppression_add"}),
        ("manager", {"suppressions", "suppression_add", "opt_outs", "compliance"}),
        ("billing", set()),
    ],
)
def test_each_role_has_its_pages(role: str, may: set[str], at: SimpleNamespace) -> None:
    user = rep("somebody", at.team, role=role)
    client = signed_in(user)
    for name in ("suppressions", "opt_outs", "compliance", "opt_outs_progress"):
        wanted = 200 if name.removesuffix("_progress") in may else 403
        assert client.get(reverse(name)).status_code == wanted, name
    for name in ("suppression_add", "opt_outs_upload", "opt_outs_sign"):
        wanted = 302 if name in may else 403
        assert client.post(reverse(name), {}).status_code == wanted, name


# --- one lead -------------------------------------------------------------------------


def test_the_record_shows_every_statement_with_its_proof(at: SimpleNamespace) -> None:
    consent.record_consent(
        contact_point=at.danas, channel="sms", given=True, basis="form",
        wording="Yes, text me", wording_version="form 3", source="pricing",
        evidence="form 77", ip="203.0.113.7", actor="lead", at=clock.now(),
    )  # fmt: skip
    url = reverse("lead_consent", args=[at.dana.public_id])
    shown = signed_in(at.ben).get(url, **FRAGMENT).content.decode()
    for words in ("Yes, text me", "form 3", "form 77", "203.0.113.7", "withdrawn"):
        assert words in shown
    assert signed_in(at.cleo).get(url, **FRAGMENT).status_code == 404
    assert signed_in(at.ben).get(url).status_code == 302


@pytest.mark.parametrize(
    "name", ["lead_consent_stop", "lead_consent_add", "lead_consent_revoke"]
)
def test_strangers_and_readers_change_no_consent(
    name: str, at: SimpleNamespace
) -> None:
    reader = rep("reader", at.team, role="read-only")
    before = Consent.objects.count(), Suppression.objects.count()
    body = {"point": at.danas.pk, "words": "x", "basis": "verbal"}
    url = reverse(name, args=[at.dana.public_id])
    assert signed_in(reader).post(url, body).status_code == 403
    assert signed_in(at.cleo).post(url, body).status_code == 404
    assert (Consent.objects.count(), Suppression.objects.count()) == before


def test_consent_is_recorded_with_proof_and_lifts_nothing(at: SimpleNamespace) -> None:
    url = reverse("lead_consent_add", args=[at.dana.public_id])
    body = {"point": at.danas.pk, "basis": "written", "words": "Signed offer"}
    client = signed_in(at.ana)
    assert "Say why" in client.post(
        url, {**body, "words": ""}, **FRAGMENT
    ).content.decode()  # fmt: skip
    shown = client.post(
        url, {**body, "evidence": "Contract 4711"}, **FRAGMENT
    ).content.decode()  # fmt: skip
    row = Consent.objects.latest("pk")
    assert (row.given, row.basis, row.evidence) == (True, "written", "Contract 4711")
    assert "stays closed" in shown
    assert consent.is_suppressed(at.danas, "sms") is not None
    client.post(url, {**body, "point": at.sams.pk}, **FRAGMENT)
    assert Consent.objects.latest("pk") == row  # not an address of this lead


# --- the old list ---------------------------------------------------------------------


@pytest.fixture
def admin(at: SimpleNamespace, settings: Any, tmp_path: Any) -> User:
    settings.MEDIA_ROOT = tmp_path
    now = policy.current()
    Policy.objects.filter(pk=now.pk).update(
        opt_outs_sms_at=None, opt_outs_email_at=None
    )
    return rep("adam", at.team, reach="all", role="admin")


def test_a_list_is_uploaded_imported_and_its_errors_handed_out(admin: User) -> None:
    client = signed_in(admin)
    assert page(admin, "opt_outs").count("locked</span>") == 2
    file = SimpleUploadedFile("old.csv", b"phone\n4155550177\n5550102\n")
    client.post(reverse("opt_outs_upload"), {"channel": "sms", "file": file})
    assert Job.objects.get(name="leads.import_opt_outs").state == "ready"
    assert "0 %" in page(admin, "opt_outs_progress")
    run_due()
    shown = page(admin, "opt_outs")
    assert "1 added, 0 known before, 1 not read." in shown
    assert shown.count("locked</span>") == 1
    row = OptOutList.objects.get()
    errors = get(admin, "opt_outs_errors", row.public_id).content.decode()
    assert errors.splitlines()[1] == "3,5550102,the area code is missing"


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"", b"no\nnumber\n"])
def test_a_file_that_holds_no_number_says_so_and_unlocks_nothing(
    admin: User, data: bytes
) -> None:
    file = SimpleUploadedFile("old.csv", data)
    answer = signed_in(admin).post(
        reverse("opt_outs_upload"), {"channel": "sms", "file": file}, follow=True
    )
    run_due()
    shown = answer.content.decode() + page(admin, "opt_outs")
    words = ("Excel file", "The file is empty", "No line holds a phone number")
    assert any(one in shown for one in words)
    assert not opt_outs.is_settled(policy.current(), "sms")


def test_we_have_none_is_signed_by_name(admin: User) -> None:
    client = signed_in(admin)
    client.post(reverse("opt_outs_sign"), {"channel": "email", "name": ""})
    assert not OptOutList.objects.exists()
    client.post(reverse("opt_outs_sign"), {"channel": "email", "name": "Adam Berg"})
    assert opt_outs.is_settled(policy.current(), "email")
    assert "signed Adam Berg" in page(admin, "opt_outs")


# --- the report -----------------------------------------------------------------------


def test_the_report_counts_and_each_number_opens_its_rows(at: SimpleNamespace) -> None:
    boss = rep("boss", at.team, reach="all", role="manager")
    talk = talk_with(at.sam)
    now = clock.now()
    good = Consent.objects.filter(contact_point=at.sams, given=True).earliest("pk")
    base = {"sent_at": now, "author": "person", "contact_point": at.sams}
    before_the_stop = Suppression.objects.get(contact_point=at.sams).since
    said(
        talk, "with", details={"consent": good.pk}, claimed_at=good.occurred_at, **base
    )  # fmt: skip
    assert good.occurred_at <= before_the_stop
    said(talk, "after the stop", details={"consent": good.pk}, claimed_at=now, **base)
    said(talk, "without", details={}, claimed_at=now, **base)
    for kind, checks in (("held", ["clock"]), ("cancelled", ["opt-out"])):
        Event.objects.create(
            lead=at.sam, kind=f"message.{kind}", actor="system", occurred_at=now,
            payload={"message": "m1", "checks": checks},
        )  # fmt: skip
    shown = page(boss, "compliance")
    for words in (
        "Sent without a valid record: 2",
        "Sent: 3",
        "Opted out of texts: 2",
        "Held at night: 1",
        "Refused: opt-out: 1",
        "per 1,000 sent",
    ):
        assert words in shown, words
    rows = get(boss, "compliance_rows", "without-record").content.decode()
    assert len(rows.splitlines()) == 3
    for key in ("way-sms-words", "closed-sms"):
        rows = get(boss, "compliance_rows", key).content.decode()
        assert len(rows.splitlines()) == 3, key
    assert get(boss, "compliance_rows", "nothing").status_code == 404
    assert get(at.ana, "compliance_rows", "sent").status_code == 403


def test_every_number_of_the_report_has_its_rows(at: SimpleNamespace) -> None:
    import re

    boss = rep("boss", at.team, reach="all", role="manager")
    links = re.findall(
        r'href="(/admin/compliance/rows/[^"]+)"', page(boss, "compliance")
    )
    assert len(links) > 8
    for link in links:
        answer = signed_in(boss).get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link
        assert answer.content.decode().splitlines()[0].count(",") >= 4


def test_a_manager_of_one_team_counts_that_team(at: SimpleNamespace) -> None:
    lead_of_north = rep("nora", at.team, role="manager")
    shown = page(lead_of_north, "compliance")
    assert "Opted out of texts: 1" in shown
    rows = get(lead_of_north, "compliance_rows", "closed-sms").content.decode()
    assert at.danas.value in rows and at.sams.value not in rows
    assert not Message.objects.filter(sent_at__isnull=False).exists()


def test_opt_outs_are_counted_by_their_way_and_statements_by_their_origin(
    at: SimpleNamespace,
) -> None:
    boss = rep("boss", at.team, reach="all", role="manager")
    for reason, source in (
        ("manual", "api: website"),
        ("manual", "the list of opt-outs, by hand"),
        ("stop", "link of message 1"),
        ("stop", "“stop everything” of message 1"),
        ("bounce", "a mail that came back"),
        ("manual", ""),
    ):
        point = ContactPointFactory()
        opt_outs.opt_out_point(
            point=point, actor="user:1", words="x", source=source, reason=reason
        )
    counting = Counting(boss, clock.now() - DAY, clock.now() + DAY)
    numbers = {one.key: one.value for part in parts(counting) for one in part.numbers}
    ways = {"api": 1, "person": 2, "link": 1, "everything": 1, "bounce": 1, "words": 2}
    for way, n in ways.items():
        assert numbers[f"way-sms-{way}"] == str(n), way
    assert numbers["closed-sms"] == "7"
    # Dana and Sam once agreed, nobody said where, and then sent a text.
    origins = {"api:": 1, "by hand": 1, "link": 1, "“stop": 1, "not said": 3, "a": 3}
    for origin, n in origins.items():
        assert numbers[f"source-{origin}"] == str(n), origin
    keys = [f"way-sms-{way}" for way in ways] + [f"source-{name}" for name in origins]
    for key in (*keys, "closed-sms"):
        rows = list(rows_behind(counting, key))
        assert len(rows) == 1 + int(numbers[key]), key
