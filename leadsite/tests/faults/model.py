"""An OpenAI on loopback: words in the shape that was asked for, or held back."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPLY = "Thanks for writing! What would you like to use the seats for?"


@dataclass
class Model:
    """Answers `/v1/responses` and `/v1/chat/completions`.

    A prompt with the words given to `hold` keeps it thinking until `let_go`.
    """

    server: ThreadingHTTPServer
    reply: str = REPLY
    asked: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    held: str = ""
    free: threading.Event = field(default_factory=threading.Event)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def hold(self, words: str) -> None:
        self.held = words
        self.free.clear()

    def let_go(self) -> None:
        self.held = ""
        self.free.set()

    def heard(self, words: str) -> bool:
        return any(words in json.dumps(body) for _, body in self.asked)

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((time.time(), body))
        if self.held and self.held in json.dumps(body):
            self.free.wait(60)
        words = json.dumps({"reply": self.reply, "claims": []})
        if path.endswith("/responses"):
            return _response(body, words)
        return _completion(body, words)


def _response(body: dict[str, Any], words: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": words, "annotations": []}
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": int(time.time()),
        "model": body.get("model", ""),
        "status": "completed",
        "output": [message],
        "usage": {"input_tokens": 500, "output_tokens": 40, "total_tokens": 540},
    }


def _completion(body: dict[str, Any], words: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": words}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.get("model", ""),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540},
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model

    def do_POST(self) -> None:
        with suppress(OSError):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length))
            answer = json.dumps(self.model.answer(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that was killed is part of the plan."""


@contextmanager
def thinking() -> Iterator[Model]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    model = Model(server)
    model.let_go()
    handler.model = model
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model
    finally:
        model.let_go()
        server.shutdown()
        server.server_close()
