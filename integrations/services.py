"""The catalogue of outside services: what each needs, whether it works, what to do.

A service is declared where it lives: a module that `settings` names for any port and
that holds `SERVICE` is on the page, in `doctor` and in the contract tests by itself.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from itertools import chain
from typing import Any, Final

from django.conf import settings

from integrations.http_guard import run_bounded
from integrations.http_observers import unobserved
from integrations.http_redact import redact

log = logging.getLogger(__name__)

DEADLINE: Final = 8.0  # seconds for one test, all its calls together
# The settings whose dotted paths name a provider's module.
PORTS: Final = (
    "TRANSPORTS",
    "LANGUAGE_MODELS",
    "WEBHOOKS",
    "MEDIA_FETCHERS",
    "FILE_STORES",
)


class ServiceState(StrEnum):
    """How a test of a service ended."""

    OK = "ok"
    REJECTED = "rejected"  # it answered, and does not accept who we are
    UNREACHABLE = "unreachable"  # no whole answer: nothing is said of the keys
    RATE_LIMITED = "rate_limited"  # it works, and takes no more for now
    MISCONFIGURED = "misconfigured"  # something that is set is wrong or missing
    OFF = "off"  # nothing is set: what runs instead does


@dataclass(frozen=True, slots=True)
class ServiceResult:
    """What a test found: `words` say what is so, `fix` what to do about it (empty
    when nothing is wrong), `detail` what the service itself answered (a sentence, a
    number's name). None of them holds a secret. `latency_ms` is None when nothing
    was called.
    """

    state: ServiceState
    words: str
    fix: str = ""
    latency_ms: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One setting of a service, by its name in the environment, and what it is, in
    words. A secret is shown masked. `read` gives the value that runs, where that is
    not the Django setting of the same name.
    """

    setting: str
    words: str = ""
    secret: bool = False
    read: Callable[[], str] | None = None

    def value(self) -> str:
        """What is in use now; "" when it is not set."""
        if self.read is not None:
            return self.read()
        return str(getattr(settings, self.setting, "") or "")


Test = Callable[[float], ServiceResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One outside service.

    `needs` must all be set, of `one_of` at least one; `optional` may be. `test` gets
    its total deadline in seconds, never raises and changes nothing. `without` says
    what runs instead while it is off; `action` is the test's button; `calls` are the
    names it goes by at the one door out (`http.request(service=…)`), its `key` when
    empty; `texts` names the transport that can text a person's own phone.
    """

    key: str
    label: str
    purpose: str
    test: Test
    needs: tuple[Need, ...] = ()
    one_of: tuple[Need, ...] = ()
    optional: tuple[Need, ...] = ()
    without: str = ""
    costs: str = ""
    docs: str = ""
    action: str = "Test"
    texts: str = ""
    calls: tuple[str, ...] = ()

    def all_needs(self) -> tuple[Need, ...]:
        """Every setting, the needed ones first."""
        return (*self.needs, *self.one_of, *self.optional)

    def missing(self) -> list[str]:
        """What is still to be set, in words; empty when it can run."""
        names = [need.setting for need in self.needs if not need.value()]
        if self.one_of and not any(need.value() for need in self.one_of):
            names.append(" or ".join(need.setting for need in self.one_of))
        return names

    def is_on(self) -> bool:
        """Whether everything it needs is set."""
        return not self.missing()

    def is_half_set(self) -> bool:
        """Whether somebody began to set it and something is missing: it stays off."""
        begun = any(need.value() for need in (*self.needs, *self.one_of))
        return begun and not self.is_on()


def catalogue() -> tuple[Service, ...]:
    """All services, the house's own first, then the providers' as settings name
    them.
    """
    modules = dict.fromkeys(["integrations.services_house", *_provider_modules()])
    found: dict[str, Service] = {}
    for name in modules:
        for service in _declared(import_module(name)):
            found.setdefault(service.key, service)
    return tuple(found.values())


def _provider_modules() -> Iterator[str]:
    for name in PORTS:
        named: Any = getattr(settings, name, ())
        lists = named.values() if isinstance(named, dict) else [named]
        for path in chain.from_iterable(lists):
            module = str(path).rpartition(".")[0]
            if module.startswith("integrations.providers."):
                yield module


def _declared(module: Any) -> tuple[Service, ...]:
    several: tuple[Service, ...] = getattr(module, "SERVICES", ())
    one: Service | None = getattr(module, "SERVICE", None)
    return several if one is None else (*several, one)


def find_service(key: str) -> Service | None:
    """The service with this key, None when this installation has none."""
    return next((one for one in catalogue() if one.key == key), None)


def standing(service: Service) -> ServiceResult | None:
    """What is plain without a call: it is off, or half set; None when it is on."""
    if service.is_half_set():
        names = service.missing()
        missing = ", ".join(names)
        verb = "is" if len(names) == 1 else "are"
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            f"Half set, so it stays off: {missing} {verb} missing.",
            fix=f"Set {missing}, or empty the others.",
        )
    if not service.is_on():
        return ServiceResult(ServiceState.OFF, service.without or "Not set up.")
    return None


def check(service: Service, *, deadline: float = DEADLINE) -> ServiceResult:
    """Test one service now; never raises, and ends within `deadline` seconds.

    What it found is not kept: `services_checks.run_check` does that.
    """
    plain = standing(service)
    if plain is not None:
        return plain
    started = time.monotonic()
    try:
        result = run_bounded(lambda: _ask(service, deadline), deadline + 0.5)
    except TimeoutError:
        result = unreachable(f"{service.label} did not answer in {deadline:.0f} s.")
    except Exception as error:
        log.exception("the test of %s failed", service.key)
        result = ServiceResult(
            ServiceState.UNREACHABLE,
            f"The test itself failed ({type(error).__name__}).",
            fix="That is a fault of ours; the log has the details.",
        )
    took = round((time.monotonic() - started) * 1000)
    kept = result.latency_ms if result.latency_ms is not None else took
    values = [need.value() for need in service.all_needs() if need.secret]
    secrets = [part.strip() for value in values for part in value.split(",")]
    return replace(
        result,
        latency_ms=kept,
        words=redact(result.words, also=secrets),
        detail=redact(result.detail, also=secrets),
    )


def _ask(service: Service, deadline: float) -> ServiceResult:
    # The test's own words are kept, not those of its calls.
    with unobserved():
        return service.test(deadline)


def unreachable(words: str, *, fix: str = "") -> ServiceResult:
    """No whole answer came. Says nothing of the keys, because nobody judged them."""
    return ServiceResult(
        ServiceState.UNREACHABLE,
        words,
        fix=fix or "Nothing is known of the keys. Try again; then look at the network.",
    )
