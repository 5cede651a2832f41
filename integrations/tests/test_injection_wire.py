"""What really goes to the model's vendor, and what is kept of it: nothing of another
lead, no note, no address, no secret (P14).
"""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from integrations.tests.attackers import Heard
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.openai_server import (
    fresh_model,
    point_at,
    says,
    sent_body,
)
from leads.models import ContactPoint
from messaging.agent.masking import CARD, SECRET
from messaging.models import PromptRecord
from messaging.tests.canary_world import Marked, marked_lead
from messaging.tests.conftest import carrier
from messaging.tests.talk import FakeCarrier, later, mode, person, text_in
from messaging.tests.test_injection_canaries import foreign, secrets_of
from messaging.writing import add_note

__all__ = ["carrier", "fresh_door", "fresh_model", "serve"]  # fixtures

pytestmark = pytest.mark.django_db
Serve = Callable[[Script], Loopback]
LEADS, TEXTS = 20, 3
HIDDEN = "4111 1111 1111 1111, my password is hunter2! sk-proj-Ab3dEfGh1jKlMn0p"


def talk_all(serve: Serve, settings: Settings) -> tuple[Loopback, list[Marked]]:
    """Leads with a long past who write three texts each, all at the same time."""
    secrets_of(settings)
    mode("auto")
    server = serve(says("responses"))
    point_at(settings, server, "responses")
    leads = [marked_lead(number) for number in range(LEADS)]
    ana = person()
    for place in range(TEXTS):
        for mine in leads:
            phone = ContactPoint.objects.get(pk=mine.point.pk).value
            text_in(
                f"What do you sell? {mine.word(f'new{place}')} {HIDDEN}", sender=phone
            )
            note = mine.word(f"newnote{place}", never=True)
            add_note(conversation=mine.talk, user=ana, body=note)
        later(seconds=40 * (place + 1))
    return server, leads


def test_what_is_sent_kept_and_answered_holds_only_what_is_its_leads(
    carrier: type[FakeCarrier], serve: Serve, settings: Settings
) -> None:
    server, leads = talk_all(serve, settings)
    secrets = [*secrets_of(settings), "hunter2", "1111 1111", "sk-proj-Ab3"]
    sent = [Heard.of(sent_body(server, at)) for at in range(len(server.requests))]
    texts = [(f"{one.instructions}\n{one.told}", None) for one in sent]
    kept = list(PromptRecord.objects.select_related("turn__conversation__lead"))
    assert len(sent) >= LEADS * TEXTS * 0.9 and len(kept) == len(sent)
    assert {one.input for one in kept} == {one.told for one in sent}
    for one in kept:
        lead = one.turn.conversation.lead_id
        texts.append((f"{one.instructions}\n{one.input}\n{one.answer}", lead))
    for text, lead in texts:
        mine = next(one for one in leads if f"CN{one.number:03d}nameX" in text)
        assert lead in (None, mine.lead.pk)
        assert foreign(text, mine) == []
        assert [word for word in mine.never if word in text] == []
        assert [secret for secret in secrets if secret in text] == []
        assert CARD in text and SECRET in text
    assert len(FakeCarrier.accepted) >= LEADS
    by_phone = {mine.point.value: mine for mine in leads}
    for message in FakeCarrier.accepted:
        mine = by_phone[message.to_address]
        assert foreign(message.body, mine) == []
        assert [word for word in mine.never if word in message.body] == []
