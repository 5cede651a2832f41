"""The set-up card: what a new installation does first, read from its data."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model

from leads import opt_outs
from leads import policy as policies
from leads.models import Event, OptOutList
from leadsite.accounts import DEMO_GROUP
from leadsite.admin_site import WhereMessagesGo, url_or_none
from messaging.models import Channel, Message, Profile


@dataclass(frozen=True)
class Step:
    """One line of the card: what to do, where, and whether it is done."""

    key: str
    title: str
    words: str
    action: str = ""
    page: str = ""
    done: bool = False

    @property
    def link(self) -> str | None:
        """Where it is done; None for what is done elsewhere."""
        return url_or_none(self.page) if self.page else None


STEPS: tuple[Step, ...] = (
    Step(
        "lead",
        "Be a lead",
        "Text yourself in the simulator and read the answer.",
        "Text us as a lead",
        "simulator",
    ),
    Step(
        "take_over",
        "Take over",
        "Stop the AI in the middle of its answer and write your own.",
        "Open the inbox",
        "inbox",
    ),
    Step(
        "why",
        "See why",
        "Press Why on an answer: its sources, the checks, what it cost.",
        "Open the inbox",
        "inbox",
    ),
    Step(
        "stop",
        "Say STOP",
        "As the lead. Nothing reaches that number any more, whoever tries.",
        "Open the simulator",
        "simulator",
    ),
    Step(
        "profile",
        "Say who you are",
        "Only what the company profile says may leave as a fact.",
        "Fill in the profile",
        "profile",
    ),
    Step(
        "phone",
        "Connect a phone",
        "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER, "
        "then point the number at /hooks/twilio/sms/. The services page tests each.",
        "Open the services",
        "services",
    ),
    Step(
        "opt_outs",
        "Bring the old opt-outs",
        "Who opted out of the system you come from must not hear from you again. Until "
        "that list is imported, or you sign that there is none, nothing real leaves.",
        "Import or sign",
        "opt_outs",
    ),
    Step(
        "colleague",
        "Bring a colleague",
        "Each person has an account, a team and a reach.",
        "Add a person",
        "admin:auth_user_add",
    ),
)


def setup_steps(*, where: WhereMessagesGo) -> list[Step]:
    """Return the eight steps in order. Demo data counts for none of them."""
    done = _done(where)
    return [
        Step(s.key, s.title, s.words, s.action, s.page, done=done[s.key]) for s in STEPS
    ]


def _done(where: WhereMessagesGo) -> dict[str, bool]:
    tried = Message.objects.filter(simulated=True, conversation__lead__demo=False)
    events = Event.objects.filter(lead__demo=False)
    people = get_user_model().objects.filter(is_active=True, is_staff=True)
    return {
        "lead": tried.filter(direction=Message.Direction.INBOUND).exists(),
        "take_over": events.filter(kind="conversation.taken_over").exists(),
        "why": events.filter(kind="answer.explained").exists(),
        "stop": tried.filter(details__opt_out="stop").exists(),
        "profile": Profile.objects.filter(
            demo=False, updated_at__isnull=False
        ).exists(),
        "phone": where.live,
        "opt_outs": _opt_outs_known(),
        "colleague": people.exclude(groups__name=DEMO_GROUP).count() > 1,
    }


def _opt_outs_known() -> bool:
    """Whether somebody said so, for every kind of real channel there is."""
    policy = policies.lately()
    kinds = Channel.objects.filter(simulated=False).values_list("kind", flat=True)
    return OptOutList.objects.exists() and all(
        opt_outs.is_settled(policy, kind) for kind in set(kinds)
    )
