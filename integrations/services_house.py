"""The services of the house itself: the database and Redis."""

import time
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from integrations.services import (
    Need,
    Service,
    ServiceResult,
    ServiceState,
    unreachable,
)

# A black-holed Redis is told as unreachable within two seconds.
REDIS_SECONDS: Final = 0.8
_KEEPS_EVERYTHING: Final = "noeviction"
_TOO_NEW: Final = (8, 0)


def _database_url() -> str:
    """Where the data is, as a URL; its password is masked like any other."""
    row = connections["default"].settings_dict
    kind = str(row["ENGINE"]).rpartition(".")[2]
    if kind == "sqlite3":
        return f"sqlite file {row['NAME']}"
    place = f"{row.get('HOST') or 'localhost'}:{row.get('PORT') or 5432}"
    who = str(row.get("USER") or "")
    if row.get("PASSWORD"):
        who += ":password"
    return f"{kind}://{who + '@' if who else ''}{place}/{row['NAME']}"


def ask_database(deadline: float) -> ServiceResult:
    """One statement on a connection of its own."""
    connection = connections["default"].copy()
    started = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        took = _ms(started)
        version = ".".join(str(part) for part in connection.get_database_version())
    except DatabaseError as error:
        return _database_trouble(error)
    finally:
        with suppress(DatabaseError):
            connection.close()
    name = connection.display_name
    return ServiceResult(
        ServiceState.OK,
        f"{name} {version} answers.",
        latency_ms=took,
    )


def _database_trouble(error: DatabaseError) -> ServiceResult:
    words = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
    lower = words.lower()
    if "password" in lower or "authentication" in lower or "role" in lower:
        return ServiceResult(
            ServiceState.REJECTED,
            "The database does not accept the user or the password of DATABASE_URL.",
            fix="Correct DATABASE_URL and restart.",
        )
    if "does not exist" in lower:
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            "The server has no database of the name in DATABASE_URL.",
            fix="Create it, or correct DATABASE_URL and restart.",
        )
    return unreachable(
        f"The database does not answer ({type(error).__name__}).",
        fix="See that it runs and can be reached from this machine.",
    )


def ask_redis(deadline: float) -> ServiceResult:
    """A ping, and whether it keeps what is put into it."""
    seconds = min(REDIS_SECONDS, deadline / 2)
    started = time.monotonic()
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=None,
    )
    try:
        client.ping()
        took = _ms(started)
        return _redis_found(client, took)
    except redis.AuthenticationError:
        return _redis_refused()
    except redis.TimeoutError:
        return _redis_away("takes the connection and does not answer")
    except redis.ConnectionError as error:
        return _redis_away(_why(error))
    except redis.ResponseError as error:
        # A user without the right to ask, or a Redis that wants a password.
        if "auth" in str(error).lower() or "permission" in str(error).lower():
            return _redis_refused()
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            f"Redis answers, but not as it should: {str(error)[:120]}",
            fix="See that REDIS_URL names a Redis server and one of its databases.",
        )
    finally:
        client.close()


def _redis_found(client: Any, took: int) -> ServiceResult:
    """Version and eviction, as far as this user may ask for them."""
    version, policy = "", ""
    with suppress(redis.RedisError):
        version = str(client.info("server").get("redis_version", ""))
        policy = str(client.info("memory").get("maxmemory_policy", ""))
    if policy and policy != _KEEPS_EVERYTHING:
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            f"Redis throws entries away when it is full ({policy}): work would only"
            " be found later, by the sweep.",
            fix="Set maxmemory-policy noeviction in its configuration.",
            latency_ms=took,
        )
    return ServiceResult(
        ServiceState.OK,
        f"Redis {version} answers.".replace("  ", " "),
        latency_ms=took,
    )


def _redis_refused() -> ServiceResult:
    return ServiceResult(
        ServiceState.REJECTED,
        "Redis does not accept the user or the password of REDIS_URL.",
        fix="Correct the password in REDIS_URL and restart.",
    )


def _redis_away(why: str) -> ServiceResult:
    parts = urlsplit(settings.REDIS_URL)
    return unreachable(
        f"Redis at {parts.hostname or 'localhost'}:{parts.port or 6379} {why}."
        " Work goes on: the sweep finds it in the database.",
        fix="See that it runs and can be reached from this machine.",
    )


def _why(error: redis.ConnectionError) -> str:
    words = str(error).lower()
    if "refused" in words:
        return "refuses the connection"
    if "name" in words or "resol" in words or "nodename" in words:
        return "is a name that cannot be found"
    if "ssl" in words or "certificate" in words:
        return "does not prove who it is (TLS)"
    return "cannot be reached"


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


SERVICES = (
    Service(
        key="database",
        label="Database",
        purpose="Keeps everything: leads, messages, and all work that waits.",
        needs=(Need("DATABASE_URL", "where the data is", read=_database_url),),
        without="",
        costs="Nothing is charged.",
        docs="DATABASE_URL, as in postgresql://user@host/name. Read at the start only.",
        test=ask_database,
    ),
    Service(
        key="redis",
        label="Redis",
        purpose="Doorbells between processes, live pages, shared cache.",
        needs=(Need("REDIS_URL", "where it is, with its password", secret=True),),
        without="Not set: web, worker and beat run in one process, which needs none.",
        costs="Nothing is charged.",
        docs="REDIS_URL, as in redis://:password@host:6379/0. Read at the start only.",
        test=ask_redis,
    ),
)
