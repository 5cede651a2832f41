"""The AI stops answering by itself until a person acts: no credit, no access."""

from django.db import transaction

from leads import pipeline, policy
from leads.models import Policy, Task, Team

TITLE = "The AI only drafts"
_KEY = "ai_halted"


@transaction.atomic
def halt_ai(*, reason: str) -> bool:
    """Let the AI only draft from now on and tell a person, once; False when it
    already does. Everybody's next answer waits for a person.
    """
    policy.current()
    row = Policy.objects.select_for_update().get(pk=policy.ONE)
    if row.ai_halted_reason:
        return False
    changed = policy.change(actor="system", ai_halted_reason=reason[:300])
    pipeline.open_task(
        team=Team.default(),
        kind=Task.Kind.OTHER,
        title=TITLE,
        reason=f"{reason}. Mend it, then press Resume on the policy page.",
        effect_key=f"{_KEY}:{changed.updated_at:%Y-%m-%dT%H:%M:%S.%f}",
    )
    return True


@transaction.atomic
def resume_ai(*, actor: str) -> bool:
    """Let the AI answer again as its mode says; False when it was not halted."""
    if not policy.current().ai_halted_reason:
        return False
    policy.change(actor=actor, ai_halted_reason="")
    asked = Task.objects.open().filter(effect_key__startswith=f"{_KEY}:")
    for task in asked:
        pipeline.close_task(task=task, actor=actor)
    return True
