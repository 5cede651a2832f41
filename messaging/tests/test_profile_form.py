"""The company profile's links."""

import warnings

import pytest

from messaging.forms_profile import ProfileForm
from messaging.models import Profile

pytestmark = pytest.mark.django_db


def filled(**said: str) -> ProfileForm:
    profile = Profile.to_edit()
    values = {"name": "Northwind", "tone": "friendly", "time_zone": "UTC"}
    values |= {"currency": "USD", **said}
    return ProfileForm(values, instance=profile)


@pytest.mark.parametrize("field", ["website", "booking_url"])
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("northwind.example", "https://northwind.example"),
        ("http://northwind.example", "http://northwind.example"),
        ("https://northwind.example/a", "https://northwind.example/a"),
        ("", ""),
    ],
)
def test_a_link_without_a_scheme_is_the_safe_one(
    typed: str, kept: str, field: str
) -> None:
    form = filled(**{field: typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data[field] == kept


@pytest.mark.parametrize("field", ["website", "booking_url"])
def test_a_link_must_be_one_and_fit(field: str) -> None:
    for typed in ("no link", "https://a.example/" + "x" * 200):
        assert field in filled(**{field: typed}).errors


def test_the_form_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names = {
            name: Profile._meta.get_field(name) for name in ProfileForm.Meta.fields
        }

        class Again(ProfileForm):
            """Made anew, as when the program starts."""

        assert set(names) <= set(Again.base_fields)
