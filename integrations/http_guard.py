"""Which addresses the one door out may connect to.

The *connected* address is judged, not the spelling: a name is looked up once, each
address it has must be public, and the connection goes to one of those addresses.
`settings.OUTBOUND_ALLOW` and `settings.OUTBOUND_TRUSTED` are lists of "host:port"
that pass without the check; they match the host as the address spells it.
"""

import ipaddress
import logging
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

logger = logging.getLogger("integrations.http")

T = TypeVar("T")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS: Final = frozenset({80, 443})
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_ADDRESSES: Final = 6
# A look-up that hangs keeps its thread until the system's resolver gives up.
MAX_HANGING: Final = 64

# IANA's special-purpose registries (RFC 6890 and later), and the two metadata
# addresses that lie in public ranges or deserve their own line.
_CLOSED: Final[tuple[_Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's metadata
        "169.254.0.0/16",  # link-local, AWS's and Google's metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# Everything else in IPv6 (loopback, mapped, NAT64, unique local, link-local,
# multicast, discard) lies outside the one range of global unicast.
_GLOBAL_IPV6: Final = ipaddress.IPv6Network("2000::/3")


class GuardRefused(Exception):
    """The address may not be called; the text says why, without secrets."""


class NameNotFound(Exception):
    """The name has no address, or the look-up did not end in time."""


@dataclass(frozen=True, slots=True)
class Address:
    """One socket address that passed the guard: family and what `connect` takes."""

    family: int
    sockaddr: tuple[Any, ...]

    @property
    def ip(self) -> str:
        """The numeric address, without a scope."""
        return str(self.sockaddr[0]).partition("%")[0]


def is_closed(ip: str) -> bool:
    """Whether `ip` is not a public unicast address. An IPv4 address written as
    IPv6 is judged as the IPv4 address it is.
    """
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_closed(str(address.ipv4_mapped))
        if address not in _GLOBAL_IPV6:
            return True
    return any(address in network for network in _CLOSED)


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


@lru_cache(maxsize=32)
def _targets(entries: tuple[str, ...]) -> frozenset[tuple[str, int]]:
    targets = set()
    for entry in entries:
        host, _, port = entry.strip().rpartition(":")
        if host and port.isascii() and port.isdigit():
            targets.add((_bare(host), int(port)))
        else:
            logger.warning("OUTBOUND_ALLOW: %r is not host:port, ignored", entry)
    return frozenset(targets)


def is_allowed(host: str, port: int) -> bool:
    """Whether the installation's settings let host:port pass unchecked."""
    entries = (
        *getattr(settings, "OUTBOUND_ALLOW", ()),
        *getattr(settings, "OUTBOUND_TRUSTED", ()),
    )
    return (_bare(host), port) in _targets(entries)


def check_target(scheme: str, host: str, port: int | None) -> None:
    """Judge what can be known without a look-up. Raises GuardRefused."""
    if scheme not in DEFAULT_PORTS:
        raise GuardRefused("only http and https addresses may be called")
    if not host:
        raise GuardRefused("the address names no host")
    port = DEFAULT_PORTS[scheme] if port is None else port
    if is_allowed(host, port):
        return
    if port not in PORTS:
        raise GuardRefused(f"port {port} of {host} is not allowed (only 80 and 443)")
    try:
        ip = str(ipaddress.ip_address(_bare(host)))
    except ValueError:
        return
    check_ip(ip, host, port)


def check_ip(ip: str, host: str, port: int) -> None:
    """Judge the address that would be, or is, connected. Raises GuardRefused."""
    if is_closed(ip) and not is_allowed(host, port):
        raise GuardRefused(
            f"{host} is at {ip}, an address inside a private or special network;"
            " OUTBOUND_ALLOW can name it"
        )


def check_url(url: str) -> None:
    """For forms that store an address: refuse early what can never be called.
    Raises GuardRefused. The connected address is checked again at each call.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise GuardRefused("this is not an address that can be called") from None
    check_target(parts.scheme.lower(), parts.hostname or "", port)


def resolve(host: str, port: int, seconds: float) -> list[Address]:
    """Look `host` up, once, within `seconds`; every address must be public.

    Raises NameNotFound, or GuardRefused as soon as one address is closed: a name
    that mixes both is never a service of ours.
    """
    try:
        found = run_bounded(lambda: _look_up(host, port), seconds)
    except TimeoutError:
        raise NameNotFound(f"the name {host} could not be looked up in time") from None
    except (OSError, UnicodeError):
        raise NameNotFound(f"the name {host} was not found") from None
    addresses = list(dict.fromkeys(found))
    if not addresses:
        raise NameNotFound(f"the name {host} has no address")
    for address in addresses:
        check_ip(address.ip, host, port)
    return addresses[:MAX_ADDRESSES]


def _look_up(host: str, port: int) -> list[Address]:
    rows = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    inet = (socket.AF_INET, socket.AF_INET6)
    return [Address(int(row[0]), tuple(row[4])) for row in rows if row[0] in inet]


_hanging = threading.BoundedSemaphore(MAX_HANGING)


def run_bounded(work: Callable[[], T], seconds: float) -> T:
    """Run `work` in a thread of its own and wait `seconds` for it; its result or
    its exception is ours. Raises TimeoutError, and leaves the thread behind.
    """
    answers: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except Exception as error:  # handed over to the waiting thread
            answers.put((None, error))
        finally:
            _hanging.release()

    if not _hanging.acquire(timeout=max(seconds, 0)):
        raise TimeoutError("too many look-ups hang")
    try:
        threading.Thread(target=run, name="http-bounded", daemon=True).start()
    except BaseException:
        _hanging.release()
        raise
    try:
        result, failure = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise TimeoutError("no answer in time") from None
    if failure is not None:
        raise failure
    return result  # type: ignore[return-value]  # None only when T is None
