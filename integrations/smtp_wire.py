"""The sockets of the SMTP door: guarded, and bound to one total deadline."""

import io
import socket
import ssl
import time
from typing import Any, Final

from integrations import http_guard, http_net

CONNECT_SECONDS: Final = 5.0


class Wire:
    """A connected socket as `smtplib` uses one. Every step waits at most for what is
    left of the call, so a slow drip ends too.

    `timed_out` says that it did; `broken`, that nothing more can be said over it.
    """

    def __init__(self, sock: socket.socket, call: http_net.Call) -> None:
        self._sock = sock
        self._call = call
        self.timed_out = False
        self.broken = False

    def sendall(self, data: bytes) -> None:
        """Write all of it. Raises OSError, TimeoutError when time is up."""
        view = memoryview(data)
        try:
            while view:
                self._sock.settimeout(self._left())
                view = view[self._sock.send(view) :]
        except OSError as error:
            self._note(error)
            raise

    def read_into(self, buffer: Any) -> int:
        """Read what has come, 0 at the end. Raises OSError."""
        try:
            self._sock.settimeout(self._left())
            got = self._sock.recv_into(buffer)
        except OSError as error:
            self._note(error)
            raise
        self.broken = self.broken or got == 0
        return got

    def _left(self) -> float:
        return self._call.wait(None, TimeoutError)

    def _note(self, error: OSError) -> None:
        self.broken = True
        self.timed_out = self.timed_out or isinstance(error, TimeoutError)

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """What `smtplib` reads lines from."""
        return io.BufferedReader(_Incoming(self))

    def secured(self, context: ssl.SSLContext, host: str) -> "Wire":
        """The same connection under TLS, checked against the host's name. Raises
        OSError (SSLError among them); then it is closed.
        """
        try:
            self._sock.settimeout(self._left())
            sock = context.wrap_socket(self._sock, server_hostname=host)
        except OSError as error:
            self._note(error)
            self.close()
            raise
        return Wire(sock, self._call)

    def close(self) -> None:
        """Close without waiting for the other side."""
        self.broken = True
        self._sock.close()


class _Incoming(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.read_into(buffer)


def dial(host: str, port: int, call: http_net.Call) -> Wire:
    """Look up, judge, and try the addresses in turn. Raises NameNotFound,
    GuardRefused and OSError.
    """
    until = time.monotonic() + min(CONNECT_SECONDS, call.wait(None, TimeoutError))
    addresses = http_guard.resolve(host, port, until - time.monotonic())
    failure: OSError = TimeoutError("no time left to connect")
    for tried, address in enumerate(addresses):
        seconds = (until - time.monotonic()) / (len(addresses) - tried)
        if seconds <= 0:
            break
        try:
            return Wire(http_net.dial(address, seconds), call)
        except OSError as error:
            failure = error
    raise failure
