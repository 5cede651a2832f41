"""Whether a prompt or a model is good enough to speak: cases, replays, releases."""
