"""The numbers of the proof page are those of their rows."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from leads import clock, policy
from leads.models import Event, Lead
from leads.tests.factories import LeadFactory
from messaging import outcomes, proving
from messaging.differing import word_diff
from messaging.models import Message, Turn
from messaging.tests.deciding import answered, decided, history
from messaging.tests.inbox_world import signed_in
from messaging.tests.talk import FakeCarrier

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", first_name="Bo")


@pytest.fixture
def client(boss: User) -> Client:
    return signed_in(boss)


def rows_at(client: Client, link: str) -> int:
    answer = client.get(link)
    assert answer.status_code == 200
    return answer.context["page"].paginator.count


def test_the_last_fifty_are_counted_and_each_number_opens_its_rows(
    client: Client,
) -> None:
    history(discarded=5)  # older than the last fifty
    history(as_written=41, edited=6, discarded=3)
    last = client.get("/admin/proof/").context["last"]
    record = last["record"]
    assert (record.as_written, record.edited, record.discarded) == (41, 6, 3)
    for name in ("as_written", "edited", "discarded"):
        assert rows_at(client, last["links"][name]) == getattr(record, name)
    assert rows_at(client, last["links"]["all"]) == 50
    today = client.get("/admin/").content.decode()
    assert 'Last <a href="/admin/proof/drafts/?days=30&amp;last=1">50</a>' in today
    assert ">41</a> as written" in today


def test_a_period_leaves_out_what_is_older(client: Client) -> None:
    history(as_written=2, days_ago=3)
    history(edited=3, days_ago=20)
    history(discarded=4, days_ago=60)
    for days, count in ((7, 2), (30, 5), (90, 9), ("x", 5)):
        subjects = client.get(f"/admin/proof/?days={days}").context["subjects"]
        assert [s["row"].record.decided for s in subjects] == [count]
        assert rows_at(client, subjects[0]["all"]) == count


def test_each_kind_of_message_has_its_counts_and_what_auto_does_next(
    client: Client,
) -> None:
    history(intent="question", as_written=30, edited=2)
    history(intent="question", topics=("price",), as_written=3, edited=2, discarded=9)
    history(intent="objection", discarded=60)
    rows = client.get("/admin/proof/").context["subjects"]
    found = {
        s["row"].words: (s["row"].record.decided, s["row"].next_step) for s in rows
    }
    assert found == {
        "Objections": (60, "hand_off"),
        "Questions": (32, "send"),
        "Price questions": (14, "send"),
    }
    policy.change(actor="system", sure_to_send=60)
    again = client.get("/admin/proof/").context["subjects"]
    steps = {s["row"].words: s["row"].next_step for s in again}
    assert steps["Price questions"] == "draft"
    for subject in rows:
        for count in subject["counts"]:
            assert rows_at(client, count["link"]) == count["count"]


def test_the_shadow_is_summed_up_with_what_people_changed(client: Client) -> None:
    for _ in range(41):
        decided("as_written", would=True)
    decided("edited", would=True)
    decided("discarded", would=True)
    for _ in range(7):
        decided("edited", would=False, why="“10 % off” is in no offer")
    decided("as_written")  # from before it was written down
    page = client.get("/admin/proof/")
    shadow = page.context["shadow"]
    assert (shadow.of, shadow.would, shadow.changed) == (50, 43, 2)
    words = " ".join(page.content.decode().split())
    assert ">43</a> of 50; " in words
    assert ">2</a> of those were edited or discarded" in words
    links = page.context["links"]
    for name, count in (("would", 43), ("edited", 1), ("discarded", 1), ("changed", 2)):
        assert rows_at(client, links[name]) == count
    changed = page.context["changed"]
    assert [one.message.details["decision"] for one in changed] == [
        "discarded",
        "edited",
    ]
    assert "<del>29</del><ins>39</ins>" in words
    assert "<del>It costs 29 USD.</del>" in words


def test_drafts_that_were_equally_sure_are_held_to_it_from_twenty_on(
    client: Client,
) -> None:
    history(as_written=18, discarded=2, plan=0.9)
    history(as_written=3, plan=0.5)
    bands = client.get("/admin/proof/").context["bands"]
    found = [(b["band"].low, b["band"].count, b["band"].rate) for b in bands]
    assert found == [(40, 3, None), (80, 20, 90)]
    for row in bands:
        assert rows_at(client, row["link"]) == row["band"].count


def test_played_and_demo_leads_leave_the_numbers_once_something_can_leave(
    client: Client, settings: Any
) -> None:
    history(as_written=2)
    history(as_written=3, lead=LeadFactory(simulated=True))
    history(as_written=4, lead=LeadFactory(demo=True))
    answered(lead=LeadFactory(simulated=True))
    user = User.objects.get()
    assert len(proving.drafts(user=user)) == 9
    path = f"{FakeCarrier.__module__}.FakeCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    assert len(proving.drafts(user=user)) == 2
    since = proving.since_days(7)
    assert [r.answered for r in outcomes.by_writer(user=user, since=since)] == [1]


# --- outcomes ----------------------------------------------------------------


def happens(lead: Lead, kind: str, *, days_ago: float = 0) -> None:
    at = clock.now() - timedelta(days=days_ago)
    Event.objects.create(lead=lead, kind=kind, actor="lead", occurred_at=at)


def rows_of(user: User, days: int = 30) -> dict[str, SimpleNamespace]:
    rows = outcomes.by_writer(user=user, since=proving.since_days(days))
    return {
        row.version: SimpleNamespace(
            answered=row.answered,
            rates={cell.outcome: cell.rate for cell in row.cells},
            **{cell.outcome: cell.count for cell in row.cells},
        )
        for row in rows
    }


def test_an_outcome_belongs_to_the_last_answer_before_it(boss: User) -> None:
    lead = LeadFactory()
    answered(lead=lead, version="reply-1", days_ago=9)
    answered(lead=lead, version="reply-1", days_ago=8)
    happens(lead, "lead.qualified", days_ago=7)
    answered(lead=lead, version="reply-2", days_ago=6)
    happens(lead, "meeting.booked", days_ago=5)
    happens(lead, "meeting.booked", days_ago=4)
    happens(lead, "lead.opted_out", days_ago=10)  # before any answer
    found = rows_of(boss)
    assert (found["reply-1"].answered, found["reply-2"].answered) == (1, 1)
    assert (found["reply-1"].qualified, found["reply-2"].qualified) == (1, 0)
    assert (found["reply-1"].booked, found["reply-2"].booked) == (0, 1)
    assert found["reply-1"].opted_out == found["reply-2"].opted_out == 0


def test_an_outcome_long_after_the_answer_belongs_to_nobody(boss: User) -> None:
    lead = LeadFactory()
    answered(lead=lead, days_ago=20)
    happens(lead, "lead.opted_out", days_ago=5)
    assert rows_of(boss)["reply-2"].opted_out == 0


def test_complaints_and_hand_offs_are_read_from_the_turns_as_well(boss: User) -> None:
    lead = LeadFactory()
    answered(lead=lead, days_ago=2)
    turn = answered(lead=lead, version="builtin-1", intent="complaint").turn
    Turn.objects.filter(pk=turn.pk).update(goal="hand_off")
    other = LeadFactory()
    answered(lead=other, days_ago=2)
    happens(other, "contact.complained")
    happens(other, "conversation.handed_off")
    found = rows_of(boss)
    assert (found["reply-2"].complained, found["reply-2"].handed_off) == (2, 2)
    assert (found["builtin-1"].complained, found["builtin-1"].handed_off) == (0, 0)


def test_only_what_reached_the_lead_counts_as_answered(boss: User) -> None:
    answered(state="cancelled", sent_at=None)
    answered(state="draft", sent_at=None)
    answered(author="person")
    assert rows_of(boss) == {}


def test_no_rate_of_fewer_than_twenty_and_every_number_opens_its_talks(
    boss: User, client: Client
) -> None:
    for number in range(21):
        lead = LeadFactory()
        answered(lead=lead, version="reply-1", days_ago=2)
        if number < 7:
            happens(lead, "lead.qualified", days_ago=1)
        if number < 19:
            answered(lead=lead, version="reply-2", days_ago=0.5)
    happens(lead, "lead.opted_out")
    found = rows_of(boss)
    assert (found["reply-1"].answered, found["reply-1"].rates["qualified"]) == (21, 33)
    assert found["reply-2"].answered == 19
    assert set(found["reply-2"].rates.values()) == {None}
    for writer in client.get("/admin/proof/").context["writers"]:
        assert rows_at(client, writer["answered"]) == writer["row"].answered
        for one in writer["cells"]:
            assert rows_at(client, one["link"]) == one["cell"].count


def test_an_empty_installation_says_what_to_do(client: Client) -> None:
    page = client.get("/admin/proof/").content.decode()
    assert "No draft was decided yet" in page
    assert "No answer of the AI reached a lead" in page
    assert (
        "No draft is like that" in client.get("/admin/proof/drafts/").content.decode()
    )
    talks = client.get("/admin/proof/talks/?version=%3Cb%3E&outcome=x&page=x")
    assert "&lt;b&gt;" in talks.content.decode()


def test_the_page_s_queries_do_not_grow_with_the_drafts(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        lead = LeadFactory(name=f"Lead {number}")  # a name needs no look-up
        intent = ("question", "other")[number % 2]
        decided("edited", lead=lead, would=True, intent=intent)
    client.get("/admin/proof/")
    for path in ("", "drafts/", "talks/?version=reply-2&model=model-1"):
        with django_assert_max_num_queries(30):
            client.get(f"/admin/proof/{path}")


def test_what_leads_and_drafts_say_is_escaped(client: Client) -> None:
    lead = LeadFactory(name="<script>alert(1)</script>")
    decided("edited", lead=lead, would=True, body="<img src=x>", asked="<b>hi</b>")
    for path in ("", "drafts/", "talks/?version=reply-2&model=model-1"):
        page = client.get(f"/admin/proof/{path}").content.decode()
        assert "&lt;script&gt;alert(1)" in page or path == ""
        for word in ("<script>alert(1)", "<img src=x>", "<b>hi</b>"):
            assert word not in page


words = st.text(st.characters(codec="utf-8"), max_size=60)


@given(before=words, after=words)
def test_a_diff_holds_both_texts_to_the_letter(before: str, after: str) -> None:
    runs = word_diff(before, after)
    assert "".join(r.text for r in runs if r.kind != "added") == before
    assert "".join(r.text for r in runs if r.kind != "removed") == after


def test_a_discarded_draft_is_struck_out_whole() -> None:
    message = Message(body="It costs 29 USD.", details={"decision": "discarded"})
    assert [run.kind for run in proving.runs_of(message)] == ["removed"]
