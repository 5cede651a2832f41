"""A connection is pinned to the judged address and still proves the name."""

import datetime
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from integrations import http, http_guard, http_net
from integrations.http import HttpError, Outcome
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import (
    Loopback,
    answer,
    fetch,
    resolver,
    serving,
)

fresh_door, canary = loopback.fresh_door, loopback.canary


def test_a_pinned_connection_still_bears_the_name(
    canary: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dial(address: http_guard.Address, seconds: float) -> socket.socket:
        assert address.ip == "93.184.216.34"
        return loopback.dial_instead(canary.port)(address, seconds)

    turns = {"named.example": [["93.184.216.34"]]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(turns))
    monkeypatch.setattr(http_net, "dial", dial)
    answered = http.request("GET", "http://named.example/", service="s", deadline=2)
    assert answered.ok
    assert b"\r\nHost: named.example\r\n" in canary.requests[0]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for secure.example, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "secure.example")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("secure.example")]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(pem)
    )
    return path


@pytest.mark.parametrize(
    ("name", "trusted", "code"),
    [
        ("secure.example", True, "ok"),
        ("secure.example", False, "tls"),
        ("other.example", True, "tls"),
    ],
)
def test_tls_proves_the_name_over_the_pinned_address(
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    trusted: bool,
    code: str,
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http_net.forget_transports()
    with serving(answer(200, b"private"), tls=context) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolver({name: [["8.8.8.8"]]}))
        monkeypatch.setattr(http_net, "dial", loopback.dial_instead(server.port))
        if code == "ok":
            answered = http.request("POST", f"https://{name}/", service="s", deadline=3)
            assert answered.body == b"private"
        else:
            error = fetch(f"https://{name}/")
            assert (error.outcome, error.code) == (Outcome.REFUSED, code)
            assert server.requests == []


def test_a_handshake_that_hangs_is_a_definite_no(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        target = f"127.0.0.1:{mute.getsockname()[1]}"
        settings.OUTBOUND_ALLOW = [target]
        with pytest.raises(HttpError) as caught:
            http.request("POST", f"https://{target}/", service="s", deadline=0.4)
    assert (caught.value.outcome, caught.value.code) == (Outcome.REFUSED, "connect")
