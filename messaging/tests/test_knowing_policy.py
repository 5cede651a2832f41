"""What published words answer, and what goes to a person all the same."""

from dataclasses import replace

import pytest

from messaging.agent.knowledge import SURE
from messaging.agent.model import Goal, Passage, Plan
from messaging.agent.policy import plan_turn
from messaging.agent.understanding.intents import read_intent
from messaging.tests.agent_knowledge import (
    CONTRACT,
    COSTS,
    DISCOUNTS,
    RETURNS,
    SHIPPING,
    article,
    offer,
)
from messaging.tests.agent_situations import BARE, situation

NO_DISCOUNT = "Discount not in the company profile"
NO_PRICE = "Price not in the company profile"
PLAN = offer(discount_limit=10, conditions="paid a year ahead")


def plan(text: str, *known: Passage, **changes: object) -> Plan:
    """What the policy makes of a text, understood as it is in a real turn."""
    read = read_intent(text, language=str(changes.get("language", "en")))
    told = {"intent": str(read.intent), "topics": read.topics, "company": BARE}
    return plan_turn(situation(text, knowledge=known, **{**told, **changes}))


def test_a_sure_passage_answers_with_its_sureness() -> None:
    made = plan("Do you ship to Canada?", SHIPPING)
    assert (made.goal, made.draft_reason, made.ask) == (Goal.ANSWER, "", "budget")
    assert made.confidence == SHIPPING.sure


@pytest.mark.parametrize(("sure", "goal"), [(SURE, "answer"), (SURE - 0.01, "refer")])
def test_it_answers_from_the_threshold_on(sure: float, goal: str) -> None:
    made = plan("Do you ship to Canada?", replace(SHIPPING, sure=sure))
    assert made.goal == goal
    assert bool(made.draft_reason) is (goal == "refer")


def test_nothing_found_is_refused_as_ever() -> None:
    made = plan("Do your desks fit in a van?")
    assert (made.goal, made.task_kind) == (Goal.REFER, "reply")
    assert made.draft_reason == "The company profile does not answer this"


def test_a_statement_is_not_answered_though_something_was_found() -> None:
    made = plan("We are in Canada", SHIPPING, intent="other")
    assert made.goal is Goal.GREET


@pytest.mark.parametrize("intent", ["opt_out", "complaint", "spam", "wrong_person"])
def test_what_is_no_question_stays_what_it_is(intent: str) -> None:
    made = plan("Do you ship to Canada?", SHIPPING, intent=intent)
    assert made.goal is not Goal.ANSWER


class TestSeveralQuestions:
    both = "Do you ship to Canada and what does assembly cost?"

    def test_all_that_is_answered_is_answered(self) -> None:
        made = plan(self.both, SHIPPING, replace(COSTS, sure=0.7))
        assert (made.goal, made.draft_reason) == (Goal.ANSWER, "")
        assert made.confidence == 0.7

    def test_one_that_nothing_answers_is_named(self) -> None:
        made = plan("Do you ship to Canada? Do your desks fit in a van?", SHIPPING)
        assert made.goal is Goal.REFER
        assert made.draft_reason == (
            "Nothing published answers 'Do your desks fit in a van?'"
        )

    def test_a_second_price_that_nobody_states_is_named(self) -> None:
        made = plan("What does assembly cost? And how much is a repair?", COSTS)
        assert made.goal is Goal.REFER
        assert "how much is a repair?" in made.draft_reason

    def test_a_price_without_a_source_beside_an_answer(self) -> None:
        made = plan(self.both, SHIPPING)
        assert (made.goal, made.draft_reason) == (Goal.REFER, NO_PRICE)

    def test_contract_terms_without_an_article_beside_an_answer(self) -> None:
        made = plan("Do you ship to Canada? What is the notice period?", SHIPPING)
        assert made.goal is Goal.REFER
        assert "notice period" in made.draft_reason

    def test_two_unanswered_ones_are_both_named(self) -> None:
        made = plan("Do your desks fit in a van? Are they made of oak?")
        assert made.draft_reason.count("Nothing published answers") == 2

    def test_one_passage_may_answer_two(self) -> None:
        made = plan("Do you ship to Canada? How long does delivery take?", SHIPPING)
        assert made.goal is Goal.ANSWER

    def test_what_retrieval_found_it_for_counts(self) -> None:
        found = replace(RETURNS, question="can i get rid of it again?")
        text = "Do you ship to Canada? Can I get rid of it again?"
        assert plan(text, SHIPPING, found).goal is Goal.ANSWER
        other = replace(RETURNS, question="Do you ship to Canada?")
        assert plan(text, SHIPPING, other).goal is Goal.REFER

    @pytest.mark.parametrize("text", ["How are you?", "Hi there, how's it going?"])
    def test_a_courtesy_is_no_question(self, text: str) -> None:
        made = plan(f"{text} Do you ship to Canada?", SHIPPING, intent="question")
        assert (made.goal, made.draft_reason) == (Goal.ANSWER, "")

    def test_the_profile_answers_its_part(self) -> None:
        company = replace(BARE, hours="Mon-Fri 9am-5pm")
        text = "When are you open? Do you ship to Canada?"
        assert plan(text, SHIPPING, company=company).goal is Goal.ANSWER
        made = plan(text, SHIPPING)
        assert made.draft_reason == "Opening hours are not in the company profile"

    def test_are_you_a_bot_is_answered_elsewhere(self) -> None:
        made = plan("Are you a bot? Do you ship to Canada?", SHIPPING)
        assert (made.goal, made.draft_reason) == (Goal.ANSWER, "")


class TestPrices:
    text = "How much is the team plan?"

    @pytest.mark.parametrize("known", [offer(), COSTS])
    def test_an_offer_or_an_article_that_states_one(self, known: Passage) -> None:
        assert plan(self.text, known).goal is Goal.ANSWER

    def test_an_article_that_is_the_answer_to_just_that(self) -> None:
        known = article("What does it cost?", "That depends on the size of your team.")
        assert plan(self.text, known).goal is Goal.ANSWER

    @pytest.mark.parametrize(
        "known", [offer(price=None, text="For teams of any size."), SHIPPING]
    )
    def test_nothing_else(self, known: Passage) -> None:
        made = plan(self.text, known)
        assert (made.goal, made.draft_reason) == (Goal.REFER, NO_PRICE)

    def test_a_call_and_a_price_that_is_stated_needs_nobody(self) -> None:
        made = plan("Call me. How much is the team plan?", offer())
        assert (made.goal, made.draft_reason) == (Goal.CONFIRM, "")


class TestDiscounts:
    def test_within_the_limit_it_may_be_told(self) -> None:
        made = plan("Can I get 10% off the team plan?", PLAN)
        assert (made.goal, made.draft_reason) == (Goal.ANSWER, "")
        assert made.confidence == PLAN.sure

    @pytest.mark.parametrize("asked", ["11%", "20 percent", "20 %", "100%"])
    def test_beyond_it_a_manager_is_asked(self, asked: str) -> None:
        made = plan(f"Can I get {asked} off the team plan?", PLAN)
        assert made.goal is Goal.REFER
        assert "is over the limit of Team plan (10 %)" in made.draft_reason
        assert "manager" in made.draft_reason
        assert made.task_kind == "reply"

    def test_the_words_name_what_was_asked_for(self) -> None:
        made = plan("Can I get 20% off the team plan?", PLAN)
        assert made.draft_reason.startswith(
            "'20 %' is over the limit of Team plan (10 %)"
        )

    def test_the_highest_figure_counts(self) -> None:
        made = plan("Can I get 5% or 30% off?", PLAN)
        assert "'30 %' is over the limit" in made.draft_reason

    def test_without_a_figure_the_conditions_answer(self) -> None:
        assert plan("Any discount on the team plan?", PLAN).goal is Goal.ANSWER
        made = plan("Any discount on the team plan?", replace(PLAN, conditions=""))
        assert made.draft_reason == "Team plan does not say when there is a discount"

    def test_an_offer_without_a_discount_allows_none(self) -> None:
        made = plan("Any discount on the team plan?", offer())
        assert made.draft_reason == "Team plan allows no discount"
        made = plan("5% off the team plan?", offer())
        assert "over the limit of Team plan (0 %)" in made.draft_reason

    def test_an_offer_that_is_not_sure_promises_nothing(self) -> None:
        made = plan("Can I get 5% off?", replace(PLAN, sure=0.3))
        assert made.draft_reason == "It is not clear which offer the discount is for"

    @pytest.mark.parametrize("known", [(), (SHIPPING,), (COSTS,)])
    def test_without_an_offer_it_is_as_ever(self, known: tuple[Passage, ...]) -> None:
        made = plan("Can I get a discount?", *known)
        assert (made.goal, made.draft_reason) == (Goal.REFER, NO_DISCOUNT)

    def test_an_article_about_discounts_answers(self) -> None:
        assert plan("Is there a discount for schools?", DISCOUNTS).goal is Goal.ANSWER
        made = plan("Do schools get 15% off?", DISCOUNTS)
        assert made.goal is Goal.ANSWER
        assert plan("Do schools get 20% off?", DISCOUNTS).goal is Goal.REFER

    def test_a_percentage_that_is_only_spoken_of_is_a_question(self) -> None:
        tax = article("Is VAT included?", "All prices are without the 20% VAT.")
        assert plan("Is the 20% VAT included?", tax).goal is Goal.ANSWER


class TestContracts:
    text = "How long does the contract run?"

    def test_an_article_answers(self) -> None:
        assert plan(self.text, CONTRACT).goal is Goal.ANSWER

    def test_an_offers_conditions_do_not(self) -> None:
        made = plan(self.text, offer(text="Runs for 12 months.", conditions="a year"))
        assert made.draft_reason == "Contract terms are not in the company profile"

    def test_a_guarantee_comes_from_an_article_only(self) -> None:
        text = "Is there a guarantee on your desks?"
        made = plan(text, offer(text="With a guarantee of 5 years."))
        assert made.goal is Goal.REFER
        known = article("Is there a guarantee?", "Desks have a guarantee of 5 years.")
        assert plan(text, known).goal is Goal.ANSWER


def test_a_passage_that_states_nothing_answers_nothing() -> None:
    known = article("Do you ship to Canada?", "Where would you like it to go?")
    assert plan("Do you ship to Canada?", known).goal is Goal.REFER


def test_the_profile_answers_what_is_asked_of_it_alone() -> None:
    company = replace(BARE, phone="+1 415 555 0100")
    at = plan("What is your phone number?", SHIPPING, company=company)
    assert (at.goal, at.confidence) == (Goal.ANSWER, 0.9)
