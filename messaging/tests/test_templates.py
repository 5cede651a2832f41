"""Prepared answers: what is put in, what stays open, who is offered which."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from leads.seeding import ensure_ground
from leads.tests.factories import ContactPointFactory, LeadContactFactory
from messaging import templating, writing
from messaging.demo.cast import make_cast
from messaging.demo.leaving import leave_demo
from messaging.models import Message, Profile, Template
from messaging.queueing import Refused
from messaging.templating import Unusable, check, marks_in, pieces, render
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in

ADD = "/admin/messaging/template/add/"


@pytest.fixture
def world(db: None) -> Any:
    return office()


def template(
    name: str = "Hello", body: str = "Hi {{ first_name }}", **more: Any
) -> Any:
    return Template.objects.create(name=name, body=body, **more)


def picker(client: Client, world: Any, **query: str) -> HttpResponse:
    url = reverse("inbox_answers", args=[world.talk.public_id])
    return client.get(url, {"kind": "sms", **query}, **FRAGMENT)


def offered(client: Client, world: Any, **query: str) -> list[str]:
    return [
        one.template.name for one in picker(client, world, **query).context["answers"]
    ]


# --- the words ---------------------------------------------------------------


def test_names_become_values() -> None:
    values = {"first_name": "Dana", "our_company": "Alder Desks"}
    found = render("Hi {{first_name}}, {{  our_company }} here", values=values)
    assert found.text == "Hi Dana, Alder Desks here"
    assert found.missing == ()


def test_a_name_without_a_value_stays_as_a_mark_and_is_named_once() -> None:
    found = render(
        "{{ company }} and {{ company }}, {{ name }}", values={"company": ""}
    )
    assert found.text == "[company?] and [company?], [name?]"
    assert found.missing == ("company", "name")


def test_a_value_is_never_read_as_a_template() -> None:
    found = render(
        "Hi {{ name }}", values={"name": "{{ our_phone }}", "our_phone": "1"}
    )
    assert found.text == "Hi {{ our_phone }}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ settings.SECRET_KEY }}",
        "{{ first_name|upper }}",
        "{{ firstname }}",
        "{{ }}",
        "{% load static %}",
        "{{ first_name",
        "first_name }}",
        "{{ name {{ name }}",
    ],
)
def test_what_is_no_known_name_cannot_be_saved(text: str) -> None:
    with pytest.raises(Unusable):
        check(text)


def test_the_refusal_names_what_is_unknown_and_what_is_known() -> None:
    with pytest.raises(Unusable, match=r"There is no \{\{ firstname \}\}.*first_name"):
        check("Hi {{ firstname }}")


@given(st.text(max_size=200))
def test_any_text_is_filled_in_and_whole_again_in_pieces(text: str) -> None:
    filled = render(text, values={}).text
    assert "".join(piece.text for piece in pieces(filled)) == filled


def test_marks_are_those_of_names_only() -> None:
    assert marks_in("Hi [first_name?], [really?] [name?]", "[first_name?]") == [
        "[first_name?]",
        "[name?]",
    ]
    assert marks_in("as {{ name }} says") == ["{{ name }}"]


def test_the_values_are_those_of_this_lead_this_person_and_our_profile(
    world: Any,
) -> None:
    Profile.objects.update_or_create(
        pk=1, defaults={"name": "Alder Desks", "phone": "+14155550190"}
    )
    email = ContactPointFactory(kind="email", value="dana@example.com")
    LeadContactFactory(lead=world.lead, contact_point=email)
    world.ana.last_name = "Moreno"
    values = templating.values_for(conversation=world.talk, user=world.ana)
    assert values["name"] == "Dana Reyes"
    assert values["first_name"] == "Dana"
    assert values["email"] == "dana@example.com"
    assert values["phone"] == "+14155550123"
    assert values["my_name"] == "Ana Moreno"
    assert values["our_company"] == "Alder Desks"
    assert values["our_phone"] == "+14155550190"
    assert set(values) == set(templating.NAMES)


def test_a_profile_that_nobody_filled_in_names_no_company(world: Any) -> None:
    assert templating.our_values()["our_company"] == ""


def test_a_mail_address_that_was_only_mentioned_is_no_value(world: Any) -> None:
    email = ContactPointFactory(kind="email", value="boss@example.com")
    LeadContactFactory(lead=world.lead, contact_point=email, known_by="proposal")
    values = templating.values_for(conversation=world.talk, user=world.ana)
    assert values["email"] == ""


# --- the picker --------------------------------------------------------------


def test_an_answer_is_shown_filled_in_for_this_lead(world: Any) -> None:
    template(body="Hi {{ first_name }} of {{ company }}")
    page = picker(signed_in(world.ana), world).content.decode()
    assert "Hi Dana of" in page
    assert '<mark class="ib-mark">[company?]</mark>' in page
    assert "Not known of this lead: [company?]" in page


def test_everybodys_and_the_own_teams_are_offered_nearest_first(world: Any) -> None:
    template("Everybody")
    template("North", team=world.team)
    template("South", team=world.other)
    assert offered(signed_in(world.ana), world) == ["North", "Everybody"]
    assert offered(signed_in(world.ben), world) == ["North", "Everybody"]
    assert picker(signed_in(world.cleo), world).status_code == 404


def test_somebody_who_sees_all_is_offered_all(world: Any) -> None:
    template("North", team=world.team)
    template("South", team=world.other)
    mia = rep("mia", world.other, reach="all", role="manager")
    assert offered(signed_in(mia), world) == ["North", "South"]


def test_only_what_suits_the_channel_and_is_in_use_is_offered(world: Any) -> None:
    template("Any")
    template("Text", kind="sms")
    template("Mail", kind="email")
    template("Old", active=False)
    ana = signed_in(world.ana)
    assert offered(ana, world) == ["Any", "Text"]
    assert offered(ana, world, kind="email") == ["Any", "Mail"]


def test_search_finds_every_word_in_name_or_text(world: Any) -> None:
    template("Prices", body="A seat is 310")
    template("Hours", body="We open at 8")
    ana = signed_in(world.ana)
    assert offered(ana, world, q="seat price") == ["Prices"]
    assert "Nothing matches “zebra”." in picker(ana, world, q="zebra").content.decode()


def test_without_any_the_picker_says_what_to_do(world: Any) -> None:
    rep_sees = picker(signed_in(world.ana), world).content.decode()
    assert "A manager can write them for your team." in rep_sees
    mia = rep("mia", world.team, role="manager")
    assert ADD in picker(signed_in(mia), world).content.decode()


def test_putting_one_in_is_counted_and_gives_the_words(world: Any) -> None:
    one = template(subject="For {{ name }}", kind="email")
    url = reverse("inbox_answer_use", args=[world.talk.public_id, one.pk])
    answer = signed_in(world.ana).post(url, **FRAGMENT).json()
    assert answer == {"body": "Hi Dana", "subject": "For Dana Reyes"}
    one.refresh_from_db()
    assert one.used == 1


@pytest.mark.parametrize("case", ["other team", "switched off", "only reads", "get"])
def test_one_that_is_not_offered_cannot_be_put_in(world: Any, case: str) -> None:
    one = template(
        team=world.other if case == "other team" else None,
        active=case != "switched off",
    )
    user = rep("rea", world.team, role="read-only") if case == "only reads" else None
    client = signed_in(user or world.ana)
    url = reverse("inbox_answer_use", args=[world.talk.public_id, one.pk])
    ask = client.get if case == "get" else client.post
    status = {"only reads": 403, "get": 405}.get(case, 404)
    assert ask(url, **FRAGMENT).status_code == status
    one.refresh_from_db()
    assert one.used == 0


# --- sending -----------------------------------------------------------------


@pytest.mark.parametrize("words", ["Hi [first_name?]", "Hi {{ first_name }}"])
def test_nothing_is_sent_while_a_mark_is_inside(world: Any, words: str) -> None:
    with pytest.raises(Refused, match="fill in"):
        writing.send_as_person(
            conversation=world.talk, user=world.ana, kind="sms", body=words
        )
    url = reverse("inbox_send", args=[world.talk.public_id])
    answer = signed_in(world.ana).post(url, {"kind": "sms", "body": words}, **FRAGMENT)
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("fill in")
    assert not Message.objects.filter(author="person").exists()


def test_a_question_in_brackets_is_no_mark(world: Any) -> None:
    sent = writing.send_as_person(
        conversation=world.talk, user=world.ana, kind="sms", body="40 [or 60?] seats"
    )
    assert sent.body == "40 [or 60?] seats"


# --- the page of managers ----------------------------------------------------


@pytest.fixture
def mia(world: Any) -> Client:
    return signed_in(rep("mia", world.team, role="manager"))


def save(client: Client, **values: str) -> HttpResponse:
    given = {"name": "Hello", "body": "Hi", "subject": "", "kind": "", "active": "on"}
    return client.post(ADD, {**given, **values})


def test_a_manager_writes_one_for_the_team(world: Any, mia: Client) -> None:
    assert (
        save(mia, team=str(world.team.pk), body="Hi\r\n{{ name }}").status_code == 302
    )
    one = Template.objects.get()
    assert (one.team, one.body) == (world.team, "Hi\n{{ name }}")
    page = mia.get(reverse("admin:messaging_template_change", args=[one.pk]))
    assert "Dana Reyes" in page.content.decode()


def test_an_unknown_name_is_refused_in_clear_words(mia: Client) -> None:
    page = save(mia, body="Hi {{ firstname }}")
    assert page.status_code == 200
    assert "There is no {{ firstname }}." in page.content.decode()
    page = save(mia, subject="{{ settings.SECRET_KEY }}")
    assert "There is no {{ settings.SECRET_KEY }}." in page.content.decode()
    assert not Template.objects.exists()


def test_a_second_one_of_the_same_name_is_refused(world: Any, mia: Client) -> None:
    for team in ("", str(world.team.pk)):
        assert save(mia, team=team).status_code == 302
        page = save(mia, team=team)
        assert "There is already an answer of this name." in page.content.decode()
    assert Template.objects.count() == 2


def test_another_teams_answers_are_neither_seen_nor_written(
    world: Any, mia: Client
) -> None:
    theirs = template("South", team=world.other)
    listed = mia.get("/admin/messaging/template/").content.decode()
    assert "South" not in listed
    change = reverse("admin:messaging_template_change", args=[theirs.pk])
    assert mia.get(change).status_code == 302
    assert save(mia, team=str(world.other.pk)).status_code == 200
    assert Template.objects.count() == 1


def test_a_rep_reads_the_list_and_cannot_change_it(world: Any) -> None:
    one = template()
    client = signed_in(world.ana)
    assert "Hello" in client.get("/admin/messaging/template/").content.decode()
    assert client.get(ADD).status_code == 403
    change = reverse("admin:messaging_template_change", args=[one.pk])
    assert client.post(change, {"name": "x", "body": "x"}).status_code == 403


def test_an_empty_list_says_what_to_do_and_the_menu_leads_there(mia: Client) -> None:
    page = mia.get("/admin/messaging/template/").content.decode()
    assert "Write what your team answers often once" in page
    assert "Prepared answers" in page


# --- the demo ----------------------------------------------------------------


def test_the_demo_brings_three_and_takes_them_along_unless_somebody_rewrote_one(
    db: None,
) -> None:
    ensure_ground()
    make_cast()
    assert Template.objects.count() == 3
    for one in Template.objects.all():
        check(one.body)
        check(one.subject)
    Template.objects.filter(name="Opening hours").update(body="We open at 9.")
    assert leave_demo(actor="system").answers == 2
    assert [one.name for one in Template.objects.all()] == ["Opening hours"]
