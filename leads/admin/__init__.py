"""The admin of `leads`. Lists of the lead's own pages are beside the others."""

from leads.admin import ground, lead, records

__all__ = ["ground", "lead", "records"]
