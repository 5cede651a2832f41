"""Pages of consent: who must not be written to, the old list, one lead's record."""
