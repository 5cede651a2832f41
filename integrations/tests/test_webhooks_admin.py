"""The journal's pages: who sees them, what they show, what they decide."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from integrations.models import WebhookDelivery
from integrations.preview import mask, preview_of
from integrations.tests.test_webhooks_processing import row_of

State = WebhookDelivery.State
LIST = "admin:integrations_webhookdelivery_changelist"
PAGE = "admin:integrations_webhookdelivery_change"


def client_of(*permissions: str, superuser: bool = False) -> Client:
    user = User.objects.create_user(
        f"staff{User.objects.count()}", is_staff=True, is_superuser=superuser
    )
    user.user_permissions.set(
        Permission.objects.filter(
            codename__in=[f"{name}_webhookdelivery" for name in permissions]
        )
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss(db: None) -> Client:
    return client_of(superuser=True)


def page_of(client: Client, row: WebhookDelivery) -> str:
    answer = client.get(reverse(PAGE, args=[row.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_those_who_may_see_the_journal_do(db: None) -> None:
    row = row_of()
    for client in (client_of(), Client()):
        for url in (reverse(LIST), reverse(PAGE, args=[row.pk])):
            assert client.get(url).status_code in (302, 403)


def test_a_reader_sees_a_row_and_decides_nothing(db: None) -> None:
    reader, row = client_of("view"), row_of(state=State.DEAD)
    assert 'value="replay"' not in page_of(reader, row)
    url = reverse(PAGE, args=[row.pk])
    assert reader.post(url, {"do": "replay"}).status_code == 403
    chosen = {"action": "discard_rows", "_selected_action": [row.pk]}
    reader.post(reverse(LIST), chosen)
    row.refresh_from_db()
    assert row.state == State.DEAD


def test_nobody_adds_deletes_or_edits_a_row(boss: Client) -> None:
    row = row_of()
    add = reverse("admin:integrations_webhookdelivery_add")
    delete = reverse("admin:integrations_webhookdelivery_delete", args=[row.pk])
    assert boss.get(add).status_code == 403
    assert boss.post(delete, {"post": "yes"}).status_code == 403
    edit = boss.post(reverse(PAGE, args=[row.pk]), {"state": "done"})
    assert edit.status_code == 403
    row.refresh_from_db()
    assert row.state == State.RECEIVED


def test_the_list_filters_and_finds(boss: Client) -> None:
    row_of(state=State.DEAD, last_error="no such table")
    row_of("sms_emoji", state=State.QUARANTINED, reason="its signature is not right")
    dead = boss.get(reverse(LIST), {"state": "dead"}).content.decode()
    assert "no such table" in dead and "signature" not in dead
    assert "1 result" in boss.get(reverse(LIST), {"q": "signature"}).content.decode()
    twilio = boss.get(reverse(LIST), {"provider": "twilio"}).content.decode()
    assert "no such table" in twilio and "signature" in twilio


def test_a_page_says_why_and_for_which_address(boss: Client) -> None:
    row = row_of(
        state=State.QUARANTINED,
        reason="signature is right for https://a.example/; set PUBLIC_BASE_URL to …",
        verifying_url="https://a.example/hooks/twilio/sms/",
    )
    page = page_of(boss, row)
    assert "signature is right for" in page
    assert "https://a.example/hooks/twilio/sms/" in page
    assert 'value="release"' in page and 'value="replay"' not in page


def test_a_body_is_shown_without_secrets_and_with_short_addresses(
    boss: Client,
) -> None:
    text = "<script>alert(1)</script> token=sk-abcdefghijklmnop dana@example.com"
    row = row_of(params={"Body": text}, state=State.DONE)
    page = page_of(boss, row)
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    assert "sk-abcdefghijklmnop" not in page
    assert "4155550123" not in page and "…0123" in page
    assert "dana@" not in page and "…@example.com" in page
    assert row.headers["x-twilio-signature"] not in page
    assert row.external_id in page and row.url in page


def test_a_purged_and_a_strange_body_have_their_own_words(boss: Client) -> None:
    purged = row_of(state=State.DONE, purged_at="2026-03-02T10:00:00Z", body=b"")
    assert "Emptied on 2 Mar 2026" in page_of(boss, purged)
    strange = row_of("sms_emoji", content_type="application/json", body=b"\xff\0{}")
    assert preview_of(strange).text == "\ufffd\ufffd{}"
    empty = row_of("mms_picture_only", body=b"", size=0)
    assert "It had no body" in page_of(boss, empty)


def test_one_click_replays_and_discards(boss: Client) -> None:
    row = row_of(state=State.DEAD, attempts=5)
    url = reverse(PAGE, args=[row.pk])
    answer = boss.post(url, {"do": "replay"}, follow=True)
    assert "1 will be read again." in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.RECEIVED, 0)
    answer = boss.post(url, {"do": "discard"}, follow=True)
    assert "left as they were: it is waiting" in answer.content.decode()


def test_many_are_replayed_and_discarded_at_once(boss: Client) -> None:
    rows = [
        row_of(params={"MessageSid": f"SM{n:032x}"}, state=State.DEAD) for n in range(6)
    ]
    chosen = {"_selected_action": [row.pk for row in rows[:4]]}
    boss.post(reverse(LIST), {"action": "replay_rows", **chosen})
    assert WebhookDelivery.objects.filter(state=State.RECEIVED).count() == 4
    chosen = {"_selected_action": [row.pk for row in rows]}
    answer = boss.post(
        reverse(LIST), {"action": "discard_rows", **chosen}, follow=True
    ).content.decode()
    assert "2 set aside." in answer and "4 left as they were" in answer


def test_a_row_that_is_gone_is_404(boss: Client) -> None:
    for pk in ("4242", "nonsense", "1_5F"):
        assert boss.get(reverse(PAGE, args=[pk])).status_code == 404


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+14155550123", "…0123"),
        ("call (415) 555-0123 now", "call …0123 now"),
        ("40 seats, 20k", "40 seats, 20k"),
        ("SM" + "0" * 31 + "1", "SM" + "0" * 31 + "1"),
        ("a.b+c@mail.example", "…@mail.example"),
    ],
)
def test_addresses_are_shortened(text: str, shown: str) -> None:
    assert mask(text) == shown
