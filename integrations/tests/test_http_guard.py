"""No address inside a private network is ever connected (P29)."""

import socket
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http, http_guard, http_net
from integrations.http import GuardRefused, Outcome
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import Loopback, answer, fetch, resolver

fresh_door, serve = loopback.fresh_door, loopback.serve
canary = loopback.canary

Dials = list[tuple[str, int]]

# Every way to write "this machine" or "a machine in here" that came to mind; {p} is
# the canary's port.
SPELLINGS = [
    "http://127.0.0.1:{p}/",
    "http://127.1:{p}/",
    "http://127.0.1:{p}/",
    "http://127.127.127.127:{p}/",
    "http://0177.0.0.1:{p}/",
    "http://0177.0.0.01:{p}/",
    "http://00000177.1:{p}/",
    "http://017700000001:{p}/",
    "http://0x7f.0.0.1:{p}/",
    "http://0x7f.1:{p}/",
    "http://0x7f000001:{p}/",
    "http://0X7F000001:{p}/",
    "http://2130706433:{p}/",
    "http://0:{p}/",
    "http://0.0.0.0:{p}/",
    "http://0.0.0.0.:{p}/",
    "http://127.0.0.1.:{p}/",
    "http://localhost:{p}/",
    "http://LOCALHOST:{p}/",
    "http://localhost.:{p}/",
    "http://127。0。0。1:{p}/",
    "http://①②⑦.⓪.⓪.①:{p}/",
    "http://１２７.0.0.1:{p}/",
    "http://[::1]:{p}/",
    "http://[0:0:0:0:0:0:0:1]:{p}/",
    "http://[::]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/",
    "http://[::127.0.0.1]:{p}/",
    "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b:1::7f00:1]:{p}/",
    "http://[2002:7f00:1::]:{p}/",
    "http://[fe80::1%25lo]:{p}/",
    "http://user:pass@127.0.0.1:{p}/",
    "http://public.example@127.0.0.1:{p}/",
    "http://public.example:80@127.0.0.1:{p}/",
    "http://127.0.0.1:{p}#@public.example/",
    "http://127.0.0.1:{p}?@public.example/",
    "http://public.example#@127.0.0.1:{p}/",
    "http:127.0.0.1:{p}/",
    "http:/127.0.0.1:{p}/",
    "http:///127.0.0.1:{p}/",
    "http://\\127.0.0.1:{p}/",
    "http://127.0.0.1:{p}\t/",
    " http://127.0.0.1:{p}/",
    "http://127.0.0.1%00:{p}/",
    "http://127.0.0.1%2f:{p}/",
    "http://%31%32%37.0.0.1:{p}/",
    "//127.0.0.1:{p}/",
    "127.0.0.1:{p}",
    "https://127.0.0.1:{p}/",
    "HTTP://127.0.0.1:{p}/",
    "ftp://127.0.0.1:{p}/",
    "gopher://127.0.0.1:{p}/_GET",
    "file:///etc/hostname",
    "dict://127.0.0.1:{p}/info",
    "ws://127.0.0.1:{p}/",
    "unix://127.0.0.1:{p}/",
    "jar:http://127.0.0.1:{p}!/",
    "data:text/plain,hello",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/metadata",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
]


@pytest.fixture
def dials(monkeypatch: pytest.MonkeyPatch) -> Dials:
    """Every address that was about to be connected; none of them is."""
    tried: Dials = []

    def dial(address: http_guard.Address, seconds: float) -> socket.socket:
        tried.append((address.ip, address.sockaddr[1]))
        raise ConnectionRefusedError("not connected in this test")

    monkeypatch.setattr(http_net, "dial", dial)
    return tried


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_ever_connected(
    canary: Loopback, dials: Dials, settings: Settings, spelling: str
) -> None:
    settings.OUTBOUND_ALLOW = []
    error = fetch(spelling.format(p=canary.port))
    assert dials == []
    assert canary.connections == 0
    assert error.outcome is Outcome.PERMANENT or error.code == "dns"


@pytest.mark.parametrize("spelling", [s for s in SPELLINGS if "{p}" in s])
def test_the_same_spellings_on_an_allowed_port_are_judged_by_where_they_lead(
    canary: Loopback, dials: Dials, settings: Settings, spelling: str
) -> None:
    settings.OUTBOUND_ALLOW = []
    error = fetch(spelling.format(p=80))
    assert not [ip for ip, _ in dials if http_guard.is_closed(ip)]
    assert error.outcome is Outcome.PERMANENT or error.code in ("dns", "connect")


def test_at_least_sixty_spellings_are_tried() -> None:
    assert len(set(SPELLINGS)) >= 60


@pytest.mark.parametrize(
    "ip", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1"]
)
def test_public_addresses_are_open(ip: str) -> None:
    assert not http_guard.is_closed(ip)


def test_rubbish_in_place_of_an_address_is_closed() -> None:
    assert http_guard.is_closed("not an address")
    assert http_guard.is_closed("::ffff:10.0.0.1")
    assert not http_guard.is_closed("::ffff:8.8.8.8")


def test_the_name_is_looked_up_once_and_the_judged_address_is_connected(
    dials: Dials, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = {"rebind.example": [["93.184.216.34"], ["127.0.0.1"]]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(turns))
    assert fetch("http://rebind.example/").code == "connect"
    assert dials == [("93.184.216.34", 80)]
    assert turns["rebind.example"] == [["127.0.0.1"]]
    assert fetch("http://rebind.example/").code == "guard"
    assert dials == [("93.184.216.34", 80)]


def test_a_name_with_one_inner_address_among_public_ones_is_refused(
    dials: Dials, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = {"mixed.example": [["93.184.216.34", "10.1.2.3"]]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(turns))
    error = fetch("https://mixed.example/")
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "guard")
    assert "OUTBOUND_ALLOW" in error.words
    assert dials == []


def test_the_next_address_is_tried_when_one_does_not_answer(
    dials: Dials, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = {"two.example": [["2606:4700::1", "93.184.216.34"]]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(turns))
    assert fetch("https://two.example/").outcome is Outcome.REFUSED
    assert dials == [("2606:4700::1", 443), ("93.184.216.34", 443)]


@pytest.mark.parametrize("setting", ["OUTBOUND_ALLOW", "OUTBOUND_TRUSTED"])
def test_what_the_installation_names_passes(
    canary: Loopback, settings: Settings, setting: str
) -> None:
    settings.OUTBOUND_ALLOW = settings.OUTBOUND_TRUSTED = []
    setattr(settings, setting, [f"LocalHost:{canary.port}", "rubbish", "h:x", ""])
    url = f"http://localhost:{canary.port}/"
    assert http.request("GET", url, service="s", deadline=2).body == b"secret"
    assert fetch(f"http://127.0.0.1:{canary.port}/").code == "guard"
    assert fetch(f"http://localhost:{canary.port + 1}/").code == "guard"


def test_a_kept_connection_is_judged_again_when_the_settings_change(
    canary: Loopback, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = {"inner.example": [["10.0.0.1"]]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(turns))
    monkeypatch.setattr(http_net, "dial", loopback.dial_instead(canary.port))
    settings.OUTBOUND_ALLOW = ["inner.example:80"]
    for _ in range(2):
        http.request("GET", "http://inner.example/", service="any", deadline=2)
    assert (canary.connections, len(canary.requests)) == (1, 2)
    settings.OUTBOUND_ALLOW = []
    assert fetch("http://inner.example/").code == "guard"
    assert len(canary.requests) == 2


def test_a_form_can_refuse_early_what_could_never_be_called(
    settings: Settings,
) -> None:
    settings.OUTBOUND_ALLOW = ["intern.example:8080"]
    for url in ("https://hooks.example/x", "http://intern.example:8080/x"):
        http.check_url(url)
    for url in ("ftp://h/", "http://h:8080/", "http://10.0.0.1/", "x", "http://[::1"):
        with pytest.raises(GuardRefused):
            http.check_url(url)


def test_environment_proxies_are_not_used(
    serve: Any, canary: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answer())
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    assert http.request("GET", server.url, service="s", deadline=2).ok
    assert canary.connections == 0
