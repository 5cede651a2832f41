"""How long the built-in understanding takes a message, and what memory it holds.

    python bench/understand.py [--rounds 5] [--messages 2000]

Prints one JSON object. Promised: p95 <= 5 ms a message, memory <= 15 MB. The texts are
the evaluation files in ../shared when they are there, invented ones otherwise.
"""

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SHARED = ROOT.parent / "shared" / "data" / "replies"
FILES = ("optout_shared.jsonl", "nus_sms_shared.jsonl", "sgd_user_turns_shared.jsonl")
INVENTED = (
    "Hi, we need about 40 seats next month, budget is 20k, can someone call me?",
    "STOP",
    "pls stop txting me, i never signed up for this",
    "Sounds good, see you Tuesday at 3",
    "\xbfCu\xe1nto cuesta al mes? \xbfTienen descuento para 25 usuarios?",
    "Por favor no me escriban m\xe1s",
    "Je voudrais un rendez-vous jeudi matin, c'est possible ?",
    "Arr\xeatez de m\u2019envoyer des messages",
    "K\xf6nnen Sie mich morgen um 10 Uhr anrufen?",
    "Voc\xeas t\xeam hor\xe1rio amanh\xe3 \xe0 tarde?",
    "I am out of the office until June 3 with limited access to email.",
    "That's a bit too expensive for us, I need to talk to my boss first.",
    "ok",
    "\u9000\u8ba2",
    "are you a real person or a bot?",
)
LONG = {
    "words": "please stop the bus and send me no more of those lists now " * 160,
    "one_word": "a" * 10_000,
    "stops": "stop " * 2_000,
    "do_nots": "do not ever never stop no me no ne pas nicht keine " * 190,
    "quotes": "On Mon 3 wrote " * 700,
    "marks": "?!., " * 2_000,
    "arabic": "\u0644\u0627 \u062a\u0631\u0633\u0644 \u0644\u064a " * 800,
    "chinese": "\u4e0d\u8981\u518d\u53d1\u77ed\u4fe1" * 1_400,
}


def texts(wanted: int) -> tuple[str, list[str]]:
    """Where the texts come from, and an even mix of them."""
    found: list[list[str]] = []
    for name in FILES:
        path = SHARED / name
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            found.append([json.loads(line)["text"] for line in lines if line])
    if not found:
        return "invented", [INVENTED[i % len(INVENTED)] for i in range(wanted)]
    share = wanted // len(found)
    mixed: list[str] = []
    for rows in found:
        step = max(1, len(rows) // share)
        mixed += [rows[(i * step) % len(rows)] for i in range(share)]
    return "shared", mixed


def reader() -> tuple[Callable[[str], None], list[str]]:
    """One call for all there is to read in a message, and the parts it has."""
    from messaging.agent.understanding.intents import read_intent
    from messaging.agent.understanding.language import detect_language
    from messaging.agent.understanding.optout import read_opt_out

    read_when = _optional("dates", "read_when")
    read_facts = _optional("facts", "read_facts")
    now, zone = datetime(2025, 3, 3, 9, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    previous = "Would Tuesday at 10 work for a short call?"

    def read(text: str) -> None:
        language = detect_language(text)
        read_opt_out(text)
        read_intent(text, language=language, previous=previous)
        if read_when:
            read_when(text, now=now, tz=zone, language=language)
        if read_facts:
            read_facts(text, language=language, now=now, tz=zone)

    parts = ["language", "opt_out", "intent"]
    parts += ["dates"] * bool(read_when) + ["facts"] * bool(read_facts)
    return read, parts


def _optional(module: str, name: str) -> Callable[..., object] | None:
    try:
        found = importlib.import_module(f"messaging.agent.understanding.{module}")
    except ModuleNotFoundError:
        return None
    function: Callable[..., object] | None = getattr(found, name, None)
    return function


def resident_mb() -> float:
    """Memory this process holds, in MB; 0 where /proc is missing."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0.0
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def timed_ms(call: Callable[[str], None], text: str) -> float:
    """Milliseconds one call takes."""
    start = time.perf_counter()
    call(text)
    return (time.perf_counter() - start) * 1000


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def memory(mix: list[str]) -> dict[str, float]:
    """What stays in memory once everything has been read once, in MB."""
    tracemalloc.start()
    read, _ = reader()
    for text in mix:
        read(text)
    held, peak = (size / 1e6 for size in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    return {"held_mb": round(held, 2), "peak_mb": round(peak, 2)}


def memory_of_a_fresh_process(messages: int) -> dict[str, float]:
    """The same, where nothing has been loaded before."""
    command = [sys.executable, __file__, "--memory", "--messages", str(messages)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ordinary_texts() -> dict[str, object]:
    """What is read as a stop or a pause among texts that people sent each other."""
    from messaging.agent.understanding.optout import OptOut, read_opt_out

    path = SHARED / "nus_sms_shared.jsonl"
    if not path.is_file():
        return {}
    rows = [json.loads(x)["text"] for x in path.read_text("utf-8").splitlines() if x]
    decisions = [read_opt_out(text).decision for text in rows]
    return {
        "texts": len(rows),
        "stop": decisions.count(OptOut.STOP),
        "pause": decisions.count(OptOut.PAUSE),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--messages", type=int, default=2000)
    options.add_argument("--memory", action="store_true", help="measure only memory")
    chosen = options.parse_args()
    source, mix = texts(chosen.messages)
    if chosen.memory:
        print(json.dumps(memory(mix)))
        return
    resident = resident_mb()
    read, parts = reader()
    warm = sum(timed_ms(read, text) for text in INVENTED)
    rounds = [[timed_ms(read, text) for text in mix] for _ in range(chosen.rounds)]
    grown = resident_mb() - resident
    p50, p95, p99 = (
        statistics.median(percentile(values, share) for values in rounds)
        for share in (0.5, 0.95, 0.99)
    )
    result = {
        "texts": source,
        "messages": len(mix),
        "parts": parts,
        "first_15_messages_ms": round(warm, 1),
        "p50_ms": round(p50, 3),
        "p95_ms": round(p95, 3),
        "p99_ms": round(p99, 3),
        "max_ms": round(max(map(max, rounds)), 2),
        "long_text_ms": {k: round(timed_ms(read, v), 1) for k, v in LONG.items()},
        "resident_growth_mb": round(grown, 2),
        "traced": memory_of_a_fresh_process(chosen.messages),
    }
    result["ordinary_texts"] = ordinary_texts()
    result["kept"] = p95 <= 5 and grown <= 15
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
