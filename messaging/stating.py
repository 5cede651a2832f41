"""Where a lead says it is, as the time zone that quiet hours then follow."""

from leads import places
from leads.models import ContactPoint
from messaging.agent.understanding.facts_text import FactReading
from messaging.agent.understanding.places import read_zone


def stated_zone(
    text: str, *, language: str, of: ContactPoint | None
) -> tuple[FactReading, ...]:
    """The time zone stated in a text of this address; empty when none is plain."""
    countries = places.place_of(of).countries if of is not None else ()
    near = frozenset(
        zone.key for country in countries for zone in places.zones_of_country(country)
    )
    states = places.states_by_zone()
    found = read_zone(text, language=language, near=near, states=states)
    return (found,) if found is not None else ()
