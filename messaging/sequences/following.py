"""A step that the AI writes, from a brief: through the same port, guard and vetting as
an answer, and left out when there is nothing new to say.
"""

from dataclasses import dataclass, field, replace

from leads import policy
from leads.models import Mode, Policy
from messaging.agent.builtin import BuiltinModel
from messaging.agent.disclosure import disclosure_of
from messaging.agent.model import Goal, ModelError, Plan, Proposal, Situation
from messaging.agent.policy import plan_follow_up
from messaging.agent.retrieval.words import fold, similarity, trigrams
from messaging.conversations import effective_mode
from messaging.metering import meter_of_follow_up
from messaging.models import Conversation, Message
from messaging.models.sequence import Enrollment, Step
from messaging.queueing import channel_for
from messaging.sequences.deciding import Standing, Write
from messaging.situations import GSM_PART, situation_to_follow
from messaging.vetting import Vetted, vet
from messaging.wording import Wording, holding_words, words_within

NOTHING_NEW = "Nothing new to say"
# From this similarity of trigrams on, words say again what we have said.
SAME = 0.8


@dataclass(frozen=True)
class Wanted:
    """A step that waits for the AI's words; nothing is locked meanwhile."""

    at: Standing
    step: Step
    decision: Write


@dataclass(frozen=True)
class Found:
    """The AI's words as they would leave; with `skip` nothing does, for that reason."""

    vetted: Vetted = field(default_factory=lambda: Vetted("", "", ""))
    author: str = ""
    skip: str = ""


def find(enrollment: Enrollment, wanted: Wanted) -> Found:
    """Ask for the words of a step. Raises WorkLost when it is no longer ours."""
    rules = policy.lately()
    conversation, step = wanted.at.conversation, wanted.step
    mode = mode_for(conversation, step.kind, rules)
    if mode == Mode.OFF:
        return Found(skip="The AI is off here")
    situation, plan = plan_for(conversation, wanted.decision, rules)
    try:
        wording = words_within(
            lambda service: meter_of_follow_up(
                enrollment=enrollment, service=service, rules=rules
            ),
            lead=enrollment.lead,
            situation=situation,
            plan=plan,
            rules=rules,
        )
    except ModelError as error:
        wording = _drafted(error, situation, plan)
    return judge(wording, situation, plan, mode=mode)


def plan_for(
    conversation: Conversation, decision: Write, rules: Policy
) -> tuple[Situation, Plan]:
    """What is known, and what the follow-up comes back to."""
    situation = situation_to_follow(
        conversation,
        point=decision.point,
        brief=decision.variant.brief.strip(),
        max_segments=rules.max_segments,
    )
    return situation, plan_follow_up(situation)


def mode_for(conversation: Conversation, kind: str, rules: Policy) -> str:
    """What the AI may do on the channel that the step takes."""
    channel = channel_for(conversation, kind)
    return effective_mode(conversation, channel=channel, policy=rules)


def _drafted(error: ModelError, situation: Situation, plan: Plan) -> Wording:
    """A person is asked where the house wants no other model's words by themselves."""
    return replace(holding_words(situation, plan), draft_reason=error.words)


def judge(wording: Wording, situation: Situation, plan: Plan, *, mode: str) -> Found:
    """Hold the words to the guard and to what we have said already."""
    body = wording.proposal.body.strip()
    # The built-in model knows nothing but what is still to be asked or offered.
    built_in = wording.author == BuiltinModel.author
    if not body or (built_in and not plan.ask) or repeats(body, situation):
        return Found(skip=NOTHING_NEW)
    vetted = vet(
        wording,
        situation=situation,
        plan=plan,
        inbound=Message(kind=situation.channel),
        mode=mode,
        max_segments=max(1, situation.max_chars // GSM_PART),
    )
    details = {**vetted.details, **_rests_on(wording.proposal, vetted)}
    return Found(replace(vetted, details=details), wording.author)


def _rests_on(proposal: Proposal, vetted: Vetted) -> dict[str, object]:
    return {
        "goal": str(Goal.FOLLOW_UP),
        "model": proposal.model,
        "prompt_version": proposal.prompt_version,
        "sources": list(proposal.sources),
        "claims": list(vetted.claims),
    }


def repeats(body: str, situation: Situation) -> bool:
    """Whether words nearly repeat an earlier message of ours."""
    mine = trigrams(fold(body))
    told = disclosure_of(situation)
    return any(
        similarity(mine, trigrams(fold(said.text.replace(told, "")))) >= SAME
        for said in situation.history
        if said.author == "us"
    )
