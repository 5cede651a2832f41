"""What the simulator says happened, in every way a message can go."""

from datetime import timedelta

import pytest

from leads import clock, policy
from leads.work import run_due
from messaging import drafts, holding
from messaging.models import Turn
from messaging.simulator.playing import Saying, play, set_clock, switch_ai
from messaging.simulator.steps import NAMES, happened, tries
from messaging.tests.talk import mode, person
from messaging.views.simulator_reads import played

pytestmark = pytest.mark.django_db
HOT = "Hi, we need about 40 seats next month, budget is 20k, can someone call me?"


@pytest.fixture
def ana():
    mode("auto")
    policy.change(actor="system", quiet_hours=True)
    return person()


def say(user, text=HOT, *, talk=None, **more):
    talk = play(user=user, saying=Saying("sms", (text,)), conversation=talk, **more)
    with clock.shifted(timedelta(seconds=5)):
        run_due()
    talk.refresh_from_db()
    return talk


def states(talk):
    return {step.name: step.state for step in happened(talk).steps}


def step(talk, name):
    return next(step for step in happened(talk).steps if step.name == name)


def test_a_good_answer_passes_all_eight_steps_in_order(ana):
    talk = say(ana)
    story = happened(talk)
    assert [step.name for step in story.steps] == list(NAMES)
    assert set(states(talk).values()) == {"done"}
    assert not story.open
    assert step(talk, "scored").title.startswith("scored 0 → ")
    assert step(talk, "gated").title == "gated 7/7"
    assert step(talk, "sent").title == "sent (simulated)"


def test_each_step_opens_its_detail(ana):
    talk = say(ana)
    quotes = {pair.name: pair.quote for pair in step(talk, "qualified").pairs}
    assert quotes["Budget"] == "20k"
    lines = step(talk, "scored").pairs
    assert int(lines[-1].value) == sum(int(line.value) for line in lines[:-1])
    assert len(step(talk, "gated").pairs) == 7
    assert all(pair.ok for pair in step(talk, "gated").pairs)


def test_while_more_texts_are_awaited_the_next_step_is_the_one_now(ana):
    talk = play(user=ana, saying=Saying("sms", (HOT,)))
    story = happened(talk)
    assert story.open
    assert 0 < story.wait_seconds <= story.wait_total
    assert states(talk)["matched"] == "done"
    assert states(talk)["understood"] == "now"
    assert states(talk)["sent"] == "to_come"


def test_a_draft_is_amber_with_its_reason_and_where_to_decide(ana):
    talk = say(ana, "Is a 10% discount possible?")
    gated = step(talk, "gated")
    assert gated.state == "waits_for_you"
    assert gated.reason == talk.messages.drafts().get().reason
    assert gated.fix.page == "inbox_thread"
    assert states(talk)["sent"] == "skipped"


def test_an_approved_draft_goes_on_to_gate_and_sending(ana):
    talk = say(ana, "Is a 10% discount possible?")
    drafts.approve_draft(draft=talk.messages.drafts().get(), user=ana)
    run_due()
    assert states(talk)["gated"] == states(talk)["sent"] == "done"


def test_at_night_who_has_just_written_is_answered_and_the_step_says_why(ana):
    talk = say(ana, clock_choice="22:00")
    assert states(talk)["sent"] == "done"
    clock_words = {pair.name: pair.value for pair in step(talk, "gated").pairs}["clock"]
    assert "22:00 there, but" in clock_words
    tried = [one.words for one in tries(played(ana)) if one.done]
    assert tried == ["answer", "at night"]


def test_at_night_the_answer_is_held_and_the_step_says_until_when(ana):
    policy.change(actor="system", night_reply_minutes=0)
    talk = say(ana, clock_choice="22:00")
    gated = step(talk, "gated")
    assert gated.state == "waits_for_you"
    assert "22:00 there" in gated.reason
    assert [pair.name for pair in gated.pairs if pair.ok is False] == ["clock"]
    assert not happened(talk).open


def test_moving_the_clock_to_the_morning_lets_the_held_answer_go(ana):
    policy.change(actor="system", night_reply_minutes=0)
    talk = say(ana, clock_choice="22:00")
    set_clock(conversation=talk, choice="10:42")
    run_due()
    assert states(talk)["sent"] == "done"


def test_with_the_ai_off_nothing_is_said_and_the_step_says_how_to_switch_it_on(ana):
    talk = say(ana, ai_off=True)
    answered = step(talk, "answered")
    assert answered.state == "waits_for_you"
    assert answered.reason == "the AI is off"
    assert "AI on" in answered.fix.words
    switch_ai(conversation=talk, user=ana)
    talk = say(ana, "and when could we start?", talk=talk)
    assert states(talk)["answered"] == "done"


def test_a_stop_is_told_in_red_and_nothing_follows(ana):
    talk = say(ana, "STOP")
    assert states(talk)["understood"] == "stopped"
    assert "START" in step(talk, "understood").fix.words
    assert states(talk)["answered"] == states(talk)["sent"] == "skipped"
    assert not happened(talk).open


def test_an_unsure_stop_rests_and_asks_a_person(ana):
    talk = say(ana, "Stop texting at night please")
    understood = step(talk, "understood")
    assert understood.state == "waits_for_you"
    assert understood.fix.page == "inbox_thread"
    assert states(talk)["answered"] == "skipped"


def test_after_a_takeover_the_step_names_who_has_it(ana):
    talk = say(ana)
    holding.take_over(conversation=talk, user=ana)
    talk = say(ana, "and a whiteboard?", talk=talk)
    answered = step(talk, "answered")
    assert answered.state == "waits_for_you"
    assert answered.reason == "Ana has it"


def test_what_was_on_its_way_when_a_person_took_over_is_red(ana):
    talk = play(user=ana, saying=Saying("sms", (HOT,)))
    turn = Turn.objects.get()
    with clock.shifted(timedelta(seconds=5)):
        from messaging.replies import answer

        answer(turn_id=turn.pk)
        holding.take_over(conversation=talk, user=ana)
    sent = step(talk, "sent")
    assert sent.state == "failed"
    assert sent.reason == "Ana took over"


def test_the_kill_switch_is_named_with_the_page_that_mends_it(ana):
    policy.change(actor="system", sending=False)
    talk = say(ana)
    gated = step(talk, "gated")
    assert gated.reason == "sending is switched off"
    assert gated.fix.page == "policy"


def test_a_model_that_cannot_answer_is_red_and_says_so(ana, settings):
    settings.LANGUAGE_MODELS = []
    talk = say(ana)
    answered = step(talk, "answered")
    assert answered.state == "failed"
    assert "model" in answered.reason.lower()


def test_a_turn_that_gave_up_is_red_at_the_step_it_never_reached(ana):
    talk = play(user=ana, saying=Saying("sms", (HOT,)))
    Turn.objects.update(state="dead", last_error="ValueError: broken")
    assert states(talk)["understood"] == "failed"
    assert step(talk, "understood").fix.page == "dead_letters"


def test_help_shows_the_automatic_answer(ana):
    talk = say(ana, "HELP")
    assert states(talk)["answered"] == "done"
    assert step(talk, "sent").title == "sent (simulated)"


def test_the_four_things_to_try_are_ticked_by_what_was_played(ana):
    def ticked():
        return [one.words for one in tries(played(ana)) if one.done]

    assert ticked() == []
    talk = say(ana)
    assert ticked() == ["answer"]
    say(ana, clock_choice="03:00")
    holding.take_over(conversation=talk, user=ana)
    say(ana, "STOP")
    assert ticked() == ["answer", "STOP", "take over", "at night"]
