"""What `doctor` finds: health, settings, work that waits, versions.

Every finding says what is so and, where something is wrong, what to do.
"""

import platform
from collections import Counter

import django
from django.core import checks as system_checks

from leadsite import doctor_settings, doctor_work, health
from leadsite.health import Finding, Health, State
from leadsite.heartbeat import Seen, version

LEVELS = {system_checks.WARNING: State.WARN, system_checks.INFO: State.OK}


def examine() -> list[Finding]:
    """All findings, in the order in which one would mend them."""
    healthy = health.examine()
    return [
        versions(healthy),
        *healthy.findings,
        *doctor_work.findings(healthy),
        *doctor_settings.findings(),
        *django_checks(),
    ]


def versions(healthy: Health) -> Finding:
    """The versions here; parts that run another one are named."""
    words = (
        f"Leadsite {version()}, Python {platform.python_version()},"
        f" Django {django.__version__}."
    )
    parts = healthy.database.parts if healthy.database else []
    others = [part for part in parts if part.alive and part.version != version()]
    if not others:
        return Finding("versions", State.OK, words)
    named = ", ".join(f"{one.kind} {one.name} ({one.version})" for one in others)
    fix = "Restart those parts, so that all run the same code."
    return Finding("versions", State.WARN, f"{words} Running another: {named}.", fix)


def django_checks() -> list[Finding]:
    """What Django's and our own system checks say."""
    messages = system_checks.run_checks(include_deployment_checks=False)
    shown = [
        message
        for message in messages
        # Half-set services have findings of their own.
        if not message.is_silenced() and message.id != "leadsite.W003"
    ]
    if not shown:
        return [Finding("system checks", State.OK, "Nothing to say.")]
    return [
        Finding(
            f"check {message.id}",
            State.FAIL
            if message.level >= system_checks.ERROR
            else LEVELS.get(message.level, State.OK),
            message.msg,
            message.hint or "",
        )
        for message in shown
    ]


def summary(findings: list[Finding]) -> str:
    """One line: how many of each."""
    counts = Counter(finding.state for finding in findings)
    if not counts[State.FAIL] and not counts[State.WARN]:
        return "All is well."
    said = []
    if counts[State.FAIL]:
        said.append(f"{counts[State.FAIL]} to mend")
    if counts[State.WARN]:
        said.append(f"{counts[State.WARN]} to look at")
    return f"{', '.join(said)}, {counts[State.OK]} well."


def part_line(part: Seen) -> str:
    """One part as `status` and `doctor` show it."""
    seen = f"seen {health.span(part.age)} ago"
    state = seen if part.alive else f"gone, last {seen}"
    return (
        f"{part.kind:<7}{part.name}  up {health.span(part.running_for)}"
        f"  {state}  version {part.version}"
    )
