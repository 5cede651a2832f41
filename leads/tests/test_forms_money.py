"""People type amounts; rows hold whole millionths."""

import pytest
from django.core.exceptions import ValidationError

from leads.forms_money import MicroMoneyField
from leads.forms_policy import PolicyForm
from leads.models import Policy


@pytest.mark.parametrize(
    ("micro", "shown"),
    [
        (0, "0.00"),
        (500_000, "0.50"),
        (8_300, "0.0083"),
        (20_000_000, "20.00"),
        (1, "0.000001"),
    ],
)
def test_an_amount_comes_back_as_it_was_stored(micro: int, shown: str) -> None:
    field = MicroMoneyField()
    assert field.prepare_value(micro) == shown
    assert field.clean(shown) == micro
    assert not field.has_changed(micro, shown)


@pytest.mark.parametrize(
    "typed", ["-1", "much", "0.0000001", "NaN", "1e99", "Infinity"]
)
def test_what_is_no_amount_is_refused_and_shown_as_typed(typed: str) -> None:
    field = MicroMoneyField()
    with pytest.raises(ValidationError):
        field.clean(typed)
    assert field.prepare_value(typed) == typed
    assert field.has_changed(1, typed)


def test_the_policys_money_is_typed_as_money() -> None:
    form = PolicyForm(instance=Policy())
    assert 'value="0.50"' in str(form["ai_micro_lead_day"])
    assert 'value="0.0083"' in str(form["sms_segment_micro"])
