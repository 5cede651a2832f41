"""The link in our mail: a lead leaves with one click, and a scanner does not."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from leads import clock, consent
from leads.models import Consent, Event, Suppression
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging.addressing import BadToken, preference_token
from messaging.letters import LANGUAGES, letter_words
from messaging.models import Conversation, Message, Turn
from messaging.queueing import Refused
from messaging.sending import deliver
from messaging.tests.letterbox import BASE, agree, came, company, letterbox, write
from messaging.tests.talk import FakeCarrier
from messaging.unsubscribing import (
    masked,
    preferences_of,
    resubscribe,
    set_preferences,
    unsubscribe,
)

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def box(settings: Any) -> SimpleNamespace:
    settings.PUBLIC_BASE_URL = BASE
    company()
    return letterbox()


@pytest.fixture
def browser() -> Client:
    """Without cookies, and with every check that a real request meets."""
    return Client(enforce_csrf_checks=True, REMOTE_ADDR="203.0.113.7")


def token_of(box: SimpleNamespace, message: Message | None = None) -> str:
    return preference_token(box.point, "email", message)


def url_of(box: SimpleNamespace, message: Message | None = None) -> str:
    return f"/u/{token_of(box, message)}/"


def world() -> dict[str, Any]:
    """All that a visit might change."""
    return {
        "suppressions": list(Suppression.objects.values()),
        "consents": list(Consent.objects.values()),
        "events": Event.objects.count(),
        "messages": list(Message.objects.values("pk", "state", "reason")),
        "talks": list(Conversation.objects.values("pk", "version", "turn")),
        "turns": list(Turn.objects.values("pk", "state")),
    }


def test_fifty_one_click_posts_without_cookies_close_fifty_addresses(
    box: SimpleNamespace, browser: Client
) -> None:
    points = [ContactPointFactory(mail=True) for _ in range(50)]
    for point in points:
        LeadContactFactory(lead=LeadFactory(team=box.team), contact_point=point)
        agree(point)
    for point in points:
        answer = browser.post(f"/u/{preference_token(point, 'email')}/", ONE_CLICK)
        assert answer.status_code == 200
        assert not answer.cookies
    closed = Suppression.objects.filter(lifted_at=None, channel="email", reason="stop")
    assert {row.contact_point_id for row in closed} == {point.pk for point in points}
    assert Event.objects.filter(kind="lead.opted_out").count() == 50


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_fifty_visits_of_a_link_scanner_change_nothing(
    box: SimpleNamespace, browser: Client, method: str
) -> None:
    message = write(box)
    preferences_of(token=token_of(box))
    before = world()
    for _ in range(50):
        answer = getattr(browser, method)(url_of(box, message))
        assert answer.status_code == (405 if method == "options" else 200)
        assert not answer.cookies
    assert world() == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"List-Unsubscribe": "one-click"},
        {"List-Unsubscribe": "Two"},
        {"mail": "perhaps"},
        {"mail": ""},
        {"x" * 99: "y"},
    ],
)
def test_a_post_of_anything_else_changes_nothing(
    box: SimpleNamespace, browser: Client, body: dict[str, str]
) -> None:
    before = world()
    assert browser.post(url_of(box), body).status_code == 400
    assert world() == before


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_one_click_comes_in_both_forms_that_the_standard_allows(
    box: SimpleNamespace, browser: Client, content_type: str
) -> None:
    if content_type.startswith("multipart"):
        answer = browser.post(url_of(box), ONE_CLICK)
    else:
        body = "List-Unsubscribe=One-Click"
        answer = browser.post(url_of(box), body, content_type=content_type)
    assert answer.status_code == 200
    assert consent.is_suppressed(box.point, "email")


def test_leaving_stops_what_is_queued_and_says_so_everywhere(
    box: SimpleNamespace, carrier: type[FakeCarrier]
) -> None:
    question = came(box)
    Turn.objects.create(
        conversation=box.talk,
        last_inbound=question,
        state=Turn.State.WAITING,
        due_at=clock.now(),
        created_at=clock.now(),
    )
    queued, draft = write(box), write(box, state=Message.State.DRAFT, automatic=False)
    assert unsubscribe(token=token_of(box, queued), how="one_click", ip="203.0.113.7")
    row = Suppression.objects.get(contact_point=box.point)
    assert (row.reason, row.words, row.actor) == ("stop", "by the link", "lead")
    said = Consent.objects.latest("pk")
    assert (said.given, said.channel, said.ip) == (False, "email", "203.0.113.7")
    assert said.wording == "List-Unsubscribe=One-Click"
    assert said.source == f"link of message {queued.public_id}, one_click"
    for message in (queued, draft):
        message.refresh_from_db()
        assert message.state == "cancelled"
        assert message.reason == "the lead asked to stop"
    assert Turn.objects.get().state == Turn.State.SUPERSEDED
    event = Event.objects.get(kind="lead.opted_out")
    assert event.lead == box.lead
    assert event.payload == {"channel": "email", "how": "one_click"}
    box.talk.refresh_from_db()
    assert box.talk.turn == "opted_out"
    with pytest.raises(Refused, match="opted out"):
        write(box, author="person")
    deliver(message_id=queued.pk)
    assert carrier.accepted == []


def test_leaving_twice_is_leaving_once(box: SimpleNamespace) -> None:
    assert unsubscribe(token=token_of(box), how="page")
    before = world()
    assert not unsubscribe(token=token_of(box), how="one_click")
    assert world() == before


def test_leaving_by_mail_leaves_texts_alone(box: SimpleNamespace) -> None:
    phone = ContactPointFactory()
    LeadContactFactory(lead=box.lead, contact_point=phone, primary=False)
    question = came(box)
    Message.objects.filter(pk=question.pk).update(kind="sms", contact_point=phone)
    Turn.objects.create(
        conversation=box.talk,
        last_inbound=question,
        state=Turn.State.WAITING,
        due_at=clock.now(),
        created_at=clock.now(),
    )
    unsubscribe(token=token_of(box), how="page")
    assert Turn.objects.get().state == Turn.State.WAITING
    assert consent.is_suppressed(phone, "sms") is None
    assert consent.is_suppressed(box.point, "sms") is None


def test_a_lead_who_leaves_after_a_bounce_does_not_come_back_with_it(
    box: SimpleNamespace,
) -> None:
    """Who lifts the bounce later must not lift the lead's no with it."""
    bounce = consent.suppress(
        contact_point=box.point,
        channel="email",
        reason="bounce",
        words="no such mailbox",
        actor="system",
        at=clock.now(),
    )
    assert unsubscribe(token=token_of(box), how="page")
    consent.lift_suppression(suppression=bounce, actor="user:1", at=clock.now())
    assert consent.has_consent(box.point, "email") is None


def test_everyone_who_shares_the_address_is_left_alone(box: SimpleNamespace) -> None:
    other = LeadFactory(team=box.team, name="Sam Reyes", language="es")
    LeadContactFactory(lead=other, contact_point=box.point)
    talk = Conversation.objects.create(lead=other, last_at=clock.now())
    theirs = write(SimpleNamespace(**{**vars(box), "talk": talk}))
    unsubscribe(token=token_of(box), how="page")
    theirs.refresh_from_db()
    assert theirs.state == "cancelled"
    told = Event.objects.filter(kind="lead.opted_out").values_list("lead", flat=True)
    assert set(told) == {box.lead.pk, other.pk}


def test_an_address_without_a_lead_can_leave_too(box: SimpleNamespace) -> None:
    stray = ContactPointFactory(mail=True)
    assert unsubscribe(token=preference_token(stray, "email"), how="one_click")
    assert consent.is_suppressed(stray, "email")


def test_undo_takes_back_the_leads_own_word(box: SimpleNamespace) -> None:
    unsubscribe(token=token_of(box), how="page")
    assert resubscribe(token=token_of(box), how="page", ip="203.0.113.7")
    assert consent.is_suppressed(box.point, "email") is None
    back = consent.has_consent(box.point, "email")
    assert back is not None
    assert (back.basis, back.ip) == ("form", "203.0.113.7")
    assert Event.objects.filter(kind="lead.opted_in", lead=box.lead).count() == 1
    assert not resubscribe(token=token_of(box), how="page")
    assert unsubscribe(token=token_of(box), how="page")


@pytest.mark.parametrize("reason", ["bounce", "complaint", "manual"])
def test_undo_lifts_nobody_elses_word(
    box: SimpleNamespace, browser: Client, reason: str
) -> None:
    consent.suppress(
        contact_point=box.point,
        channel="email",
        reason=reason,
        words="…",
        actor="system",
        at=clock.now(),
    )
    before = world()
    assert not set_preferences(token=token_of(box), mail="on")
    assert browser.post(url_of(box), {"mail": "on"}).status_code == 303
    assert world() == before
    page = browser.get(url_of(box)).content.decode()
    assert "Acme Desks sends no mail to d•••@reyes.example." in page
    assert "<button" not in page


def test_a_token_for_another_address_does_not_touch_this_one(
    box: SimpleNamespace, browser: Client
) -> None:
    other = ContactPointFactory(kind="email", value="sam@ito.example")
    browser.post(f"/u/{preference_token(other, 'email')}/", ONE_CLICK)
    assert consent.is_suppressed(box.point, "email") is None
    mine, theirs = token_of(box), preference_token(other, "email")
    mixed = [
        mine[:20] + theirs[20:],
        theirs[:20] + mine[20:],
        f"{box.point.pk}",
        f"{mine}x",
        mine.swapcase(),
    ]
    before = world()
    for token in mixed:
        assert browser.post(f"/u/{token}/", ONE_CLICK).status_code == 404
        assert browser.get(f"/u/{token}/").status_code == 404
    assert world() == before


def test_a_number_given_to_another_after_a_restore_is_not_closed(
    box: SimpleNamespace,
) -> None:
    token = token_of(box)
    type(box.point).objects.filter(pk=box.point.pk).update(value="sam@ito.example")
    with pytest.raises(BadToken):
        unsubscribe(token=token, how="one_click")
    assert not Suppression.objects.exists()


def test_the_pages_own_form_works_without_cookies(
    box: SimpleNamespace, browser: Client
) -> None:
    page = browser.get(url_of(box)).content.decode()
    assert "Acme Desks sends mail to d•••@reyes.example." in page
    assert '<button class="ls-btn ls-btn--primary" name="mail" value="off">' in page
    answer = browser.post(url_of(box), {"mail": "off"})
    assert (answer.status_code, answer["Location"]) == (303, url_of(box))
    page = browser.get(url_of(box)).content.decode()
    assert "You will get no more mail from Acme Desks at d•••@reyes.example." in page
    assert ">Undo</button>" in page
    said = Consent.objects.latest("pk")
    assert said.wording.startswith("Unsubscribe: You will get no more mail from Acme")
    assert said.ip == "203.0.113.7"
    browser.post(url_of(box), {"mail": "on"})
    assert consent.is_suppressed(box.point, "email") is None
    assert not browser.cookies


def test_every_answer_keeps_the_link_to_itself(
    box: SimpleNamespace, browser: Client
) -> None:
    answers = [
        browser.get(url_of(box)),
        browser.head(url_of(box)),
        browser.post(url_of(box), {"mail": "off"}),
        browser.post(url_of(box), ONE_CLICK),
        browser.post(url_of(box), {"mail": "?"}),
        browser.get("/u/nothing/"),
    ]
    for answer in answers:
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["X-Frame-Options"] == "DENY"
        assert "Set-Cookie" not in answer
    page = answers[0].content.decode()
    assert 'name="robots" content="noindex, nofollow"' in page
    assert "<script" not in page
    assert "dana@" not in page


def test_a_bad_link_says_nothing_of_anybody(browser: Client) -> None:
    company()
    answer = browser.get("/u/made-up.token/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "This link is incomplete or not valid." in page
    assert "Acme" not in page
    assert "<form" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_leads_language(
    box: SimpleNamespace, browser: Client, language: str
) -> None:
    type(box.lead).objects.filter(pk=box.lead.pk).update(language=language)
    words = letter_words(language)
    page = browser.get(url_of(box)).content.decode()
    assert f'<html lang="{language}">' in page
    assert words.say("off_button") in page
    browser.post(url_of(box), {"mail": "off"})
    page = browser.get(url_of(box)).content.decode()
    assert words.say("undo") in page


def test_a_lead_of_unknown_language_gets_the_browsers(
    box: SimpleNamespace, browser: Client
) -> None:
    type(box.lead).objects.filter(pk=box.lead.pk).update(language="")
    accept = {"HTTP_ACCEPT_LANGUAGE": "nl, pt-BR;q=0.8, en;q=0.5"}
    page = browser.get(url_of(box), **accept).content.decode()
    assert '<html lang="pt">' in page
    odd = browser.get(url_of(box), HTTP_ACCEPT_LANGUAGE="\x00;;q=x," * 300)
    assert '<html lang="en">' in odd.content.decode()


def test_a_company_name_is_text_on_the_page(
    box: SimpleNamespace, browser: Client
) -> None:
    company(name="<script>alert(1)</script> & {company}")
    page = browser.get(url_of(box)).content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_an_address_is_masked() -> None:
    assert masked("dana@reyes.example") == "d•••@reyes.example"
    assert masked("+14155550123") == "•••123"
