"""The admin of `leads`. Lists of the lead's own pages are beside the others."""

from leads.admin import api_keys, ground, hours, lead, records

__all__ = ["api_keys", "ground", "hours", "lead", "records"]
