"""The page of one lead: story, score, facts, details."""
