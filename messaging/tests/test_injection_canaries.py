"""Two hundred leads with a word of their own in every field: no prompt and no reply
holds another lead's, a note, an address or a secret (P14).
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from pytest_django import Settings

from leads import qualification
from messaging.agent.builtin import BuiltinModel
from messaging.agent.model import Goal, Plan, Situation
from messaging.agent.policy import plan_turn
from messaging.agent.prompting import build_prompt
from messaging.models import Profile
from messaging.situations import situation_of, understand
from messaging.tests.canary_world import ROUNDS, Marked, marked_lead
from messaging.tests.talk import mode

pytestmark = pytest.mark.django_db
LEADS, PARTS = 200, 4
SPEAKING = [Plan(goal) for goal in Goal if Plan(goal).speaks]
_CANARY = re.compile(r"(?i)cn(\d{3})[a-z]+\d*x?|\+1415(7\d{6})|cn(\d+)other@")
_SECRET_NAMES = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|SID|DSN")


def secrets_of(settings: Settings) -> list[str]:
    """Every secret that the installation is set up with, made up where there is
    none.
    """
    found = []
    for name in dir(django_settings):
        if not (name.isupper() and _SECRET_NAMES.search(name)):
            continue
        value = getattr(settings, name)
        if not isinstance(value, str) or name.endswith(("_NAME", "_PATH", "_HEADER")):
            continue
        if not value:
            value = f"sekret-{name.lower()}-4711"
            setattr(settings, name, value)
        if len(value) >= 8:
            found.append(value)
    return found


def turns_of(mine: Marked, *, most: int = ROUNDS) -> Iterator[Situation]:
    """The situation of every round, as the turn of that round would know it."""
    known = qualification.known(mine.lead)
    for asked in mine.asked[:most]:
        yield situation_of(
            mine.talk,
            understand(mine.talk, asked),
            known=known,
            new_facts=(),
            instruction="",
            max_segments=3,
        )


def foreign(text: str, mine: Marked) -> list[str]:
    """Canaries of others in a text."""
    found = _CANARY.finditer(text)
    return [m.group() for m in found if _number(m) != mine.number]


def _number(match: re.Match[str]) -> int:
    digits = next(group for group in match.groups() if group)
    return int(digits) - (7_000_000 if len(digits) == 7 else 0)


@pytest.fixture(scope="module")
def leads(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Marked]]:
    """All of them, made once and taken back after the last test of the file."""
    with django_db_blocker.unblock(), transaction.atomic():
        mode("auto")
        Profile.objects.filter(pk=1).update(hours="Mon-Fri 9am-5pm")
        yield [marked_lead(number, email=number % 3 == 0) for number in range(LEADS)]
        transaction.set_rollback(True)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_prompt_and_no_reply_holds_what_is_not_its_leads(
    part: int, leads: list[Marked], settings: Settings
) -> None:
    secrets = secrets_of(settings)
    assert len(secrets) > 10 and len(leads) == LEADS
    prompts = own = 0
    for mine in leads[part::PARTS]:
        for place, at in enumerate(turns_of(mine)):
            plans = [plan_turn(at), *SPEAKING[place % 2 :: 2]]
            for plan in (one for one in plans if one.speaks):
                prompt = build_prompt(at, plan)
                told = f"{prompt.instructions}\n{prompt.input}"
                reply = BuiltinModel().write(at, plan).body
                prompts += 1
                own += any(word in told for word in mine.own)
                for text in (told, reply):
                    assert foreign(text, mine) == []
                    assert [word for word in mine.never if word in text] == []
                    assert [secret for secret in secrets if secret in text] == []
    # They are real: every one holds words of its own lead.
    assert own == prompts >= 5_000 / PARTS
