"""The review queue: what waits for a person's decision."""
