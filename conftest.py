"""What every test gets; the environment is set in leadsite/tests/environment.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the checkout; skips where there is none."""
    if not SHARED.is_dir():
        pytest.skip("no folder ../shared with real data beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    from django.core.cache import cache

    from leads.kept import forget_all

    cache.clear()
    forget_all()
    yield
