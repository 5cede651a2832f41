"""The ground: who leads are, where they stand, what we may do."""
