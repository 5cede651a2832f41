"""The demo: believable, true in every row, tagged, and gone without a trace."""

import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from leads import clock, outbox, qualification, scoring
from leads.models import (
    AppendOnlyError,
    Company,
    Consent,
    ContactPoint,
    Event,
    Fact,
    Job,
    Lead,
    Membership,
    ScoreChange,
    Suppression,
    Task,
    Team,
)
from leads.seeding import ensure_ground
from messaging import demo as package
from messaging import numbers
from messaging.demo import DEMO_GROUP
from messaging.demo.building import build_demo
from messaging.demo.leaving import leave_demo, what_goes
from messaging.knowledge.offers import save_offer
from messaging.knowledge.publishing import publish, save_draft
from messaging.knowledge.searching import find
from messaging.knowledge.states import today
from messaging.models import (
    Article,
    Attachment,
    Channel,
    Conversation,
    Message,
    Offer,
    Profile,
    Sequence,
    Turn,
)
from messaging.simulator.playing import Saying, play
from messaging.tests.talk import text_in

DATA = Path(package.__file__).parent / "data"
LEFT_BEHIND = (
    Lead,
    Conversation,
    Message,
    Turn,
    Attachment,
    Task,
    Fact,
    ScoreChange,
    ContactPoint,
    Consent,
    Suppression,
    Company,
    Membership,
    Profile,
    Article,
    Offer,
    Sequence,
)


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demo, built once for this module and rolled back at its end."""
    from django.test import override_settings

    folder = tmp_path_factory.mktemp("media")
    media = override_settings(MEDIA_ROOT=folder)
    with django_db_blocker.unblock(), media, transaction.atomic():
        ensure_ground()
        before = clock.now()
        build_demo()
        yield before
        transaction.set_rollback(True)


@pytest.fixture
def demo(built, db):
    return built


def test_a_sequence_is_under_way_with_quiet_leads(demo):
    sequence = Sequence.objects.get()
    rows = list(sequence.enrollments.select_related("lead"))
    assert sequence.state == "active" and len(rows) == 4
    assert all(row.state == "waiting" and row.due_at > demo for row in rows)
    assert all(row.lead.demo for row in rows)


def talk(name):
    return Conversation.objects.select_related("lead").get(lead__name=name)


def test_there_are_sixty_leads_two_teams_and_three_people(demo):
    assert Lead.objects.count() == Lead.objects.filter(demo=True).count() == 60
    people = User.objects.filter(groups__name=DEMO_GROUP)
    roles = {
        user.username: set(user.groups.values_list("name", flat=True))
        for user in people
    }
    assert roles == {
        "ana": {DEMO_GROUP, "rep"},
        "ben": {DEMO_GROUP, "rep"},
        "mia": {DEMO_GROUP, "manager"},
    }
    assert Lead.objects.values("team").distinct().count() == 2
    assert not any(user.has_usable_password() for user in people)
    assert not User.objects.filter(is_superuser=True).exists()


def test_ana_and_ben_see_their_teams_and_mia_sees_all(demo):
    seen = {
        user.username: Lead.objects.visible_to(user).count()
        for user in User.objects.all()
    }
    assert seen["ana"] + seen["ben"] == seen["mia"] == 60
    assert min(seen.values()) > 10


def test_everything_is_simulated_so_that_nothing_can_leave(demo):
    assert not Lead.objects.filter(simulated=False).exists()
    assert not ContactPoint.objects.filter(simulated=False).exists()
    assert not Channel.objects.filter(simulated=False).exists()
    out = Message.objects.filter(direction="outbound")
    assert not out.filter(simulated=False).exists()
    assert set(out.values_list("provider", flat=True)) <= {"", "simulator"}


def test_every_address_is_a_reserved_one(demo):
    for point in ContactPoint.objects.all():
        shape = r"\+1\d{3}55501\d\d" if point.kind == "phone" else r".+@.+\.example"
        assert re.fullmatch(shape, point.value), point.value


def test_nothing_is_due_so_a_worker_beside_changes_nothing(demo):
    assert not Turn.objects.exclude(state="done").exists()
    assert not Message.objects.filter(state__in=("queued", "held", "claimed")).exists()
    assert not Job.objects.filter(due_at__lte=clock.now()).exists()


def test_all_moments_lie_in_the_last_two_weeks(demo):
    for model, field in ((Lead, "created_at"), (Message, "occurred_at"), (Event, "")):
        name = field or "occurred_at"
        moments = model.objects.filter(lead__demo=True) if not field else model.objects
        values = list(moments.values_list(name, flat=True))
        assert max(values) <= timezone.now()
        assert min(values) > demo - timedelta(days=14, hours=12)
    days = {m.date() for m in Message.objects.values_list("occurred_at", flat=True)}
    assert len(days) >= 10


def test_each_score_is_the_sum_of_its_ledger_and_not_written_in_the_data(demo):
    for lead in Lead.objects.all():
        view = scoring.score_view(lead)
        assert view.value == sum(line.points for line in view.lines)
    values = list(Lead.objects.values_list("score", flat=True))
    assert sum(value >= 70 for value in values) >= 5
    assert sum(40 <= value < 70 for value in values) >= 5
    assert sum(value < 40 for value in values) >= 5
    assert not any("score" in path.read_text("utf-8") for path in DATA.glob("*.json"))


def test_every_fact_stands_in_the_leads_own_words_or_a_form(demo):
    bodies = dict(Message.objects.values_list("public_id", "body"))
    for fact in Fact.objects.exclude(source="form"):
        assert fact.quote in bodies[fact.message]
    assert Fact.objects.filter(source="form").exists()


def test_received_is_answered_plus_with_a_person_plus_set_aside(demo):
    equation = numbers.received_equation(since=None, user=None)
    assert equation.holds
    assert equation.answered and equation.with_person and equation.set_aside


def test_sources_stages_and_turns_are_mixed(demo):
    assert Lead.objects.values("source").distinct().count() >= 4
    assert Lead.objects.values("stage").distinct().count() >= 5
    turns = Counter(Conversation.objects.values_list("turn", flat=True))
    assert {"needs_you", "waiting", "person", "parked", "opted_out", "done"} <= set(
        turns
    )


def test_drafts_were_decided_in_all_three_ways(demo):
    decisions = set(
        Message.objects.exclude(details__decision=None).values_list(
            "details__decision", flat=True
        )
    )
    assert {"as_written", "edited", "discarded"} <= decisions


# --- the eight stories -------------------------------------------------------


def test_one_is_hot_and_qualified(demo):
    lead = talk("Carmen Vidal").lead
    assert lead.temperature == "Hot"
    assert lead.stage.key == "qualified"
    assert {"budget", "need", "timeline"} <= set(qualification.known(lead))


def test_one_draft_is_held_over_a_price(demo):
    draft = talk("Marcus Bell").messages.drafts().get()
    assert draft.state == "draft"
    assert Task.objects.open().filter(subject=draft.public_id, kind="draft").exists()
    assert talk("Marcus Bell").turn == "needs_you"


def test_one_was_taken_over_mid_answer(demo):
    messages = talk("Sunita Raman").messages
    stopped = messages.get(state="cancelled")
    assert stopped.reason == "Ana took over"
    assert messages.filter(author="person", state="sent").exists()


def test_one_said_stop_in_spanish(demo):
    conversation = talk("Marisol Ferrer")
    assert conversation.turn == "opted_out"
    assert conversation.lead.language == "es"
    assert Suppression.objects.filter(
        contact_point__lead_contacts__lead=conversation.lead, lifted_at=None
    ).exists()


def test_one_is_parked(demo):
    conversation = talk("Henry Stone")
    assert conversation.turn == "parked"
    assert conversation.parked_until > timezone.now() + timedelta(days=30)


def test_one_failed_to_a_landline(demo):
    message = talk("Gloria Petersen").messages.get(state="failed")
    assert message.error_code == "30006"
    assert not message.contact_point.textable
    assert Task.objects.open().filter(kind="failed").count() == 1


def test_of_one_nobody_knows_whether_it_was_sent(demo):
    message = talk("Kofi Mensah").messages.get(state="unknown")
    task = Task.objects.open().get(kind="sent_check")
    assert task.subject == message.public_id
    assert len(message.checks) == 7


def test_one_sent_a_picture(demo):
    file = Attachment.objects.get()
    assert file.message.conversation == talk("Astrid Olsen")
    assert (file.state, file.content_type) == ("stored", "image/png")


# --- leaving -----------------------------------------------------------------


def test_it_names_what_goes_before_it_goes(demo):
    goes = what_goes()
    assert (goes.people, goes.leads, goes.teams, goes.channels) == (3, 60, 2, 2)
    assert goes.names == ("Ana Moreno", "Ben Okafor", "Mia Larsen")
    assert goes.messages == Message.objects.count()
    assert json.dumps(goes.as_json())


def test_leaving_removes_all_of_it(demo, django_capture_on_commit_callbacks):
    path = Path(Attachment.objects.get().path)
    from django.core.files.storage import default_storage

    with django_capture_on_commit_callbacks(execute=True):
        went = leave_demo(actor="system")
    assert went.leads == 60
    for model in LEFT_BEHIND:
        assert not model.objects.exists(), model.__name__
    assert not User.objects.exists()
    assert not Group.objects.filter(name=DEMO_GROUP).exists()
    assert not Channel.objects.exclude(name="Simulator").exists()
    assert [team.is_default for team in Team.objects.all()] == [True]
    assert set(Event.objects.values_list("kind", flat=True)) == {"demo.left"}
    assert not default_storage.exists(str(path))
    assert not what_goes().anything


def test_leaving_leaves_everything_real(demo):
    real = text_in("A real question", sender="+14155550123")
    lead = real.conversation.lead
    lead.owner = User.objects.get(username="ana")
    lead.save()
    owner = User.objects.create_user("olga", is_staff=True)
    outbox.emit(kind="policy.changed", actor="system")
    stays = {
        model: set(model.objects.filter(pk__in=ids).values_list("pk", flat=True))
        for model, ids in (
            (Lead, [lead.pk]),
            (Message, [real.pk]),
            (Consent, real.contact_point.consents.values("pk")),
            (User, [owner.pk]),
        )
    }
    leave_demo(actor="system")
    for model, ids in stays.items():
        assert set(model.objects.values_list("pk", flat=True)) == ids
    lead.refresh_from_db()
    assert lead.owner is None
    assert Event.objects.filter(kind="policy.changed").exists()


def test_a_team_with_a_real_lead_stays(demo):
    team = Team.objects.get(name="Offices")
    lead = text_in("hi", sender="+14155550123").conversation.lead
    lead.team = team
    lead.save()
    leave_demo(actor="system")
    assert Team.objects.filter(name="Offices").exists()
    assert not Team.objects.filter(name="Small teams").exists()


def test_a_real_number_of_the_same_digits_keeps_its_consent(demo):
    twin = ContactPoint.objects.filter(kind="phone").first()
    real = text_in("hi", sender=twin.value).contact_point
    leave_demo(actor="system")
    assert list(ContactPoint.objects.all()) == [real]
    assert real.consents.count() == 1


def test_what_was_played_goes_only_when_asked(demo):
    ana = User.objects.get(username="ana")
    play(user=ana, saying=Saying("sms", ("hi",)))
    assert what_goes().played == 1
    leave_demo(actor="system")
    assert Lead.objects.count() == 1
    leave_demo(actor="system", played=True)
    assert not Lead.objects.exists()
    assert not ContactPoint.objects.exists()


def test_leaving_that_was_interrupted_is_finished_by_the_next_try(demo, monkeypatch):
    from leads import lifecycle

    real, calls = lifecycle.remove_invented, []

    def dies_at_the_third(leads):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(leads)

    monkeypatch.setattr(lifecycle, "remove_invented", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        leave_demo(actor="system")
    assert 0 < Lead.objects.count() < 60
    monkeypatch.setattr(lifecycle, "remove_invented", real)
    leave_demo(actor="system")
    assert not Lead.objects.exists()


def test_a_real_lead_cannot_be_removed_this_way(demo):
    from leads import lifecycle

    lead = text_in("hi", sender="+14155550123").conversation.lead
    with pytest.raises(ValueError, match="real lead"):
        lifecycle.remove_invented([lead])
    assert Lead.objects.filter(pk=lead.pk).exists()


def test_a_consent_by_itself_still_cannot_be_deleted(demo):
    with pytest.raises(AppendOnlyError):
        Consent.objects.first().delete()


def test_the_sign_in_pages_and_the_demo_mean_the_same_group():
    from django.conf import settings

    source = Path(settings.BASE_DIR, "leadsite", "accounts.py").read_text("utf-8")
    assert f'DEMO_GROUP = "{DEMO_GROUP}"' in source


# --- what the company says ---------------------------------------------------


def test_the_company_says_things_in_five_languages(demo):
    said = Article.objects.filter(demo=True).exclude(published=None)
    assert set(said.values_list("language", flat=True)) == {
        "en",
        "es",
        "fr",
        "de",
        "pt",
    }
    assert said.count() >= 25
    assert Article.objects.filter(published=None).count() == 1
    assert {offer.name for offer in Offer.objects.all()} >= {"Furnished seat"}
    (passage, *_) = find(text="Can I bring my dog?", language="en", on=today())
    assert passage.title == "Are dogs allowed?"
    outdated = find(text="Do you have a spring offer?", language="en", on=today())
    assert "Do you have a spring offer?" not in {one.title for one in outdated}


def test_leaving_forgets_what_the_company_said_but_nothing_real(demo):
    kept = Article.objects.create(title="Real?", body="Yes.")
    publish(article=kept, user=None)
    mine = Article.objects.get(title="Are dogs allowed?")
    mine.body = "Not any more."
    save_draft(article=mine)
    publish(article=mine, user=None)
    dear = Offer.objects.get(name="Meeting room")
    dear.price = 9_900
    save_offer(offer=dear, user=None)
    goes = what_goes()
    assert (goes.articles, goes.offers) == (27, 3)
    leave_demo(actor="system")
    assert set(Article.objects.values_list("title", flat=True)) == {
        "Real?",
        "Are dogs allowed?",
    }
    mine.refresh_from_db()
    dear.refresh_from_db()
    # A person wrote it, so it stays; but for the invented company: nobody is told it.
    assert mine.retired_at is not None and not mine.demo
    assert not dear.active and not dear.demo
    asked = {"language": "en", "on": today()}
    assert find(text="Can I bring my dog?", **asked) == ()
    assert not Event.objects.filter(
        kind="article.published", payload__article__isnull=False
    ).exclude(payload__article__in=[str(kept.public_id), str(mine.public_id)])
