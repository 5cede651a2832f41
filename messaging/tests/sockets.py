"""A socket's other end for tests (Channels' own needs a second server)."""

from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket(ApplicationCommunicator):  # type: ignore[misc]
    """Speaks ASGI's websocket messages to an application."""

    def __init__(
        self, application: Any, path: str, headers: list[tuple[bytes, bytes]]
    ) -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def connect(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=5)
        return bool(answer["type"] == "websocket.accept")

    async def say(self, text: str | None = None, data: bytes | None = None) -> None:
        await self.send_input(
            {"type": "websocket.receive", "text": text, "bytes": data}
        )

    async def hear(self) -> str:
        answer = await self.receive_output(timeout=2)
        assert answer["type"] == "websocket.send", answer
        return str(answer["text"])

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=2)
