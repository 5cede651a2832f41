"""OpenAI, and servers that speak like it: the words of a turn.

The model is told the plan and proposes a text; it decides nothing. Whatever comes
back, `write` returns words that fit the schema or raises ModelError.
"""

from dataclasses import dataclass, replace

from django.conf import settings

from integrations.openai_answers import (
    Answer,
    BadAnswer,
    NamedAnswer,
    read_answer,
    wire_schema,
)
from integrations.openai_api import Account, Misconfigured, account
from integrations.openai_check import check
from integrations.openai_talk import Talk
from integrations.openai_wire import Ask, Rung
from integrations.services import Need, Service, ServiceResult
from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.model import Claim, ModelError, Plan, Proposal, Situation, Speaking
from messaging.agent.prompting import CURRENT, Prompt, build_prompt
from messaging.text import clean

MAX_OUTPUT = 2_000  # tokens, thinking included
_QUOTED = 2_000  # characters of a bad answer that go back with the question
_WORTH_REPAIRING = 0.25  # of the deadline must be left


class OpenAIModel:
    """Keeps the `LanguageModel` contract."""

    name = "openai"
    author = "ai"

    def __init__(self, speaking: Speaking | None = None) -> None:
        self._speaking = speaking or Speaking()

    @property
    def speaking(self) -> Speaking:
        """The prompt and the model that write."""
        named = self._speaking
        model = named.model or str(settings.OPENAI_MODEL).strip()
        return Speaking(named.prompt_version or CURRENT, model)

    def speaking_as(self, speaking: Speaking) -> "OpenAIModel":
        """The same with another prompt, or another model of the same account."""
        return OpenAIModel(speaking)

    def is_configured(self) -> bool:
        """A key is set, and nothing that is set is wrong."""
        try:
            account()
        except Misconfigured:
            return False
        return True

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        """Ask for the words of the plan; at most once more when they do not fit."""
        if not plan.speaks:
            named = self.speaking
            model, version = named.model, named.prompt_version
            return Proposal("", (), plan.confidence, Usage(), model, version)
        who = replace(_account(), model=self.speaking.model)
        version = self.speaking.prompt_version
        prompt = build_prompt(situation, plan, version=version)
        talk = Talk(who, meter, seconds=settings.OPENAI_DEADLINE)
        heard = _ask(talk, prompt)
        answer = heard.answer
        return Proposal(
            body=answer.reply,
            sources=tuple(dict.fromkeys(answer.sources)),
            confidence=plan.confidence,
            usage=talk.usage,
            model=who.model[:80],
            prompt_version=prompt.version,
            claims=_claims(answer),
            instructions=prompt.instructions,
            prompt=heard.told,
            answer=clean(heard.text),
        )

    def test(self, deadline: float = 10.0) -> ServiceResult:
        """Have one sentence written. Never raises; see `openai_check`."""
        return check(deadline)


def _account() -> Account:
    try:
        return account()
    except Misconfigured as error:
        raise ModelError("permanent", str(error), code="settings") from None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was asked at last, what came to the letter, and what it says."""

    told: str
    text: str
    answer: Answer | NamedAnswer


def _claims(answer: Answer | NamedAnswer) -> tuple[Claim, ...]:
    if isinstance(answer, NamedAnswer):
        return ()
    return tuple(Claim(one.words, one.source, one.quote) for one in answer.claims)


def _ask(talk: Talk, prompt: Prompt) -> _Heard:
    ask = Ask(
        instructions=prompt.instructions,
        turns=(("user", prompt.input),),
        schema=wire_schema(prompt.sources, cites=prompt.cites),
        max_output=MAX_OUTPUT,
    )
    text = talk.ask(ask)
    try:
        return _read(talk, ask, text, prompt)
    except BadAnswer as error:
        why = str(error)
    if talk.left < settings.OPENAI_DEADLINE * _WORTH_REPAIRING:
        raise _no_answer(talk, why)
    again = _repair(ask, text, why, "claims" if prompt.cites else "sources")
    mended = talk.ask(again)
    try:
        return _read(talk, again, mended, prompt)
    except BadAnswer as error:
        raise _no_answer(talk, str(error)) from None


def _read(talk: Talk, ask: Ask, text: str, prompt: Prompt) -> _Heard:
    loose = talk.rung is Rung.PLAIN
    answer = read_answer(text, sources=prompt.sources, loose=loose, cites=prompt.cites)
    told = "\n\n".join(clean(words) for _, words in ask.turns)
    return _Heard(told, text, answer)


def _repair(ask: Ask, text: str, why: str, listed: str) -> Ask:
    words = (
        f"That cannot be used: {why}. Answer again with one JSON object with the"
        f" fields reply and {listed}, and nothing around it."
    )
    turns = (*ask.turns, ("assistant", text[:_QUOTED]), ("user", words))
    return Ask(ask.instructions, turns, ask.schema, ask.max_output)


def _no_answer(talk: Talk, why: str) -> ModelError:
    words = f"{talk.who.label} gave an answer that cannot be used: {why}"
    return ModelError("unknown", words, code="bad_answer")


SERVICE = Service(
    key="openai",
    label="OpenAI",
    purpose="Writes the AI's words.",
    test=check,
    action="Write one sentence",
    needs=(Need("OPENAI_API_KEY", "from platform.openai.com, API keys", secret=True),),
    optional=(
        Need("OPENAI_MODEL", "which model writes"),
        Need("OPENAI_BASE_URL", "another server that speaks like OpenAI"),
        Need("OPENAI_API", "responses or chat"),
    ),
    without="The built-in model writes, from its own phrases.",
    costs="Paid by the token; the caps are on the policy page.",
    docs="https://platform.openai.com/docs",
)
