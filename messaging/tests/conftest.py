from collections.abc import Iterator

import pytest

from messaging.tests.talk import FakeCarrier


@pytest.fixture
def carrier(settings: object) -> Iterator[type[FakeCarrier]]:
    """Texts go to a carrier in this process."""
    path = "messaging.tests.talk.FakeCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    FakeCarrier.reset()
    yield FakeCarrier
