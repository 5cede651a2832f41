"""Where analytics keeps its documents. The only place that knows MongoDB.

Each document of a lead bears its public id in the field `lead`. With `MONGODB_URL` unset
nothing is stored anywhere yet: the embedded store says so.
"""

from typing import Any, Final, Protocol

import pymongo
from django.conf import settings
from pymongo.errors import ConfigurationError, PyMongoError

LEAD: Final = "lead"
DATABASE: Final = "leadsite"
# For all of an erasure. The driver would wait half a minute for each call.
SECONDS: Final = 20.0
_MILLISECONDS: Final = 3_000


class StoreAway(Exception):
    """The store did not answer, or not in time. What was done so far stays done."""


class Store(Protocol):
    """Where documents are kept."""

    words: str

    def erase_lead(self, public_id: str) -> int:
        """Delete every document of a lead; how many. Raises StoreAway."""

    def documents_of(self, public_id: str) -> dict[str, list[dict[str, Any]]]:
        """A lead's documents by collection. Raises StoreAway."""


class EmbeddedStore:
    """In place of MongoDB where none is set: nothing is stored, nothing is to go."""

    words = "no MongoDB is set: nothing is stored there"

    def erase_lead(self, public_id: str) -> int:
        """Nothing is there."""
        return 0

    def documents_of(self, public_id: str) -> dict[str, list[dict[str, Any]]]:
        """Nothing is there."""
        return {}


class MongoStore:
    """A MongoDB, by its URL; the database it names, else `leadsite`."""

    words = "MongoDB"

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._seconds = seconds

    def erase_lead(self, public_id: str) -> int:
        """Delete every document of a lead, in every collection; how many.

        Twice does nothing more. Raises StoreAway.
        """
        deleted = 0
        with _Open(self._url, self._seconds) as database:
            for name in database.list_collection_names():
                if not name.startswith("system."):
                    found = database[name].delete_many({LEAD: public_id})
                    deleted += found.deleted_count
        return deleted

    def documents_of(self, public_id: str) -> dict[str, list[dict[str, Any]]]:
        """A lead's documents by collection. Raises StoreAway."""
        found = {}
        with _Open(self._url, self._seconds) as database:
            for name in sorted(database.list_collection_names()):
                rows = database[name].find({LEAD: public_id}, {"_id": 0})
                if documents := list(rows):
                    found[name] = documents
        return found


class _Open:
    """The database for one piece of work, within one deadline for all of it."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._deadline = pymongo.timeout(seconds)

    def __enter__(self) -> Any:
        try:
            self._client: Any = pymongo.MongoClient(
                self._url,
                serverSelectionTimeoutMS=_MILLISECONDS,
                connectTimeoutMS=_MILLISECONDS,
                appname="leadsite",
            )
        except PyMongoError as error:
            raise StoreAway(
                f"its address cannot be used: {type(error).__name__}"
            ) from None
        self._deadline.__enter__()
        try:
            return self._client.get_default_database()
        except ConfigurationError:
            return self._client[DATABASE]

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._deadline.__exit__(kind, error, trace)
        self._client.close()
        if isinstance(error, PyMongoError):
            # The driver's words name hosts and may hold a query.
            raise StoreAway(
                f"MongoDB does not answer ({type(error).__name__})"
            ) from None


def store() -> Store:
    """The store of this installation."""
    if settings.MONGODB_URL:
        return MongoStore(settings.MONGODB_URL)
    return EmbeddedStore()
