"""The API: what a key opens, and that it opens no more than its person may see."""

from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from leads import clock, consent
from leads.api_keys import issue_key, revoke_key
from leads.models import ApiCall, ApiKey, Lead, Suppression
from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    LeadFactory,
)
from messaging.models.sequence import Enrollment, Sequence
from messaging.sequences import publishing
from messaging.tests.inbox_world import office, rep
from messaging.tests.sequence_world import dana, open_house, sequence

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/"


class Caller:
    """A program with a key."""

    def __init__(self, user: Any, **fields: Any) -> None:
        self.key = ApiKey(name="Website", user=user, **fields)
        self.secret = issue_key(key=self.key, by=user)
        self.client = Client()

    def _headers(self, headers: dict[str, str]) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Api-Key {self.secret}", **headers}}

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(ROOT + path, query, **self._headers({}))

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            ROOT + path,
            data or {},
            content_type="application/json",
            **self._headers(named),
        )


@pytest.fixture
def at(settings: Any) -> SimpleNamespace:
    """Ana owns Dana, Ben is her colleague, Cleo of another team, Ada an admin."""
    path = "messaging.tests.talk.FakeCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    open_house()
    there = office()
    there.ada = rep("ada", there.team, role="admin")
    there.row = sequence({}, {"body": "Second"}, team=there.team)
    return there


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


# --- keys ------------------------------------------------------------------------------


def test_without_a_key_or_a_session_nothing_is_told(at: SimpleNamespace) -> None:
    for path in ("", "sequences/", "enrollments/", "leads/", "suppressions/"):
        answer = Client().get(ROOT + path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Api-Key"
        assert answer.json() == {
            "error": "Authentication credentials were not provided."
        }


def test_a_session_opens_it_too_and_needs_the_forms_token(at: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(at.ana)
    assert client.get(ROOT + "leads/").status_code == 200
    answer = client.post(
        ROOT + "suppressions/", {"address": "a@b.co"}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert not Suppression.objects.exists()


def test_a_wrong_revoked_or_expired_key_says_which_it_is(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    good = caller.secret
    for wrong in ("", "x", good[:-1], good + "x", good.replace(".", ""), "é" * 20):
        caller.secret = wrong
        answer = caller.get("leads/")
        assert (answer.status_code, answer.json()["error"]) == (
            401,
            "There is no such API key.",
        )
    caller.secret = good
    assert caller.get("leads/").status_code == 200
    assert revoke_key(key=caller.key, by=at.ana)
    answer = caller.post("suppressions/", {"address": "a@b.co"})
    assert answer.status_code == 401
    assert answer.json() == {"error": "This API key was revoked."}
    late = Caller(at.ana, expiry_date=timezone.now() - timedelta(seconds=1))
    answer = late.post("suppressions/", {"address": "a@b.co"})
    assert answer.json()["error"].startswith("This API key expired ")
    assert not Suppression.objects.exists()


def test_a_key_is_as_good_as_its_person(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    at.ana.is_active = False
    at.ana.save()
    answer = caller.get("leads/")
    assert (answer.status_code, answer.json()["error"]) == (
        401,
        "The person of this API key may not sign in.",
    )
    at.ana.is_active, at.ana.is_staff = True, False
    at.ana.save()
    assert caller.get("leads/").status_code == 401


def test_only_a_mark_of_a_key_is_kept_and_when_it_was_used(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    row = ApiKey.objects.get()
    secret = caller.secret.partition(".")[2]
    assert secret not in "".join(str(value) for value in vars(row).values())
    assert row.last_used_at is None
    with clock.at(timezone.now()):
        caller.get("leads/")
        first = ApiKey.objects.get().last_used_at
        caller.get("leads/")
        assert ApiKey.objects.get().last_used_at == first, "once a minute is enough"
    with clock.shifted(timedelta(minutes=2)):
        caller.get("leads/")
    assert ApiKey.objects.get().last_used_at > first


def test_nobody_makes_a_key_for_somebody_else(at: SimpleNamespace) -> None:
    with pytest.raises(PermissionError):
        issue_key(key=ApiKey(name="Mine", user=at.ana), by=at.ada)
    assert not ApiKey.objects.exists()


def test_too_many_calls_are_refused_for_a_while(
    at: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leads.api_rules import KeyThrottle

    monkeypatch.setattr(KeyThrottle, "rate", "2/min", raising=False)
    one, other = Caller(at.ana), Caller(at.ana)
    assert [one.get("leads/").status_code for _ in range(3)] == [200, 200, 429]
    answer = one.get("leads/")
    assert "Expected available in" in answer.json()["error"]
    assert int(answer.headers["Retry-After"]) > 0
    assert other.get("leads/").status_code == 200, "each key has its own count"


# --- leads and sequences ---------------------------------------------------------------


def test_each_sees_the_leads_that_they_see_elsewhere(at: SimpleNamespace) -> None:
    mine = str(at.lead.public_id)
    for user in (at.ana, at.ben):
        caller = Caller(user)
        assert ids(caller.get("leads/")) == [mine]
        assert ids(caller.get("leads/", phone="(415) 555-0123")) == [mine]
        assert ids(caller.get("leads/", q="dana")) == [mine]
        assert ids(caller.get("leads/", phone="+14155550999")) == []
        found = caller.get(f"leads/{mine}/").json()
        assert found["addresses"] == [
            {"kind": "phone", "value": "+14155550123", "primary": True}
        ]
    stranger = Caller(at.cleo)
    assert ids(stranger.get("leads/")) == []
    answer = stranger.get(f"leads/{mine}/")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "There is no such lead."},
    )


def test_sequences_are_read_with_the_steps_that_run(at: SimpleNamespace) -> None:
    caller = Caller(at.ben)
    assert ids(caller.get("sequences/")) == [str(at.row.public_id)]
    assert ids(caller.get("sequences/", state="paused")) == []
    one = caller.get(f"sequences/{at.row.public_id}/").json()
    assert (one["version"], [step["position"] for step in one["steps"]]) == (1, [1, 2])
    assert one["steps"][1]["wordings"][0]["body"] == "Second"
    assert ids(Caller(at.cleo).get("sequences/")) == []
    assert Caller(at.cleo).get(f"sequences/{at.row.public_id}/").status_code == 404


def test_what_is_only_read_is_not_written(at: SimpleNamespace) -> None:
    caller = Caller(at.ada)
    for path in ("leads/", f"leads/{at.lead.public_id}/", "sequences/"):
        assert caller.post(path, {"name": "Other"}).status_code == 405
    assert Lead.objects.get(pk=at.lead.pk).name == "Dana Reyes"


# --- enrollments -----------------------------------------------------------------------


def enroll(caller: Caller, at: SimpleNamespace, **who: Any) -> Any:
    headers = {"Idempotency_Key": who.pop("once")} if "once" in who else {}
    data = {"sequence": str(at.row.public_id), **who}
    return caller.post("enrollments/", data, **headers)


def test_a_lead_begins_by_its_id_or_by_an_address(at: SimpleNamespace) -> None:
    caller = Caller(at.ben)
    answer = enroll(caller, at, lead=str(at.lead.public_id))
    assert answer.status_code == 201
    row = Enrollment.objects.get()
    assert answer.json()["id"] == str(row.public_id)
    assert (row.how, row.actor) == ("api", f"user:{at.ben.pk}")
    other = dana(phone="+14155550177", email="eve@example.com", team=at.team)
    assert enroll(caller, at, phone="415 555 0177").status_code == 201
    again = enroll(caller, at, email="Eve@Example.com")
    assert (again.status_code, again.json()["error"]) == (
        409,
        "“Warm up” is already under way with Dana Reyes",
    )
    assert Enrollment.objects.filter(lead=other).count() == 1
    assert ids(caller.get("enrollments/", lead=str(other.public_id))) == [
        str(Enrollment.objects.get(lead=other).public_id)
    ]


def test_who_may_not_see_a_lead_does_not_enroll_it(at: SimpleNamespace) -> None:
    everybodys = sequence({}, name="For all")
    stranger = Caller(at.cleo)
    for who in ({"lead": str(at.lead.public_id)}, {"phone": "+14155550123"}):
        answer = stranger.post(
            "enrollments/", {"sequence": str(everybodys.public_id), **who}
        )
        assert answer.status_code == 404
        assert answer.json()["error"] == "There is no such lead that you may see."
    assert enroll(stranger, at, phone="+14155550123").status_code == 404
    reader = Caller(rep("rita", at.team, role="read-only"))
    answer = enroll(reader, at, phone="+14155550123")
    assert answer.status_code == 403
    assert "messaging.add_enrollment" in answer.json()["error"]
    assert not Enrollment.objects.exists()


def test_a_wrong_body_says_what_is_wrong(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    answer = caller.post("enrollments/", {"sequence": "x", "phone": "+14155550123"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "sequence: Must be a valid UUID."
    assert set(answer.json()["fields"]) == {"sequence"}
    for who in ({}, {"phone": "+14155550123", "lead": str(at.lead.public_id)}):
        answer = enroll(caller, at, **who)
        assert answer.json()["error"] == "Name the lead by one of: lead, phone, email."
    raw = Client().post(
        ROOT + "enrollments/",
        "{not json",
        content_type="application/json",
        headers={"Authorization": f"Api-Key {caller.secret}"},
    )
    assert (raw.status_code, raw.json()["error"][:10]) == (400, "JSON parse")
    assert not Enrollment.objects.exists()


def test_several_leads_with_one_address_are_not_guessed_between(
    at: SimpleNamespace,
) -> None:
    twin = dana(phone="+14155550188", email="", name="Dan Reyes", team=at.team)
    LeadContactFactory(lead=twin, contact_point=at.point, primary=False)
    answer = enroll(Caller(at.ana), at, phone="+14155550123")
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        "Several leads have this address: name one by its id.",
    )
    assert not Enrollment.objects.exists()


def test_the_same_call_makes_one_enrollment(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    first = enroll(caller, at, phone="+14155550123", once="form-7")
    again = enroll(caller, at, phone="+14155550123", once="form-7")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotent-Replay"] == "true"
    other = enroll(caller, at, phone="+14155550124", once="form-7")
    assert other.status_code == 422
    assert "was used for another request" in other.json()["error"]
    assert Enrollment.objects.count() == 1
    # Somebody else's key of that name is another one.
    assert (
        enroll(Caller(at.ben), at, phone="+14155550123", once="form-7")
        .json()["error"]
        .startswith("“Warm up” is already under way")
    )


def test_what_was_refused_may_be_tried_again_with_its_key(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    publishing.pause(sequence=at.row, user=at.ada)
    refused = enroll(caller, at, phone="+14155550123", once="k")
    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "“Warm up” is not active",
    )
    assert not ApiCall.objects.exists()
    publishing.resume(sequence=at.row, user=at.ada)
    assert enroll(caller, at, phone="+14155550123", once="k").status_code == 201
    with clock.shifted(timedelta(days=2)):
        Caller(at.ana).post("suppressions/", {"address": "x@y.co"}, Idempotency_Key="n")
    mark = ApiCall.objects.get().key
    assert mark == sha256(b"n").hexdigest(), "kept for a day, and only a mark of it"
    long = "k" * 201
    assert enroll(caller, at, phone="+14155550123", once=long).status_code == 400


def test_an_enrollment_is_stopped_with_its_reason(at: SimpleNamespace) -> None:
    enroll(Caller(at.ana), at, phone="+14155550123")
    row = Enrollment.objects.get()
    path = f"enrollments/{row.public_id}/stop/"
    assert Caller(at.cleo).post(path).status_code == 404
    reader = Caller(rep("rita", at.team, role="read-only"))
    assert reader.post(path).status_code == 403
    row.refresh_from_db()
    assert row.state == "waiting"
    answer = Caller(at.ben).post(path, {"why": "paid by invoice"})
    assert answer.json()["state"] == "stopped"
    assert answer.json()["reason"] == "Ben stopped it by the API: paid by invoice"
    again = Caller(at.ben).post(path)
    assert (again.status_code, again.json()["error"]) == (409, "It has ended already.")
    assert ids(Caller(at.ana).get("enrollments/", state="waiting")) == []
    assert ids(Caller(at.ana).get("enrollments/", cause="by_hand")) == [
        str(row.public_id)
    ]
    assert ids(Caller(at.ana).get("enrollments/", sequence="nonsense")) == []


# --- suppressions ----------------------------------------------------------------------


def test_an_opt_out_closes_the_address_and_stops_what_is_under_way(
    at: SimpleNamespace,
) -> None:
    enroll(Caller(at.ana), at, phone="+14155550123")
    answer = Caller(at.ana).post(
        "suppressions/",
        {"address": "(415) 555-0123", "words": "asked by mail", "source": "Zendesk 12"},
    )
    assert answer.status_code == 201
    assert (answer.json()["channel"], answer.json()["source"]) == (
        "sms",
        "api: Zendesk 12",
    )
    row = Suppression.objects.get()
    assert (row.contact_point, row.actor) == (at.point, f"user:{at.ana.pk}")
    assert consent.has_consent(at.point, "sms") is None
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.cause) == ("stopped", "opted_out")
    again = Caller(at.ana).post("suppressions/", {"address": "+14155550123"})
    assert (again.status_code, again.json()["id"]) == (200, row.pk)
    assert Suppression.objects.count() == 1


def test_who_does_not_see_the_lead_closes_its_address_and_learns_nothing(
    at: SimpleNamespace,
) -> None:
    Caller(at.ana).post("suppressions/", {"address": "+14155550123", "words": "secret"})
    row = Suppression.objects.get()
    stranger = Caller(at.cleo)
    assert ids(stranger.get("suppressions/")) == []
    assert stranger.get(f"suppressions/{row.pk}/").status_code == 404
    told = stranger.post("suppressions/", {"address": "+14155550123"}).json()
    assert set(told) == {"id", "address", "kind", "channel"}
    assert ids(Caller(at.ben).get("suppressions/", address="415-555-0123")) == [row.pk]


def test_a_mention_is_no_sight_and_shared_words_are_not_told(
    at: SimpleNamespace,
) -> None:
    Caller(at.ana).post("suppressions/", {"address": "+14155550123", "words": "secret"})
    row = Suppression.objects.get()
    theirs = LeadFactory(team=at.cleo.memberships.get().team)
    tie = LeadContactFactory(lead=theirs, contact_point=at.point, known_by="proposal")
    admin = rep("olga", theirs.team, role="admin")
    assert ids(Caller(admin).get("suppressions/")) == []
    # Once it is their lead's own address too, they see that it is closed, not why.
    type(tie).objects.filter(pk=tie.pk).update(known_by="person")
    (shown,) = Caller(admin).get("suppressions/").json()["results"]
    assert (shown["id"], shown["source"]) == (row.pk, "")
    assert "secret" not in str(shown)
    answer = Caller(admin).post(f"suppressions/{row.pk}/lift/", {"why": "wrong"})
    assert answer.status_code == 409 and "do not see" in answer.json()["error"]
    row.refresh_from_db()
    assert row.lifted_at is None


@pytest.mark.parametrize(
    "value", ["\0", "+1415555\x000123", "sms\0", "\ud800", "9" * 9_000]
)
def test_what_no_database_takes_finds_nothing(at: SimpleNamespace, value: str) -> None:
    caller = Caller(at.ana)
    caller.post("suppressions/", {"address": "+14155550123"})
    caller.post(
        "enrollments/", {"sequence": str(at.row.public_id), "phone": "+14155550123"}
    )
    for path, names in (
        ("leads/", ("phone", "email")),
        ("suppressions/", ("address", "channel")),
        ("sequences/", ("state",)),
        ("enrollments/", ("state", "cause", "sequence", "lead")),
    ):
        for name in names:
            query = urlencode({name: value}, errors="surrogatepass")
            answer = caller.client.get(f"{ROOT}{path}?{query}", **caller._headers({}))
            assert ids(answer) == [], (path, name)


def test_only_who_may_lifts_and_only_what_a_person_closed(at: SimpleNamespace) -> None:
    Caller(at.ana).post("suppressions/", {"address": "+14155550123"})
    row = Suppression.objects.get()
    path = f"suppressions/{row.pk}/lift/"
    why = {"why": "typed by mistake"}
    assert Caller(at.ana).post(path, why).status_code == 403
    assert Caller(at.ada).post(path).status_code == 400
    row.refresh_from_db()
    assert row.lifted_at is None
    assert Caller(at.ada).post(path, why).status_code == 200
    row.refresh_from_db()
    assert (row.lifted_by, row.lifted_why) == (
        f"user:{at.ada.pk}",
        "typed by mistake",
    )
    point = ContactPointFactory()
    LeadContactFactory(lead=at.lead, contact_point=point)
    theirs = consent.suppress(
        contact_point=point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )
    answer = Caller(at.ada).post(f"suppressions/{theirs.pk}/lift/", why)
    assert answer.status_code == 409
    assert "only the lead takes that back" in answer.json()["error"]


def test_what_is_no_address_is_refused(at: SimpleNamespace) -> None:
    caller = Caller(at.ana)
    for address in ("12", "a@b", "a@b@c.de"):
        answer = caller.post("suppressions/", {"address": address})
        assert answer.status_code == 409, address
        assert "is not a" in answer.json()["error"]
    answer = caller.post("suppressions/", {"address": "a@b.co", "channel": "fax"})
    assert answer.status_code == 400
    assert not Suppression.objects.exists()


def test_the_root_names_what_there_is(at: SimpleNamespace) -> None:
    found = Caller(at.ana).get("").json()
    assert set(found) == {"leads", "suppressions", "sequences", "enrollments"}
    assert Sequence.objects.count() == 1
