"""Stands before a vendor's mock: adds what only a test may ask, sees the answers."""

import re
import socket
from urllib.parse import urlsplit

_STATE = re.compile(rb'"status":"(failed|undelivered|canceled)"')


class Relay:
    """A loopback script that passes everything to the mock at `address`.

    `prefer` is asked of the mock ("dynamic=true", "code=429"; "" for nothing).
    """

    def __init__(self, address: str, prefer: str = "") -> None:
        self.address = address
        self.prefer = prefer
        self.statuses: list[int] = []
        self.violations: list[bytes] = []

    def __call__(self, sock: socket.socket, heard: bytes) -> None:
        answer = self._ask(heard)
        self.statuses.append(int(answer.split(b" ", 2)[1]))
        for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n"):
            # The mock finds fault with its own examples too; those are not ours.
            if line.lower().startswith(b"sl-violations") and b'"request"' in line:
                self.violations.append(line)
        if self.statuses[-1] == 201:
            answer = _STATE.sub(_just_taken_on, answer)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_RDWR)

    def _ask(self, heard: bytes) -> bytes:
        mock = urlsplit(self.address)
        assert mock.hostname and mock.port
        head, _, body = heard.partition(b"\r\n\r\n")
        lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(b"conn")]
        lines.append(b"Connection: close")
        if self.prefer:
            lines.append(f"Prefer: {self.prefer}".encode())
        parts = []
        with socket.create_connection((mock.hostname, mock.port), 10) as upstream:
            upstream.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            while part := upstream.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def assert_contract_kept(self) -> None:
        """The mock was asked, and nothing broke the vendor's description."""
        assert 422 not in self.statuses, self.violations
        assert self.violations == []
        assert self.statuses, "the mock was not called"


def _just_taken_on(found: "re.Match[bytes]") -> bytes:
    """The mock's message may be in any state, ours is new; no longer than it was."""
    return b'"status":"queued"'.ljust(len(found[0]))
