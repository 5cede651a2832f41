"""Pages of follow-ups: the builder, who is in one, and the calendar of what goes out."""
