"""The busy hour: rows with a time, which outlive the request and can be stopped."""

from datetime import timedelta

import pytest
from django.urls import reverse

from leads import clock, jobs
from leads.models import ContactPoint, Job, Lead, Team
from leads.seeding import ensure_ground
from leads.work import run_due
from messaging.models import Message
from messaging.simulator import busy_hour
from messaging.simulator.playing import NotPlayable
from messaging.tests.inbox_world import FRAGMENT, rep, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    ensure_ground()
    return rep("ana", Team.objects.create(name="North"))


def after(seconds):
    with clock.shifted(timedelta(seconds=seconds)):
        run_due()


def test_twelve_leads_come_within_two_minutes(ana):
    busy_hour.start(user=ana)
    begun = clock.now()
    after(1)
    assert Lead.objects.count() == 1
    after(125)
    assert Lead.objects.filter(simulated=True).count() == 12
    first_words = {}
    for message in Message.objects.filter(direction="inbound").order_by("pk"):
        first_words.setdefault(message.conversation_id, message.occurred_at)
    due = Job.objects.filter(name=busy_hour.JOB).values_list("due_at", flat=True)
    assert sum(moment - begun < timedelta(minutes=2) for moment in due) >= 12


def test_they_are_work_rows_and_nothing_runs_in_the_request(ana):
    answer = signed_in(ana).post(reverse("simulator_busy"), **FRAGMENT)
    assert answer.status_code == 200
    assert "Busy hour: 0 of" in answer.content.decode()
    assert not Message.objects.exists()
    assert Job.objects.filter(name=busy_hour.JOB, state="ready").count() >= 12


def test_the_players_team_gets_them(ana):
    busy_hour.start(user=ana)
    after(125)
    assert {lead.team for lead in Lead.objects.all()} == {ana.teams.get()}


def test_a_second_busy_hour_waits_for_the_first(ana):
    busy_hour.start(user=ana)
    with pytest.raises(NotPlayable, match="already"):
        busy_hour.start(user=ana)


def test_stopping_takes_back_what_has_not_come_in_and_frees_the_numbers(ana):
    web = signed_in(ana)
    busy_hour.start(user=ana)
    after(1)
    web.post(reverse("simulator_busy"), {"stop": "1"}, **FRAGMENT)
    after(300)
    assert Lead.objects.count() == 1
    assert not busy_hour.state().running
    assert ContactPoint.objects.filter(simulated=True).count() == 1
    assert busy_hour.start(user=ana).running


def test_a_job_that_runs_twice_brings_its_message_once(ana):
    busy_hour.start(user=ana)
    job = Job.objects.filter(name=busy_hour.JOB).order_by("pk").first()
    busy_hour.run_job(job)
    busy_hour.run_job(job)
    assert Message.objects.filter(direction="inbound").count() == 1


def test_a_player_who_left_meanwhile_does_not_break_it(ana):
    busy_hour.start(user=ana)
    ana.delete()
    after(125)
    assert Lead.objects.count() == 12
    assert not Job.objects.filter(state="dead").exists()


def test_every_process_knows_the_job():
    assert jobs._functions[busy_hour.JOB] is busy_hour.run_job
