"""Which prompt and which model speak: published after a run, taken back at once."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, outbox, policy
from leads.kept import Kept
from leads.models import Policy
from messaging.agent import builtin
from messaging.agent.model import LanguageModel, Speaking, TakesPrompts, choose_model
from messaging.agent.prompting import CURRENT
from messaging.evaluating import sealing
from messaging.evaluating.comparing import Comparison, compare, covers
from messaging.models import EvaluationCase, EvaluationRun, Message, Release

OFFLINE = "builtin"
"""What a run calls the built-in model."""
_NAMED = 5  # cases in a refusal
_LOOKED_AT = 50  # runs, the newest first


class NotPublished(ValueError):
    """It may not speak; the words say why, `cases` are those that speak against it."""

    def __init__(self, words: str, cases: Sequence[EvaluationCase] = ()) -> None:
        super().__init__(words)
        self.cases = tuple(cases)


def _newest() -> Speaking:
    release = Release.objects.first()
    if release is None:
        return Speaking()
    # The file of a newer version of the product may be gone: then ours speaks.
    there = release.prompt_version in sealing.versions()
    return Speaking(release.prompt_version if there else "", release.model)


current = Kept(_newest, Release)
"""What speaks, "" where the settings decide; no query a turn. A change holds at once
in this process, in another one within `leads.kept.SECONDS`."""


def speaking_now() -> Speaking:
    """Prompt and model that write the next answer, by name. Raises ModelError when
    none is set up.
    """
    model = choose_model(settings.LANGUAGE_MODELS, speaking=current())
    if isinstance(model, TakesPrompts):
        return model.speaking
    return Speaking(builtin.PROMPT_VERSION, model.name)


def writer_of(speaking: Speaking) -> LanguageModel:
    """The model that writes as `speaking` says. Raises ModelError."""
    names = settings.LANGUAGE_MODELS
    if speaking.model == OFFLINE:
        return choose_model(names, author=Message.Author.BUILTIN)
    return choose_model(names, author=Message.Author.AI, speaking=speaking)


def publish(
    *, prompt_version: str, model: str, run: EvaluationRun, user: User | None
) -> Release:
    """Let a prompt and a model speak from the next message on.

    Raises NotPublished unless the prompt is a sealed file, the run is done, covers
    all active cases as they are now, and is no worse than what speaks: it passes as
    many of them, and every red-team case that passes now.
    """
    why = why_not(prompt_version=prompt_version, model=model, run=run)
    if why is not None:
        raise why
    with transaction.atomic():
        # Two people who publish at once are judged one after the other.
        claims.lock(Policy, policy.current().pk)
        why = why_not(prompt_version=prompt_version, model=model, run=run)
        if why is not None:
            raise why
        if not Release.objects.exists():
            _keep_first()
        return _release(prompt_version, model, run=run, user=user)


def _keep_first() -> None:
    """Write down what spoke before the first release, to have it to go back to: its
    prompt, and whatever model is set up.
    """
    now = speaking_now()
    version = CURRENT if now.model == OFFLINE else now.prompt_version
    Release.objects.create(prompt_version=version, published_at=clock.now())


def why_not(
    *, prompt_version: str, model: str, run: EvaluationRun
) -> NotPublished | None:
    """Why this run does not let its prompt and model speak, None when it does."""
    words = _not_named(prompt_version, model, run)
    if words:
        return NotPublished(words)
    cases = list(EvaluationCase.objects.filter(active=True))
    if not cases:
        return NotPublished("There is no case to judge it by")
    beside = baseline_of(run, cases)
    return _gate(compare(cases=cases, run=run, beside=beside))


def baseline_of(
    run: EvaluationRun, cases: Sequence[EvaluationCase]
) -> EvaluationRun | None:
    """The newest finished run of what speaks now that covers all of `cases`."""
    now = speaking_now()
    runs = EvaluationRun.objects.filter(
        state=EvaluationRun.State.DONE,
        prompt_version=now.prompt_version,
        model=now.model,
    )
    newest = runs.exclude(pk=run.pk).order_by("-finished_at", "-pk")[:_LOOKED_AT]
    return next((one for one in newest if covers(one, cases)), None)


def _not_named(prompt_version: str, model: str, run: EvaluationRun) -> str:
    if not model or model == OFFLINE:
        return "The built-in model has no prompt that could be published"
    if prompt_version not in sealing.versions():
        return f"There is no prompt file {prompt_version}"
    if sealing.why_unsealed(prompt_version):
        return sealing.why_unsealed(prompt_version)
    if (run.prompt_version, run.model) != (prompt_version, model):
        return "That run was made with another prompt or another model"
    if run.state != EvaluationRun.State.DONE:
        return "The run is not done yet"
    if speaking_now() == Speaking(prompt_version, model) and Release.objects.exists():
        return "It speaks already"
    return ""


def _gate(found: Comparison) -> NotPublished | None:
    if found.missing:
        words = "The run does not cover {}: replay all cases first"
        return NotPublished(words.format(_named(found.missing)), found.missing)
    if found.unknown:
        words = "What speaks now was not replayed on {}: nothing to compare with"
        return NotPublished(words.format(_named(found.unknown)), found.unknown)
    if found.fallen:
        words = "A red-team case that passes now would fail: {}"
        return NotPublished(words.format(_named(found.fallen)), found.fallen)
    if found.passes < found.passed:
        words = f"It passes {found.passes} cases, what speaks now {found.passed}: "
        return NotPublished(words + _named(found.worse), found.worse)
    return None


def _named(cases: Sequence[EvaluationCase]) -> str:
    names = ", ".join(f"“{case.title}”" for case in cases[:_NAMED])
    more = len(cases) - _NAMED
    return f"{names} and {more} more" if more > 0 else names


def previous() -> Release | None:
    """The release that a roll-back would bring back, None when there is none.

    What spoke before the one that speaks; one that was brought back stands where it
    stood at first, so that a second roll-back goes further back.
    """
    newest = Release.objects.select_related("returns_to").first()
    if newest is None:
        return None
    speaking = newest.returns_to or newest
    older = Release.objects.filter(pk__lt=speaking.pk).order_by("-pk")
    before = older.select_related("returns_to").first()
    return (before.returns_to or before) if before else None


@transaction.atomic
def roll_back(*, user: User | None) -> Release:
    """Bring back what spoke before. Raises NotPublished when nothing did."""
    claims.lock(Policy, policy.current().pk)
    before = previous()
    if before is None:
        raise NotPublished("Nothing spoke before, so there is nothing to go back to")
    if before.prompt_version not in sealing.versions():
        raise NotPublished(f"The prompt file {before.prompt_version} is gone")
    return _release(
        before.prompt_version,
        before.model,
        run=before.run,
        user=user,
        returns_to=before,
    )


def _release(
    prompt_version: str,
    model: str,
    *,
    run: EvaluationRun | None,
    user: User | None,
    returns_to: Release | None = None,
) -> Release:
    release = Release.objects.create(
        prompt_version=prompt_version,
        model=model,
        run=run,
        returns_to=returns_to,
        published_by=user,
        published_at=clock.now(),
    )
    outbox.emit(
        kind="release.rolled_back" if returns_to else "release.published",
        actor=f"user:{user.pk}" if user else "system",
        payload={"prompt": prompt_version, "model": model},
    )
    # Read by another thread before the commit, the old one would be kept.
    transaction.on_commit(current.forget)
    return release
