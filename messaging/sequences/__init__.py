"""Follow-ups that are planned, and stop at the right moment."""
