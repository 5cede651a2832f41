"""Short words for races in threads of this process."""

import random
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from leads import clock
from leadsite.tests.faults.carrier import OURS
from messaging.inbound import receive_message
from messaging.models import Conversation, Message, Turn
from messaging.queueing import queue_message
from messaging.transports import InboundMessage


def text(number: str, words: str) -> Message:
    """A text comes in; its turn waits."""
    return receive_message(
        fact=InboundMessage(
            provider="twilio",
            external_id=f"SM{random.getrandbits(128):032x}",
            channel="sms",
            from_address=number,
            to_address=OURS,
            text=words,
            received_at=clock.now(),
        )
    )


def lead_who_wrote(number: int) -> Conversation:
    """A conversation in which nothing waits."""
    message = text(f"+1415552{number:04d}", "hello")
    Turn.objects.filter(conversation=message.conversation).delete()
    return message.conversation


def queued(conversation: Conversation) -> Message:
    """An automatic message that is due."""
    return queue_message(
        conversation=conversation,
        kind="sms",
        body=f"hi {uuid.uuid4()}",
        author="builtin",
        automatic=True,
    )


def in_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=_closing, args=(call,))
    thread.start()
    return thread


def on_threads(threads: int, calls: Sequence[Callable[[], object]]) -> None:
    """Run all calls on so many threads; raises what one of them raised."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_closing, calls))


def _closing(call: Callable[[], object]) -> None:
    try:
        call()
    finally:
        connections.close_all()
