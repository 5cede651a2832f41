"""The same call of the API many times at once makes one thing. PostgreSQL only."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from leads.api_keys import issue_key
from leads.models import ApiCall, ApiKey, Suppression, Team
from messaging.models.sequence import Enrollment
from messaging.tests.inbox_world import rep
from messaging.tests.sequence_world import dana, open_house, sequence
from messaging.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
THREADS, ROUNDS = 6, 10


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


@pytest.fixture
def secret() -> str:
    open_house()
    ana = rep("ana", Team.default())
    return issue_key(key=ApiKey(name="Website", user=ana), by=ana)


def post(secret: str, path: str, data: dict[str, Any], once: str) -> Any:
    return Client().post(
        f"/api/v1/{path}/",
        data,
        content_type="application/json",
        headers={"Authorization": f"Api-Key {secret}", "Idempotency-Key": once},
    )


def test_one_enrollment_for_one_key(secret: str) -> None:
    row = sequence({})
    for number in range(ROUNDS):
        lead = dana(
            phone=f"+1415555{number + 2000:04d}", email="", name=f"Lea {number}"
        )
        data = {"sequence": str(row.public_id), "lead": str(lead.public_id)}
        answers = at_once(
            THREADS,
            [
                lambda data=data, n=number: post(secret, "enrollments", data, f"k{n}")
                for _ in range(THREADS)
            ],
        )
        codes = sorted(answer.status_code for answer in answers)  # type: ignore[attr-defined]
        assert codes == [200] * (THREADS - 1) + [201]
        ids = {answer.json()["id"] for answer in answers}  # type: ignore[attr-defined]
        assert ids == {str(Enrollment.objects.get(lead=lead).public_id)}
    assert ApiCall.objects.count() == ROUNDS


def test_one_closed_address_for_one_key(secret: str) -> None:
    for number in range(ROUNDS):
        data = {"address": f"+1415555{number + 3000:04d}"}
        answers = at_once(
            THREADS,
            [
                lambda data=data, n=number: post(secret, "suppressions", data, f"s{n}")
                for _ in range(THREADS)
            ],
        )
        codes = sorted(answer.status_code for answer in answers)  # type: ignore[attr-defined]
        assert codes == [200] * (THREADS - 1) + [201]
    assert Suppression.objects.count() == ROUNDS
