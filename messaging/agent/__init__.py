"""The brain: what a lead's message means, what to answer, and what may leave.

- `understanding` reads a message: opt-out, intent, language, times, facts.
- `policy.plan_turn` picks the goal of the turn. It alone decides what happens.
- A `model.LanguageModel` writes the words for that goal and nothing else;
  `builtin.BuiltinModel` is the one that needs no key and no network.
- `guard.inspect` names every word of a reply that may not leave.

Everything here is a pure function of frozen dataclasses: no database, no clock, no
network. A model's text is data; it carries no recipient, state, score or tool.
"""
