"""Concurrent one-second model calls that one worker process holds, and the memory
of each.

`python -m bench.turns [--calls 20,100,200]`: prints JSON. Whole turns, from the
claim to the stored reply, on threads as the worker has them; the model is a server
on loopback, in a process of its own, that answers after a second. Ratio: seconds
that the calls would take in the best case (1) over the seconds they took.
"""

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import django

SECONDS = 1.0
WORDS = json.dumps({"reply": "Thanks, noted. What is your budget?", "claims": []})
ANSWER = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "output": [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": WORDS, "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 900, "output_tokens": 60, "total_tokens": 960},
}


class Model(BaseHTTPRequestHandler):
    """Thinks for a second."""

    def do_POST(self) -> None:  # the name is the library's
        """Hear all, think, answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(SECONDS)
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """With room for all who come at once."""

    request_queue_size = 1024


def serve(ports: Any) -> None:
    """The model's process."""
    server = Server(("127.0.0.1", 0), Model)
    ports.put(server.server_port)
    server.serve_forever()


def make_turns(count: int, prefix: int) -> list[int]:
    """Due turns of as many leads."""
    from datetime import timedelta

    from messaging.models import Turn
    from messaging.simulation import SimulatedMessage, receive_simulated

    made = []
    for number in range(count):
        text = "Hi, we need about 40 seats next month, can someone call me?"
        sender = f"+1415{prefix}{number:04d}"
        message = SimulatedMessage("sms", sender, text)
        stored = receive_simulated(message=message, shift=timedelta())
        made.append(Turn.objects.get(last_inbound=stored).pk)
    return made


def resident() -> float:
    """Megabytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def measure(count: int, prefix: int) -> dict[str, Any]:
    """Answer `count` turns at once."""
    from datetime import timedelta

    from leads import clock
    from messaging.models import Turn
    from messaging.replies import answer

    turns = make_turns(count, prefix)
    before, most = resident(), 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.05):
            most = max(most, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()

    def work(pk: int) -> None:
        with clock.shifted(timedelta(seconds=30)):
            answer(turn_id=pk)

    started = time.perf_counter()
    with ThreadPoolExecutor(count) as threads:
        list(threads.map(work, turns))
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    answered = Turn.objects.filter(pk__in=turns, state=Turn.State.DONE)
    return {
        "calls": count,
        "by_the_model": answered.filter(model__startswith="gpt").count(),
        "seconds": round(seconds, 2),
        "best_over_taken": round(SECONDS / seconds, 2),
        "mb_per_call": round(max(0.0, most - before) / count, 3),
    }


def main() -> None:
    """Start the model, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", default="20,100,200")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    model = context.Process(target=serve, args=(ports,), daemon=True)
    model.start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="bench-")
    os.environ["DOORBELLS"] = "false"
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ["OPENAI_API_KEY"] = "sk-invented-for-the-bench"
    os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{ports.get(timeout=30)}/v1"
    os.environ["OPENAI_API"] = "responses"
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from leads.seeding import ensure_ground

    ensure_ground()
    measure(5, 550)  # imports, patterns, the SDK's client
    counts = [int(part) for part in options.calls.split(",")]
    rows = [measure(count, 551 + place) for place, count in enumerate(counts)]
    print(json.dumps({"database": connection.vendor, "turns": rows}, indent=2))
    model.terminate()


if __name__ == "__main__":
    main()
