"""What a proven request of Twilio's says."""

import uuid
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from integrations.base import Received, UnreadableDelivery
from integrations.providers.twilio import TwilioWebhook
from integrations.tests.webhook_requests import FORM, MESSAGE, encode, recorded
from integrations.twilio_codes import meaning_of
from messaging.transports import DeliveryUpdate, InboundMessage

AT = datetime(2026, 3, 2, 10, 42, tzinfo=UTC)
Params = dict[str, str]


def read(body: bytes, kind: str = "sms", content_type: str = FORM) -> list[object]:
    parts = {"message": MESSAGE} if kind == "status" else {}
    received = Received(kind, parts, {}, content_type, body, AT)
    return TwilioWebhook().parse(received)


def text_of(params: Params, **changed: str) -> InboundMessage:
    (fact,) = read(encode({**params, **changed}))
    assert isinstance(fact, InboundMessage)
    return fact


def report_of(name: str, **changed: str) -> DeliveryUpdate:
    (fact,) = read(encode({**recorded(name), **changed}), "status")
    assert isinstance(fact, DeliveryUpdate)
    return fact


def test_a_text_carries_who_what_and_when() -> None:
    params = recorded("sms_text")
    fact = text_of(params)
    assert fact == InboundMessage(
        provider="twilio",
        external_id=params["MessageSid"],
        channel="sms",
        from_address="+14155550123",
        to_address="+15017122661",
        text=params["Body"],
        received_at=AT,
        segments=1,
    )


def test_a_picture_without_words_is_kept() -> None:
    fact = text_of(recorded("mms_picture_only"))
    assert fact.text == ""
    assert [media.content_type for media in fact.media] == ["image/jpeg"]
    assert fact.media[0].url.startswith("https://api.twilio.com/")


def test_ten_pictures_are_ten_and_no_more() -> None:
    fact = text_of(
        recorded("mms_ten_pictures"),
        NumMedia="11",
        MediaUrl10="https://api.twilio.com/eleventh",
    )
    assert len(fact.media) == 10


def test_pictures_count_by_their_addresses_not_by_their_number() -> None:
    params = recorded("mms_picture_only")
    for number in ("", "none", "0", "-1", "9" * 400):
        assert len(text_of(params, NumMedia=number).media) == 1
    odd = {"MediaUrl0": "javascript:alert(1)", "NumMedia": "1"}
    assert text_of({**params, **odd}).media == ()


@pytest.mark.parametrize(
    ("name", "sender"),
    [("sms_from_short_code", "72975"), ("sms_from_sender_name", "ACMESHOP")],
)
def test_short_codes_and_sender_names_are_senders(name: str, sender: str) -> None:
    assert text_of(recorded(name)).from_address == sender


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sms_without_sender", "it names no sender"),
        ("sms_withheld_sender", "the sender withheld the number"),
    ],
)
def test_nobody_to_answer_is_a_reason_not_an_error(name: str, reason: str) -> None:
    with pytest.raises(UnreadableDelivery, match=reason):
        read(encode(recorded(name)))


def test_another_channel_is_a_reason_not_an_error() -> None:
    with pytest.raises(UnreadableDelivery, match="whatsapp is not a channel of ours"):
        text_of(recorded("sms_text"), From="whatsapp:+14155550123")


def test_advanced_opt_out_says_that_twilio_answers_itself() -> None:
    stop = text_of(recorded("sms_stop_advanced_opt_out"))
    assert (stop.opt_out_type, stop.keywords_answered) == ("STOP", True)
    plain = text_of(recorded("sms_text"), Body="STOP")
    assert (plain.opt_out_type, plain.keywords_answered) == ("", False)


def test_without_a_number_the_messaging_service_is_the_recipient() -> None:
    params = recorded("sms_messaging_service")
    assert text_of(params).to_address == "+15017122661"
    del params["To"]
    assert text_of(params).to_address == params["MessagingServiceSid"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "👩‍👩‍👧‍👦 🇩🇪 é",
        "x" * 1_600,
        "y" * 10_000,
        "日本語のテキスト",
        "a&b=c+d%20e",
        "\r\nTwo\nlines\t",
        "<script>alert(1)</script>",
    ],
)
def test_any_text_arrives_as_it_was_written(text: str) -> None:
    assert text_of(recorded("sms_text"), Body=text).text == text


def test_what_cannot_be_stored_is_replaced() -> None:
    rest = urlencode({**recorded("sms_text"), "Body": ""}).encode()
    assert text_of(recorded("sms_text"), Body="a\0b").text == "a\ufffdb"
    assert text_of(recorded("sms_text"), Body="e\u0301").text == "é"
    (fact,) = read(rest.replace(b"Body=", b"Body=caf%E9+%80%A4"))
    assert isinstance(fact, InboundMessage)
    assert fact.text == "café €¤"
    latin = f"{FORM}; charset=iso-8859-2"
    (fact,) = read(rest.replace(b"Body=", b"Body=%B1"), content_type=latin)
    assert isinstance(fact, InboundMessage)
    assert fact.text == "ą"
    (fact,) = read(
        rest.replace(b"Body=", b"Body=%B1"), content_type=f"{FORM};charset=x-no"
    )
    assert isinstance(fact, InboundMessage)


def test_any_parameter_may_be_missing_or_repeated() -> None:
    params = recorded("mms_ten_pictures")
    for name in params:
        fewer = {key: value for key, value in params.items() if key != name}
        facts: list[object] = []
        try:
            facts = read(encode(fewer))
        except UnreadableDelivery as reason:
            assert name == "From", reason
        assert facts or name == "From"
        twice = encode(params) + b"&" + encode({name: params[name]})
        assert len(read(twice)) == 1


def test_no_message_id_is_a_reason_not_an_error() -> None:
    params = recorded("sms_text")
    nameless = {k: v for k, v in params.items() if not k.endswith("Sid")}
    for body in (encode(nameless), b"", b"\xff\xfe", b"=&=&="):
        with pytest.raises(UnreadableDelivery, match="it names no message"):
            read(body)
    with pytest.raises(UnreadableDelivery, match="is not Twilio's"):
        read(b"{}", content_type="multipart/form-data")


# --- reports -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("accepted", "sent"),
        ("queued", "sent"),
        ("sending", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("undelivered", "failed"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_a_report_says_a_state_of_ours(word: str, state: str) -> None:
    fact = report_of("status_sent", MessageStatus=word)
    assert fact.state == state
    assert fact.message_public_id == uuid.UUID(MESSAGE)
    assert fact.external_id == recorded("status_sent")["MessageSid"]


def test_a_new_word_is_logged_and_says_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert read(encode(recorded("status_unknown_word")), "status") == []
    assert "teleported" in caplog.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("status_undelivered_30003", "off or out of reach"),
        ("status_undelivered_landline_30006", "landline"),
        ("status_undelivered_filtered_30007", "filtered"),
        ("status_undelivered_unverified_30032", "Toll-Free Verification"),
        ("status_undelivered_unregistered_30034", "A2P 10DLC campaign"),
    ],
)
def test_a_failure_is_told_in_plain_words(name: str, words: str) -> None:
    fact = report_of(name)
    assert (fact.state, fact.error_code) == ("failed", name[-5:])
    assert words in fact.words


def test_codes_say_what_is_known_of_the_address() -> None:
    assert report_of("status_failed_opted_out_21610").opted_out
    assert report_of("status_undelivered_landline_30006").not_textable
    assert not report_of("status_undelivered_30003").not_textable
    assert meaning_of("21614").not_textable
    assert meaning_of("21635").not_textable
    assert meaning_of("99999").words == "Twilio's error 99999"
    assert report_of("status_delivered", ErrorCode="0").words == ""
