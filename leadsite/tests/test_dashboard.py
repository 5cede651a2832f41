"""Today: every number is counted from rows, opens them, and says what it means."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from leads import clock
from leads.models import Event, Suppression, UsageRecord
from leads.opt_outs import sign_none
from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    LeadFactory,
    MembershipFactory,
    TeamFactory,
)
from leadsite.accounts import DEMO_GROUP
from leadsite.admin_site import where_messages_go
from leadsite.dashboard_chart import chart
from leadsite.dashboard_strip import Period, short_time, strip
from leadsite.setup_steps import setup_steps
from messaging import measures, proving
from messaging.measures import InboundDay, Speed
from messaging.models import Conversation, Message, Profile, Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> User:
    user = User.objects.create_superuser("boss", first_name="Bo")
    client.force_login(user)
    return user


def talk(**values: object) -> Conversation:
    lead = values.pop("lead", None) or LeadFactory(name="Dana Reyes")
    return Conversation.objects.create(lead=lead, **values)


def wrote(conversation: Conversation, at: datetime, **values: object) -> Message:
    values = {"kind": "sms", **values}
    return Message.objects.create(
        conversation=conversation, direction="inbound", author="lead",
        state="received", body="Hi", occurred_at=at, **values,
    )  # fmt: skip


def said(conversation: Conversation, at: datetime, **values: object) -> Message:
    values = {"state": "sent", "author": "builtin", **values}
    return Message.objects.create(
        conversation=conversation, direction="outbound", kind="sms", body="Hello",
        occurred_at=at, sent_at=at, **values,
    )  # fmt: skip


def numbers_of(user: User) -> dict[str, object]:
    return {number.label: number for number in strip(user, Period.today())}


def context(client: Client) -> dict[str, object]:
    return client.get("/admin/").context


def test_an_empty_installation_says_what_to_do(client: Client, boss: User) -> None:
    page = client.get("/admin/").content.decode()
    for words in (
        "No one has written yet.",
        "0 of 8 done",
        "not yet",
        "No draft was decided yet.",
        "No lead has a score yet.",
    ):
        assert words in page, words


def test_as_of_is_told_in_the_company_s_time(boss: User) -> None:
    Profile.objects.create(pk=1, time_zone="America/New_York")
    with clock.at(datetime(2026, 3, 2, 15, 43, tzinfo=UTC)):
        assert Period.today().as_of == "as of 10:43, New York time"
    Profile.objects.update(time_zone="UTC")
    with clock.at(datetime(2026, 3, 2, 10, 43, tzinfo=UTC)):
        assert Period.today().as_of == "as of 10:43, UTC"


def test_a_day_begins_at_the_company_s_midnight_also_when_clocks_change() -> None:
    Profile.objects.create(pk=1, time_zone="Europe/Berlin")
    with clock.at(datetime(2026, 3, 30, 9, 0, tzinfo=UTC)):
        period = Period.today()
    assert period.start == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert period.before == datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


def test_new_leads_are_counted_beside_yesterday_s(boss: User) -> None:
    with clock.at(datetime(2026, 3, 2, 15, 0, tzinfo=UTC)):
        now = clock.now()
        for hours in (1, 2, 20, 30, 60):
            LeadFactory(created_at=now - timedelta(hours=hours))
        found = numbers_of(boss)["New leads"]
    assert (found.value, found.note) == ("2", "yesterday 2")


def test_first_answers_are_split_by_who_gave_them(boss: User) -> None:
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    for seconds in (4, 6, 20):
        conversation = talk()
        wrote(conversation, start)
        said(conversation, start + timedelta(seconds=seconds))
        said(conversation, start + timedelta(days=14))
    approved = talk()
    wrote(approved, start)
    said(approved, start + timedelta(minutes=7), approved_by=boss)
    person = talk()
    wrote(person, start)
    said(person, start + timedelta(seconds=1), state="cancelled")
    said(person, start + timedelta(seconds=2), author="system")
    said(person, start + timedelta(minutes=3), author="person", user=boss)
    found = measures.first_answers(
        since=start, until=start + timedelta(days=1), user=boss
    )
    assert found.ai == Speed(3, 6, 20)
    assert found.person == Speed(2, 300, 420)


def test_only_talks_that_began_in_the_time_are_measured(boss: User) -> None:
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    old = talk()
    wrote(old, start - timedelta(days=2))
    wrote(old, start)
    said(old, start + timedelta(seconds=5))
    found = measures.first_answers(
        since=start, until=start + timedelta(days=1), user=boss
    )
    assert found.ai == Speed(0, None, None)


def test_no_first_answer_reads_not_yet_instead_of_nought(boss: User) -> None:
    assert numbers_of(boss)["AI answers in"].value == "not yet"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (4.2, "4 s"), (125, "2 min"), (3600, "1 h"), (3900, "1 h 5 min"),
        (200_000, "2 d"),
    ],
)  # fmt: skip
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert short_time(seconds) == words


def test_an_address_of_two_leads_is_opted_out_once(boss: User) -> None:
    point = ContactPointFactory()
    for _ in range(2):
        LeadContactFactory(contact_point=point)
    Suppression.objects.create(
        contact_point=point, channel="sms", reason="stop", actor="lead",
        since=clock.now(),
    )  # fmt: skip
    assert numbers_of(boss)["Opted out"].value == "1"


def test_the_ai_s_spend_is_added_up_from_its_records(boss: User) -> None:
    lead = LeadFactory()
    for micro in (400_000, 36_000, None):
        UsageRecord.objects.create(lead=lead, service="openai", what="x", micro=micro)
    UsageRecord.objects.create(lead=lead, service="twilio", what="x", micro=9_000_000)
    assert numbers_of(boss)["AI spend"].value == "$0.44"


def test_a_rep_s_dashboard_counts_only_the_rep_s_leads(client: Client) -> None:
    ours, theirs = TeamFactory(), TeamFactory()
    rep = MembershipFactory(team=ours).user
    for team, name in ((ours, "Our Lead"), (theirs, "Foreign Lead")):
        lead = LeadFactory(team=team, name=name, score=80)
        conversation = talk(lead=lead, turn="needs_you", turn_reason=f"{name} waits")
        wrote(conversation, clock.now())
    client.force_login(rep)
    page = client.get("/admin/")
    words = page.content.decode()
    assert "Our Lead waits" in words
    assert "Foreign" not in words
    assert page.context["equation"].received == 1
    assert page.context["needs_you"] == 1
    assert [row["lead"].name for row in page.context["hottest"]] == ["Our Lead"]
    assert sum(day.texts for day in page.context["days"]) == 1
    assert numbers_of(rep)["New leads"].value == "1"


def test_the_queue_shows_five_rows_hot_first_and_all_in_its_count(
    client: Client, boss: User
) -> None:
    for score in (10, 20, 30, 40, 50, 60, 95):
        talk(lead=LeadFactory(score=score), turn="needs_you", waiting_since=clock.now())
    shown = context(client)
    assert len(shown["waiting"]) == 5
    assert shown["waiting"][0]["talk"].lead.score == 95
    assert shown["needs_you"] == 7


def test_each_part_of_the_sum_opens_exactly_its_rows(
    client: Client, boss: User
) -> None:
    now = clock.now()
    answered = talk()
    wrote(answered, now)
    said(answered, now)
    on_the_way = talk()
    wrote(on_the_way, now)
    said(on_the_way, now, state="queued")
    wrote(talk(), now)
    for _ in range(2):
        wrote(talk(), now, details={"opt_out": "stop"})
    shown = context(client)
    equation, parts = shown["equation"], shown["parts"]
    expected = {
        "received": equation.received,
        "answered": equation.answered,
        "on_the_way": equation.on_the_way,
        "with_person": equation.with_person,
        "set_aside": equation.set_aside,
    }
    opened = {
        name: client.get(parts[name]).context["cl"].result_count for name in expected
    }
    assert opened == expected
    assert expected == {
        "received": 5, "answered": 2, "on_the_way": 1, "with_person": 1, "set_aside": 2,
    }  # fmt: skip


def test_simulated_and_demo_talks_leave_the_sum_once_texts_are_live(
    client: Client, boss: User, settings: object
) -> None:
    wrote(talk(), clock.now(), simulated=True)
    wrote(talk(), clock.now())
    assert context(client)["equation"].received == 2
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = "x"
    settings.TWILIO_PHONE_NUMBER = "+14155550100"
    shown = context(client)
    assert shown["equation"].received == 1
    opened = client.get(shown["parts"]["received"]).context["cl"]
    assert opened.result_count == 1


def test_a_number_of_the_strip_opens_exactly_its_rows(
    client: Client, boss: User
) -> None:
    with clock.at(datetime(2026, 3, 2, 15, 0, tzinfo=UTC)):
        now = clock.now()
        for author in ("builtin", "builtin", "person"):
            conversation = talk()
            wrote(conversation, now - timedelta(hours=1))
            said(conversation, now - timedelta(minutes=50), author=author)
        wrote(talk(), now)
        LeadContactFactory(contact_point=(point := ContactPointFactory()))
        for days in (0, 3):
            Suppression.objects.create(
                contact_point=point, channel="sms" if days else "email", reason="stop",
                actor="lead", since=now - timedelta(days=days),
            )  # fmt: skip
        for micro, days in ((5, 0), (7, 2)):
            UsageRecord.objects.create(
                service="openai", what="x", micro=micro, lead=LeadFactory(),
                occurred_at=now - timedelta(days=days),
            )  # fmt: skip
        found = numbers_of(boss)
        opened = {
            label: client.get(str(number.link)).context["cl"].result_count
            for label, number in found.items()
            if label in ("AI answers in", "People answer in", "Opted out")
        }
        spent = client.get(str(found["AI spend"].link)).context["cl"].result_count
    assert opened == {"AI answers in": 2, "People answer in": 1, "Opted out": 1}
    assert spent == 1


def test_a_number_is_no_link_for_who_may_not_see_its_rows() -> None:
    nobody = User.objects.create_user("plain", is_staff=True)
    assert numbers_of(nobody)["Opted out"].link is None


def test_drafts_are_counted_by_what_people_made_of_them(boss: User) -> None:
    conversation = talk()
    message = wrote(conversation, clock.now())
    turn = Turn.objects.create(
        conversation=conversation, last_inbound=message, state="done"
    )
    decisions = ["as_written"] * 41 + ["edited"] * 6 + ["discarded"] * 3
    said(conversation, clock.now(), turn=turn, details={"decision": "discarded"})
    for decision in decisions:
        said(conversation, clock.now(), turn=turn, details={"decision": decision})
    said(conversation, clock.now(), turn=turn, details={"decision": "asked_again"})
    said(conversation, clock.now(), state="draft", turn=turn)
    record = proving.record_of(proving.drafts(user=boss, most=proving.LAST))
    assert (record.as_written, record.edited, record.discarded) == (41, 6, 3)
    assert record.decided == 50


def test_the_chart_has_fourteen_days_with_the_empty_ones(boss: User) -> None:
    today = date(2026, 3, 2)
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    wrote(talk(), noon)
    wrote(talk(), noon - timedelta(days=13), kind="email")
    wrote(talk(), noon - timedelta(days=14))
    days = measures.inbound_days(today=today, days=14, user=boss)
    assert len(days) == 14
    assert days[-1] == InboundDay(today, 1, 0)
    assert days[0] == InboundDay(date(2026, 2, 17), 0, 1)
    drawn = chart(days)
    data, options = json.loads(drawn["data"]), json.loads(drawn["options"])
    assert data["labels"][0] == "17 Feb"
    assert [len(bars["data"]) for bars in data["datasets"]] == [14, 14]
    assert options["scales"]["y"]["display"] and options["plugins"]["legend"]["display"]
    assert options["maxBarThickness"] >= 20


def test_the_chart_stands_as_a_table_too(client: Client, boss: User) -> None:
    page = client.get("/admin/").content.decode()
    assert page.count('<th scope="row">') == 14


def done_steps() -> list[str]:
    return [s.key for s in setup_steps(where=where_messages_go()) if s.done]


def test_the_set_up_card_reads_its_steps_from_the_data(
    client: Client, boss: User, settings: object
) -> None:
    assert done_steps() == []
    lead = LeadFactory(simulated=True)
    conversation = talk(lead=lead)
    wrote(conversation, clock.now(), simulated=True)
    assert done_steps() == ["lead"]
    for kind in ("conversation.taken_over", "answer.explained"):
        Event.objects.create(
            lead=lead, kind=kind, actor="user:1", occurred_at=clock.now()
        )
    wrote(conversation, clock.now(), simulated=True, details={"opt_out": "stop"})
    assert done_steps() == ["lead", "take_over", "why", "stop"]
    Profile.objects.create(pk=1, updated_at=clock.now())
    User.objects.create_user("ben", is_staff=True)
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = "x"
    assert "phone" not in done_steps()
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG1"
    assert "opt_outs" not in done_steps()
    sign_none(channel="sms", name="Ana Ruiz", actor="user:1")
    assert len(done_steps()) == 8
    assert "ls-setup" not in client.get("/admin/").content.decode()


def test_demo_data_does_not_tick_the_set_up_steps(boss: User) -> None:
    lead = LeadFactory(demo=True)
    wrote(talk(lead=lead), clock.now(), simulated=True, details={"opt_out": "stop"})
    Event.objects.create(
        lead=lead, kind="conversation.taken_over", actor="x", occurred_at=clock.now()
    )
    Profile.objects.create(pk=1, demo=True, updated_at=clock.now())
    demo = User.objects.create_user("ana", is_staff=True)
    demo.groups.add(Group.objects.get_or_create(name=DEMO_GROUP)[0])
    assert done_steps() == []


def test_names_and_words_of_leads_are_escaped(client: Client, boss: User) -> None:
    lead = LeadFactory(name="<script>alert(1)</script>", score=90)
    conversation = talk(lead=lead, turn="needs_you", turn_reason="<b>hi</b>")
    conversation.last_message = wrote(conversation, clock.now())
    conversation.last_message.body = "<img src=x>"
    conversation.last_message.save()
    conversation.save()
    page = client.get("/admin/").content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>hi</b>" not in page
    assert "<img src=x>" not in page


def test_the_dashboard_s_queries_do_not_grow_with_the_data(
    client: Client, boss: User, django_assert_max_num_queries: object
) -> None:
    for number in range(12):
        conversation = talk(
            lead=LeadFactory(name=f"Lead {number}", score=80), turn="needs_you"
        )
        wrote(conversation, clock.now())
    client.get("/admin/")
    with django_assert_max_num_queries(50):
        client.get("/admin/")
