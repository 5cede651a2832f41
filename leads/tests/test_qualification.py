"""What is learnt of a lead, what is asked, and when it is qualified."""

from uuid import uuid4

import pytest

from leads.models import (
    Company,
    Event,
    Fact,
    Lead,
    LeadContact,
    Question,
    QuestionSet,
    Stage,
)
from leads.qualification import (
    is_qualified,
    known,
    learn,
    missing_questions,
    restore_fact,
    set_fact,
    strike_fact,
)
from leads.seeding import ensure_ground
from leads.tests.factories import (
    MONDAY,
    LeadContactFactory,
    LeadFactory,
    StageFactory,
    UserFactory,
)
from leads.tests.saying import DAY, Read, kinds, tell, tell_all, values

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ground() -> None:
    ensure_ground()


# --- learning ----------------------------------------------------------------
def test_a_reading_becomes_a_fact_with_its_words_and_message() -> None:
    lead, message = LeadFactory(), uuid4()
    (fact,) = tell(lead, "budget", "20k", quote="budget is 20k", message=message)
    fact = Fact.objects.get(pk=fact.pk)
    assert (fact.value, fact.quote, fact.message) == ("20k", "budget is 20k", message)
    assert (fact.source, fact.actor, fact.occurred_at) == ("lead", "builtin", MONDAY)
    event = Event.objects.get(kind="fact.learned")
    assert event.payload == {
        "fact": str(fact.public_id),
        "field": "budget",
        "message": str(message),
    }


def test_what_the_lead_says_later_replaces_and_keeps_the_older() -> None:
    lead = LeadFactory()
    tell(lead, "budget", "20k")
    tell(lead, "budget", "30k", at=MONDAY + DAY)
    assert values(lead) == {"budget": "30k"}
    old = Fact.objects.get(value="20k")
    assert old.replaced_at == MONDAY + DAY


def test_the_same_value_again_is_nothing_new() -> None:
    lead = LeadFactory()
    tell(lead, "budget", "20k")
    assert tell(lead, "budget", "20K", at=MONDAY + DAY) == []
    assert Fact.objects.count() == 1


def test_words_that_arrive_late_do_not_replace_newer_ones() -> None:
    lead = LeadFactory()
    tell(lead, "budget", "30k")
    assert tell(lead, "budget", "20k", at=MONDAY - DAY) == []


def test_a_reading_without_the_leads_words_is_left_out() -> None:
    assert tell(LeadFactory(), "budget", "20k", quote=" ") == []


def test_a_form_may_fill_facts_without_a_quote() -> None:
    facts = learn(
        lead=LeadFactory(),
        readings=[Read("need", "40 seats")],
        message=None,
        at=MONDAY,
        actor="system",
        source=Fact.Source.FORM,
    )
    assert [fact.source for fact in facts] == ["form"]


def test_a_field_that_nobody_asks_for_is_left_out_until_a_question_does() -> None:
    lead = LeadFactory()
    assert tell(lead, "score", "100") == []
    bant = QuestionSet.objects.get(name="BANT")
    Question.objects.create(question_set=bant, field="fleet", label="Fleet")
    assert [fact.field for fact in tell(lead, "fleet", "12 vans")] == ["fleet"]


def test_a_value_is_cut_to_what_fits() -> None:
    (fact,) = tell(LeadFactory(), "need", "x" * 900)
    assert len(fact.value) == 500
    assert tell(fact.lead, "need", "x" * 900) == []


# --- the lead's own fields ---------------------------------------------------
def test_name_company_and_role_fill_what_is_empty() -> None:
    lead, acme = LeadFactory(), Company.objects.create(name="Acme")
    for field, value in (("name", "Dana"), ("company", "ACME"), ("role", "Buyer")):
        tell(lead, field, value)
    lead.refresh_from_db()
    assert (lead.name, lead.company, lead.role) == ("Dana", acme, "Buyer")


def test_a_name_that_is_there_is_never_overwritten() -> None:
    lead = LeadFactory(name="Dana Reyes")
    tell(lead, "name", "Dan")
    lead.refresh_from_db()
    assert lead.name == "Dana Reyes"


def test_a_struck_name_leaves_the_lead_and_undo_brings_it_back() -> None:
    lead, user = LeadFactory(), UserFactory()
    (fact,) = tell(lead, "name", "Call Me")
    strike_fact(fact=fact, user=user)
    lead.refresh_from_db()
    assert lead.name == ""
    restore_fact(fact=fact, user=user)
    lead.refresh_from_db()
    assert lead.name == "Call Me"


def test_a_struck_company_leaves_the_lead_however_it_was_spelt() -> None:
    Company.objects.create(name="Acme")
    lead = LeadFactory()
    (fact,) = tell(lead, "company", "ACME")
    strike_fact(fact=fact, user=UserFactory())
    lead.refresh_from_db()
    assert lead.company is None


def test_a_person_enters_a_name_over_the_one_that_is_there() -> None:
    lead = LeadFactory(name="Dan")
    set_fact(lead=lead, field="name", value="Dana", user=UserFactory())
    lead.refresh_from_db()
    assert lead.name == "Dana"


def test_a_typed_address_is_a_proposal_and_joins_no_leads() -> None:
    other = LeadContactFactory(contact_point__mail=True)
    lead = LeadContactFactory().lead
    tell(lead, "email", other.contact_point.value.upper())
    tell(lead, "phone", "+1 415 555 0199")
    typed = lead.contacts.filter(known_by=LeadContact.Known.PROPOSAL)
    assert {row.contact_point.value for row in typed} == {
        other.contact_point.value,
        "+14155550199",
    }
    assert not any(row.primary for row in typed)
    assert Lead.objects.count() == 2


def test_a_typed_address_that_is_none_stays_a_fact_only() -> None:
    lead = LeadFactory()
    assert tell(lead, "email", "dana at acme")
    assert lead.contacts.count() == 0


def test_typing_the_known_address_does_not_lower_it_to_a_proposal() -> None:
    contact = LeadContactFactory(contact_point__mail=True)
    tell(contact.lead, "email", contact.contact_point.value)
    contact.refresh_from_db()
    assert contact.known_by == LeadContact.Known.WROTE


# --- questions ---------------------------------------------------------------
def test_missing_questions_come_in_order_and_in_the_leads_language() -> None:
    lead = LeadFactory()
    tell(lead, "need", "40 seats")
    asked = missing_questions(lead, language="de")
    assert [one.field for one in asked] == ["budget", "timeline", "authority"]
    assert asked[1].wording == "Wann möchten Sie starten?"


@pytest.mark.parametrize(
    ("language", "wording"),
    [
        ("pt-BR", "Quando você gostaria de começar?"),
        ("xx", "When would you like to start?"),
        ("", "When would you like to start?"),
    ],
)
def test_a_language_without_wording_falls_back(language: str, wording: str) -> None:
    asked = missing_questions(LeadFactory(), language=language)
    assert wording in [one.wording for one in asked]


def test_a_question_without_any_wording_shows_its_label() -> None:
    Question.objects.filter(field="need").update(wording={})
    assert missing_questions(LeadFactory(), language="fr")[0].wording == "Need"


def test_a_set_that_is_off_asks_nothing() -> None:
    QuestionSet.objects.update(active=False)
    assert missing_questions(LeadFactory(), language="en") == []


# --- qualified ---------------------------------------------------------------
def test_need_budget_and_timeline_qualify_and_move_the_stage_once() -> None:
    lead = LeadFactory(stage=Stage.objects.get(key="new"))
    tell_all(lead)
    lead.refresh_from_db()
    assert is_qualified(lead)
    assert lead.stage.key == "qualified"
    strike_fact(fact=known(lead)["need"], user=UserFactory())
    assert not is_qualified(lead)
    tell(lead, "need", "50 seats", at=MONDAY + DAY)
    assert kinds(lead).count("lead.qualified") == 1


def test_a_lead_further_on_keeps_its_stage() -> None:
    lead = LeadFactory(stage=StageFactory(key="won"))
    tell_all(lead)
    lead.refresh_from_db()
    assert lead.stage.key == "won"
    assert "lead.qualified" in kinds(lead)


def test_without_required_questions_nobody_is_qualified() -> None:
    Question.objects.update(required=False)
    lead = LeadFactory()
    tell_all(lead)
    assert not is_qualified(lead)
