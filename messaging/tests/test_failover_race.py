"""Many workers at one mail while its first road refuses: each road is asked once."""

from typing import Any

import pytest
from django.db import connection

from leads.models import Task
from messaging.sending import deliver
from messaging.tests import test_failover
from messaging.tests.test_failover import First, Second, a_mail, refusal
from messaging.tests.test_races import at_once
from messaging.transports import Outcome

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
roads = test_failover.roads  # fixture


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


@pytest.mark.parametrize("second", [Outcome.UNKNOWN, None])
def test_sixteen_workers_turn_a_mail_once(second: Outcome | None) -> None:
    First.says = [refusal() for _ in range(8)]
    Second.says = [refusal(second) if second else None for _ in range(8)]
    rows = [a_mail(f"dana{number}@example.net") for number in range(8)]
    calls: list[Any] = [lambda pk=row.pk: deliver(message_id=pk) for row in rows]
    at_once(16, calls * 6)
    assert (len(First.asked), len(Second.asked)) == (8, 8)
    for row in rows:
        row.refresh_from_db()
        assert row.state == ("unknown" if second else "sent")
        assert [one.public_id for one in Second.asked].count(row.public_id) == 1
    assert not Task.objects.filter(kind="failed").exists()
