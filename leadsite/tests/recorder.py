"""A proxy before a vendor's mock: what was asked, and what the mock said to it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

KEPT = ("Content-Type", "Authorization", "Accept")
Change = Callable[[int, bytes], bytes]


@dataclass
class Asked:
    """One request and the mock's verdict; 422 says that it breaks the contract."""

    path: str
    body: str
    status: int


@dataclass
class Recorder:
    """`url` stands for the mock's."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def broken(self) -> list[Asked]:
        """Requests that the vendor's own description does not allow."""
        return [one for one in self.asked if one.status == 422]


@contextmanager
def recording(upstream: str, change: Change | None = None) -> Iterator[Recorder]:
    """Stand before `upstream`; `change` gets an answer's status and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k: self.headers[k] for k in KEPT if self.headers[k]}
            answer = httpx2.request(
                self.command, upstream + self.path, content=body, headers=headers
            )
            status, content = answer.status_code, answer.content
            recorder.asked.append(Asked(self.path, body.decode(), status))
            content = change(status, content) if change else content
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield recorder
    finally:
        server.shutdown()
