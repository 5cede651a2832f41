"""The ground of a fresh installation: made once, then people's own."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from leads.models import (
    LeadSource,
    Question,
    QuestionSet,
    ScoreRule,
    Stage,
    Team,
)
from leads.seeding import ensure_ground
from leads.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
STAGES = ["new", "contacted", "qualified", "meeting", "proposal", "won", "lost"]
ROLES = ["rep", "manager", "admin", "billing", "read-only"]
LANGUAGES = {"en", "es", "fr", "de", "pt"}


def of_role(name: str) -> User:
    user = UserFactory()
    user.groups.add(Group.objects.get(name=name))
    return user


def test_a_fresh_installation_gets_all_it_needs() -> None:
    ensure_ground()
    assert list(Stage.objects.values_list("key", flat=True)) == STAGES
    assert Team.objects.filter(is_default=True).count() == 1
    assert LeadSource.objects.exists()
    assert Group.objects.filter(name__in=ROLES).count() == len(ROLES)
    assert QuestionSet.objects.first() == QuestionSet.objects.get(name="BANT")


def test_running_it_again_changes_nothing() -> None:
    ensure_ground()
    models = (Team, Stage, LeadSource, QuestionSet, Question, ScoreRule, Group)
    before = [list(model.objects.order_by("pk").values()) for model in models]
    ensure_ground()
    assert [list(m.objects.order_by("pk").values()) for m in models] == before


def test_what_people_changed_or_deleted_stays_so() -> None:
    ensure_ground()
    ScoreRule.objects.filter(key="budget").update(points=7)
    ScoreRule.objects.filter(key="said_urgent").delete()
    Stage.objects.filter(key="new").update(name="Fresh")
    Stage.objects.filter(key="proposal").delete()
    Question.objects.filter(field="need").update(wording={"en": "What's up?"})
    Group.objects.get(name="rep").permissions.clear()
    ensure_ground()
    assert ScoreRule.objects.get(key="budget").points == 7
    assert not ScoreRule.objects.filter(key="said_urgent").exists()
    assert Stage.objects.get(key="new").name == "Fresh"
    assert not Stage.objects.filter(key="proposal").exists()
    assert Question.objects.get(field="need").wording == {"en": "What's up?"}
    assert not Group.objects.get(name="rep").permissions.exists()


def test_a_first_stage_made_by_an_early_lead_does_not_stop_the_others() -> None:
    Stage.objects.create(key="new", name="New")
    ensure_ground()
    assert list(Stage.objects.values_list("key", flat=True)) == STAGES


def test_every_question_is_worded_in_five_languages() -> None:
    ensure_ground()
    for question in Question.objects.all():
        assert set(question.wording) == LANGUAGES
        assert all(words.endswith("?") for words in question.wording.values())


def test_fit_does_not_fade_and_behaviour_does() -> None:
    ensure_ground()
    for rule in ScoreRule.objects.all():
        assert bool(rule.half_life_days) == (rule.part != ScoreRule.Part.FIT), rule.key


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("read-only", "leads.view_lead", "leads.change_lead"),
        ("rep", "leads.change_lead", "leads.delete_lead"),
        ("manager", "leads.change_scorerule", "leads.change_policy"),
        ("admin", "leads.change_policy", "leads.delete_event"),
        ("billing", "leads.view_usagerecord", "leads.view_lead"),
    ],
)
def test_roles_may_what_their_work_needs(role: str, may: str, may_not: str) -> None:
    ensure_ground()
    user = of_role(role)
    assert user.has_perm(may)
    assert not user.has_perm(may_not)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_rewrite_what_is_append_only(role: str) -> None:
    ensure_ground()
    user = of_role(role)
    for model in ("consent", "event", "scorechange"):
        assert not user.has_perm(f"leads.change_{model}")
        assert not user.has_perm(f"leads.delete_{model}")


def test_permissions_that_do_not_exist_yet_are_made_or_left_out() -> None:
    Permission.objects.all().delete()
    Group.objects.all().delete()
    ensure_ground()
    assert of_role("rep").has_perm("leads.change_lead")
