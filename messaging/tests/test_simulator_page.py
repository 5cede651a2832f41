"""The simulator's page: who may, what it sends, what it shows."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from leads import clock, policy
from leads.models import ContactPoint, Lead, Team
from leads.tests.factories import LeadFactory
from leads.work import run_due
from messaging.models import Conversation, Message, Turn
from messaging.simulator.people import TooManyPeople, everybody, next_person
from messaging.simulator.playing import NotPlayable, Saying, last_saying, play
from messaging.tests.inbox_world import FRAGMENT, rep, signed_in

pytestmark = pytest.mark.django_db
SEND = "/admin/simulator/send/"


@pytest.fixture
def ana():
    return rep("ana", Team.objects.create(name="North"))


@pytest.fixture
def web(ana):
    return signed_in(ana)


def post(web, **fields):
    return web.post(SEND, {"kind": "sms", "clock": "10:42", **fields}, **FRAGMENT)


def later():
    with clock.shifted(timedelta(seconds=5)):
        run_due()


def test_the_empty_page_says_what_to_do_and_that_nothing_leaves(web):
    html = web.get(reverse("simulator")).content.decode()
    assert "No text or email leaves from here." in html
    assert "Text us as a lead" in html
    assert "Dana Reyes, new" in html
    for chip in ("price?", "call Tue 3pm", "a bot?", "90% off?", "STOP", "5 at once"):
        assert chip in html


def test_strangers_are_sent_to_sign_in(client):
    assert client.get(reverse("simulator")).status_code == 302
    assert client.post(SEND).status_code == 302


def test_who_may_only_read_sees_the_page_but_cannot_write(ana):
    reader = rep("rita", Team.objects.get(name="North"), role="read-only")
    web = signed_in(reader)
    page = web.get(reverse("simulator")).content.decode()
    assert "Your role may look here, not write." in page
    assert post(web, text="hi").status_code == 403
    assert not Message.objects.exists()


def test_a_text_becomes_a_named_lead_of_the_player_in_the_players_team(web, ana):
    answer = post(web, text="We need 40 seats")
    lead = Lead.objects.get()
    assert answer.status_code == 200
    assert (lead.name, lead.owner, lead.team) == ("Dana Reyes", ana, ana.teams.get())
    assert lead.simulated
    assert str(lead.conversation.public_id) in answer.content.decode()


def test_the_request_only_brings_the_message_in_and_a_worker_answers(web):
    post(web, text="We need 40 seats")
    assert Message.objects.count() == 1
    assert Turn.objects.get().state == "waiting"
    later()
    assert Message.objects.filter(direction="outbound", state="sent").count() == 1


def test_the_player_with_the_shortest_reach_still_sees_the_talk():
    olga = rep("olga", Team.objects.create(name="South"), reach="own")
    post(signed_in(olga), text="hi")
    assert Conversation.objects.visible_to(olga).count() == 1


def test_another_teams_simulated_talk_is_not_found(web):
    post(web, text="hi")
    talk = Conversation.objects.get()
    cleo = signed_in(rep("cleo", Team.objects.create(name="South")))
    assert cleo.get(reverse("simulator_talk", args=[talk.public_id])).status_code == 404
    assert post(cleo, text="x", conversation=str(talk.public_id)).status_code == 404


def test_a_real_lead_cannot_be_played(web, ana):
    lead = LeadFactory(team=ana.teams.get())
    talk = Conversation.objects.create(lead=lead)
    assert post(web, text="x", conversation=str(talk.public_id)).status_code == 404
    with pytest.raises(NotPlayable):
        play(user=ana, saying=Saying("sms", ("x",)), conversation=talk)


def test_five_at_once_become_one_answer(web):
    post(web, chip="burst")
    assert Message.objects.filter(direction="inbound").count() == 5
    assert Turn.objects.count() == 1
    later()
    assert Message.objects.filter(direction="outbound").count() == 1


def test_text_and_mail_of_one_person_are_one_lead(web):
    post(web, text="hi")
    talk = str(Conversation.objects.get().public_id)
    post(web, text="now by mail", kind="email", subject="Seats", conversation=talk)
    assert Lead.objects.count() == 1
    assert {m.kind for m in Message.objects.filter(direction="inbound")} == {
        "sms",
        "email",
    }


def test_an_empty_text_is_refused_in_words(web):
    answer = post(web, text="   ")
    assert answer.status_code == 409
    assert "Write something first" in answer.json()["error"]


@pytest.mark.parametrize("fields", [{"kind": "fax"}, {"clock": "25:99"}])
def test_forged_fields_are_refused_and_take_no_number(web, fields):
    assert post(web, text="hi", **fields).status_code == 409
    assert not Message.objects.exists()


def test_answer_now_ends_the_wait(web):
    post(web, text="We need 40 seats")
    talk = Conversation.objects.get()
    html = web.get(reverse("simulator_update", args=[talk.public_id]))
    assert "waiting for more texts" in html.content.decode()
    web.post(reverse("simulator_now", args=[talk.public_id]), **FRAGMENT)
    run_due()
    assert Message.objects.filter(direction="outbound", state="sent").exists()


def test_the_page_looks_again_only_while_something_is_open(web):
    def is_open(talk):
        url = reverse("simulator_update", args=[talk.public_id])
        html = web.get(url).content.decode()
        return re.search(r'data-open="(1?)"', html)[1] == "1"

    post(web, text="We need 40 seats")
    talk = Conversation.objects.get()
    assert is_open(talk)
    later()
    assert not is_open(talk)


def test_same_at_ten_in_the_evening_is_a_new_person_with_the_same_words(web):
    post(web, text="We need 40 seats")
    later()
    talk = str(Conversation.objects.get().public_id)
    policy.change(actor="system", night_reply_minutes=0)
    post(web, conversation=talk, again="22:00")
    later()
    bodies = Message.objects.filter(direction="inbound").values_list("body", flat=True)
    held = Message.objects.get(state="held")
    assert list(bodies) == ["We need 40 seats"] * 2
    assert Lead.objects.count() == 2
    assert "22:00 there" in held.reason


def test_again_says_the_whole_burst_once_more(web, ana):
    post(web, chip="burst")
    talk = Conversation.objects.get()
    assert len(last_saying(talk).texts) == 5


def test_the_phone_shows_the_leads_own_time(web):
    post(web, text="hi", clock="22:00")
    talk = Conversation.objects.get()
    page = web.get(reverse("simulator_talk", args=[talk.public_id]))
    assert "22:00" in page.context["bubbles"][0][1]
    assert page.context["their_time"] == "22:00"


def test_the_phone_never_calls_a_simulated_message_sent(web):
    post(web, text="We need 40 seats")
    later()
    talk = Conversation.objects.get()
    html = web.get(reverse("simulator_talk", args=[talk.public_id])).content
    screen = html.decode().split('id="sim-screen"')[1].split("sim-write")[0]
    assert "simulated" in screen
    assert not re.search(r"\bsent\b", screen)


def test_notes_and_what_was_taken_back_are_not_on_the_phone(web, ana):
    from messaging.writing import add_note

    post(web, text="hi")
    talk = Conversation.objects.get()
    add_note(conversation=talk, user=ana, body="only for us")
    html = web.get(reverse("simulator_talk", args=[talk.public_id])).content
    assert "only for us" not in html.decode()


def test_switching_the_ai_off_is_for_this_talk_only(web):
    post(web, text="hi")
    talk = Conversation.objects.get()
    web.post(reverse("simulator_ai", args=[talk.public_id]), **FRAGMENT)
    talk.refresh_from_db()
    assert talk.mode == "off"
    web.post(reverse("simulator_ai", args=[talk.public_id]), **FRAGMENT)
    talk.refresh_from_db()
    assert talk.mode == ""


def test_a_plain_form_without_script_comes_back_to_the_talk(web):
    answer = web.post(SEND, {"kind": "sms", "clock": "10:42", "text": "hi"})
    talk = Conversation.objects.get()
    assert answer.url == reverse("simulator_talk", args=[talk.public_id])


def test_nobody_is_played_twice_and_all_numbers_are_fictional():
    people = list(everybody())
    assert len({p.phone for p in people}) == len({p.email for p in people}) == 600
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", p.phone) for p in people)
    assert all(p.email.endswith("@example.com") for p in people)


def test_when_all_numbers_are_taken_the_words_say_what_to_do(ana):
    ContactPoint.objects.bulk_create(
        ContactPoint(kind="phone", value=p.phone, simulated=True) for p in everybody()
    )
    assert next_person() is None
    with pytest.raises(TooManyPeople, match="play an earlier person"):
        play(user=ana, saying=Saying("sms", ("hi",)))


class Elsewhere:
    """A language model that is set up."""

    name = "gpt-6-luna"
    author = "ai"

    def is_configured(self):
        return True


@pytest.mark.parametrize(
    ("models", "name", "words"),
    [
        (["messaging.agent.builtin.BuiltinModel"], "✦ Built-in", "without a key"),
        ([f"{__name__}.Elsewhere"], "✦ gpt-6-luna", "first model that is set up"),
        ([], "no model", "A person answers"),
    ],
)
def test_the_page_says_in_words_which_model_answers(web, settings, models, name, words):
    settings.LANGUAGE_MODELS = models
    html = web.get(reverse("simulator")).content.decode()
    said = re.search(
        r'<p class="sim-field" title="([^"]*)">.*?<b>(.*?)</b>', html, re.S
    )
    assert said[2] == name
    assert words in said[1]
