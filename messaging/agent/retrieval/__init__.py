"""The parts of retrieval that need no database: words, spelling, ranking."""
