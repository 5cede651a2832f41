"""The simulator's page: invented people, what they write, what it came to."""
