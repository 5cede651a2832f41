"""The old opt-out list: until it is known nothing real is sent, then never to it."""

import hashlib
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from leads import consent, opt_out_import, opt_outs, policy
from leads.capture import capture_lead, ensure_contact_point
from leads.models import (
    ContactPoint,
    Event,
    Job,
    OptOutList,
    Policy,
    Suppression,
    SuppressionDigest,
)
from leads.opt_out_import import import_opt_outs
from leads.opt_out_reading import NotReadable, read_list
from leads.opt_outs import NotPossible, sign_none
from leads.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NUMBERS = b"+14155550101\n(415) 555-0102\n\n415-555-0103\n0044 20 7946 0958\n"


@pytest.fixture(autouse=True)
def _locked() -> None:
    now = policy.current()
    Policy.objects.filter(pk=now.pk).update(
        opt_outs_sms_at=None, opt_outs_email_at=None
    )


def settled(kind: str) -> bool:
    return opt_outs.is_settled(policy.current(), kind)


def closed() -> set[str]:
    rows = Suppression.objects.filter(lifted_at=None)
    return set(rows.values_list("contact_point__value", flat=True))


def test_a_list_in_any_spelling_closes_its_numbers_and_unlocks_texts() -> None:
    row = import_opt_outs(
        channel="sms", data=NUMBERS, actor="user:1", file_name="a.txt"
    )
    assert closed() == {
        "+14155550101", "+14155550102", "+14155550103", "+442079460958"
    }  # fmt: skip
    assert (row.rows, row.added, row.known, row.refused) == (4, 4, 0, [])
    assert settled("sms") and not settled("email")
    one = Suppression.objects.get(contact_point__value="+14155550103")
    assert (one.reason, one.source) == ("list", f"list {row.public_id}, line 4")
    event = Event.objects.get(kind="opt_outs.imported")
    assert event.payload["added"] == 4


def test_the_same_file_twice_adds_nothing() -> None:
    first = import_opt_outs(channel="sms", data=NUMBERS, actor="user:1")
    again = import_opt_outs(channel="sms", data=NUMBERS, actor="user:2")
    assert again == first
    assert OptOutList.objects.count() == 1 and Suppression.objects.count() == 4
    more = import_opt_outs(channel="sms", data=NUMBERS + b"4155550104\n", actor="a")
    assert (more.added, more.known) == (1, 4)


@pytest.mark.parametrize(
    ("text", "channel", "found"),
    [
        ("Name,Phone\nAna,4155550101\n", "sms", ["+14155550101"]),
        ("id;mobile;when\n12345678;+14155550101;2024-01-02\n", "sms", ["+14155550101"]),
        ("\ufeffE-Mail\tName\nDANA@Reyes.example\tDana\n", "email",
         ["dana@reyes.example"]),
        ("20240102,4155550101\n20240103,4155550102\n", "sms",
         ["+14155550101", "+14155550102"]),
        ('"+1 (415) 555-0101","Reyes, Dana"\n', "sms", ["+14155550101"]),
        ("tel:+14155550101\n", "sms", ["+14155550101"]),
        ("mailto:dana@reyes.example\n", "email", ["dana@reyes.example"]),
        ("Order number,Number\nA-77,4155550101\n", "sms", ["+14155550101"]),
    ],
)  # fmt: skip
def test_the_column_is_found_by_looking(
    text: str, channel: str, found: list[str]
) -> None:
    lines = list(read_list(text, channel))
    assert [line.value for line in lines if not line.why] == found
    assert [line for line in lines if line.why] == []


def test_lines_that_cannot_be_read_are_kept_with_their_number_and_why() -> None:
    data = b"phone\n4155550101\n5550102\n4.15555E+10\nno number\n"
    row = import_opt_outs(channel="sms", data=data, actor="user:1")
    assert row.refused == [
        [3, "5550102", "the area code is missing"],
        [4, "4.15555E+10", "the spreadsheet has shortened this number: format it as"
         " text"],
        [5, "no number", "not a phone number"],
    ]  # fmt: skip
    assert [one[0] for one in opt_out_import.error_lines(row)] == ["line", 3, 4, 5]


@pytest.mark.parametrize(
    "data", [b"", b"a@b.example\nc@d.example\n", b"PK\x03\x04", b"\x00\x01\x02"]
)
def test_a_file_without_a_number_unlocks_nothing(data: bytes) -> None:
    with pytest.raises(NotReadable):
        import_opt_outs(channel="sms", data=data, actor="user:1")
    assert not settled("sms")
    assert not OptOutList.objects.exists() and not Suppression.objects.exists()


def test_what_was_closed_before_keeps_its_reason_and_counts_as_known() -> None:
    from leads import clock

    point = ensure_contact_point(kind="phone", value="+14155550101")
    consent.suppress(
        contact_point=point, channel="sms", reason="stop", words="STOP",
        actor="lead", at=clock.now(),
    )  # fmt: skip
    row = import_opt_outs(channel="sms", data=NUMBERS, actor="user:1")
    assert (row.added, row.known) == (3, 1)
    assert Suppression.objects.get(contact_point=point).reason == "stop"


def test_an_import_that_was_cut_short_counts_its_own_work_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opt_out_import, "BATCH", 2)
    public_id = OptOutList._meta.get_field("public_id").get_default()

    def die(percent: int) -> None:
        if percent:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        import_opt_outs(
            channel="sms", data=NUMBERS, actor="a", public_id=public_id, progress=die
        )
    assert Suppression.objects.count() == 2 and not settled("sms")
    row = import_opt_outs(channel="sms", data=NUMBERS, actor="a", public_id=public_id)
    assert (row.added, row.known) == (4, 0)


def test_none_is_signed_by_name_and_unlocks_that_kind_alone() -> None:
    with pytest.raises(NotPossible, match="name"):
        sign_none(channel="email", name=" ", actor="user:1")
    assert not settled("email")
    row = sign_none(channel="email", name="Ana  Ruiz", actor="user:1")
    assert (row.signed_name, row.how, row.actor) == ("Ana Ruiz", "none", "user:1")
    assert settled("email") and not settled("sms")
    assert Event.objects.filter(kind="opt_outs.none", actor="user:1").count() == 1


def test_a_list_that_comes_after_none_was_signed_still_counts() -> None:
    sign_none(channel="sms", name="Ana Ruiz", actor="user:1")
    since = policy.current().opt_outs_sms_at
    import_opt_outs(channel="sms", data=NUMBERS, actor="user:1")
    assert "+14155550101" in closed()
    assert policy.current().opt_outs_sms_at == since


def test_a_hundred_thousand_lines_are_batches_of_few_statements(
    django_assert_max_num_queries: Any,
) -> None:
    data = "\n".join(f"+1415{n:07d}" for n in range(2_000_000, 2_003_000)).encode()
    with django_assert_max_num_queries(120):
        row = import_opt_outs(channel="sms", data=data, actor="user:1")
    assert row.added == 3_000


def test_the_job_tells_how_far_it_is_and_what_came_of_it(
    settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    user = UserFactory()
    job = opt_out_import.start_import(
        channel="sms", name="old.csv", data=NUMBERS, user=user
    )
    opt_out_import.run_job(job)
    job = Job.objects.get(pk=job.pk)
    assert job.arguments["outcome"] == {
        "words": "4 added, 0 known before.", "ok": True
    }  # fmt: skip
    assert settled("sms") and OptOutList.objects.get().actor == f"user:{user.pk}"
    bad = opt_out_import.start_import(
        channel="sms", name="x.csv", data=b"a@b.example\n", user=user
    )
    opt_out_import.run_job(bad)
    bad.refresh_from_db()
    assert bad.arguments["outcome"]["ok"] is False
    assert "Line 1" in bad.arguments["outcome"]["words"]


def test_the_command_signs_imports_and_shows(tmp_path: Any, capsys: Any) -> None:
    call_command("opt_outs")
    assert "sms: locked" in capsys.readouterr().out
    file = tmp_path / "old.txt"
    file.write_bytes(NUMBERS)
    call_command("opt_outs", "import", str(file), "--channel", "sms")
    call_command("opt_outs", "none", "--channel", "email", "--name", "Ana Ruiz")
    out = capsys.readouterr().out
    assert "4 added" in out and "email: unlocked" in out
    with pytest.raises(CommandError, match="channel"):
        call_command("opt_outs", "none")
    with pytest.raises(CommandError, match="name"):
        call_command("opt_outs", "none", "--channel", "sms")


# --- what was erased ----------------------------------------------------------------


def erased(value: str, kind: str = "phone") -> None:
    point = ensure_contact_point(kind=kind, value=value)
    channel = "sms" if kind == "phone" else "email"
    opt_outs.opt_out_address(
        kind=kind, value=value, channel=channel, actor="lead", words="STOP",
        source="test", reason="stop",
    )  # fmt: skip
    assert opt_outs.remember_erased(point) == 1
    Suppression.objects.filter(contact_point=point).delete()
    from leads.models import Consent

    Consent.objects.erase([point])
    ContactPoint.objects.filter(pk=point.pk).delete()


def test_an_erased_address_that_comes_back_is_closed_again() -> None:
    erased("+14155550101")
    row = SuppressionDigest.objects.get()
    assert "4155550101" not in row.digest and len(row.digest) == 64
    lead = capture_lead(
        actor="user:1", name="Dana", phone="415-555-0101", consent_basis="imported"
    ).lead
    point = lead.contacts.get().contact_point
    found = consent.is_suppressed(point, "sms")
    assert found is not None and found.reason == "stop"
    assert not SuppressionDigest.objects.exists()  # the suppression says it now


def test_what_an_older_key_made_is_recognised(settings: Any) -> None:
    settings.SECRET_KEY = "an older key"
    erased("dana@reyes.example", "email")
    settings.SECRET_KEY_FALLBACKS = ["an older key"]
    settings.SECRET_KEY = "a newer key"
    point = ensure_contact_point(kind="email", value="dana@reyes.example")
    assert consent.is_suppressed(point, "email") is not None


def test_a_new_address_costs_one_look_and_a_known_one_none(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(3):  # is it there, make it, was it erased
        ensure_contact_point(kind="phone", value="+14155550199")
    with django_assert_num_queries(1):
        ensure_contact_point(kind="phone", value="+14155550199")


def test_the_digest_is_keyed() -> None:
    mine = opt_outs.digest_of("phone", "+14155550101")
    assert mine != hashlib.sha256(b"phone:+14155550101").hexdigest()
    assert mine != opt_outs.digest_of("email", "+14155550101")


def test_the_list_takes_the_place_of_a_bounce() -> None:
    point = ensure_contact_point(kind="phone", value="+14155550101")
    row = consent.suppress(
        contact_point=point,
        channel="sms",
        reason="bounce",
        words="landline",
        actor="system",
        at=policy.clock.now(),
    )
    import_opt_outs(channel="sms", data=NUMBERS, actor="user:1", file_name="old.txt")
    row.refresh_from_db()
    assert row.reason == "list" and "line 1" in row.source
    assert opt_outs.why_not_lifted(row)
