"""Real sending stays locked until the opt-outs of the old system are known."""

import pytest

from leads import policy
from leads.models import Policy
from leads.opt_outs import LOCKED_WORDS
from leads.work import run_due
from messaging import writing
from messaging.models import Message
from messaging.tests.talk import FakeCarrier, later, mode, person, sent, talk, text_in

pytestmark = pytest.mark.django_db


def test_nothing_real_leaves_before_the_old_opt_outs_are_known(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    settled = policy.current().opt_outs_sms_at
    Policy.objects.update(opt_outs_sms_at=None)
    text_in("hello")
    later(minutes=1)
    writing.send_as_person(conversation=talk(), user=person(), kind="sms", body="Hi")
    later(minutes=1)
    assert sent() == []
    held = Message.objects.filter(state="held")
    assert held.count() == 1  # the AI's was taken back: a person answered
    assert held[0].reason == LOCKED_WORDS
    assert [c["ok"] for c in held[0].checks if c["name"] == "opt-out"] == [False]
    Policy.objects.update(opt_outs_sms_at=settled)
    later(minutes=3)
    assert sent() == ["Hi"]


def test_the_simulator_is_never_locked(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    Policy.objects.update(opt_outs_sms_at=None, opt_outs_email_at=None)
    text_in("hello", simulated=True)
    run_due()
    later(minutes=1)
    assert Message.objects.get(direction="outbound").state in ("sent", "draft")
