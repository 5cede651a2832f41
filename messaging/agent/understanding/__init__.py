"""What a lead's message means, read by rules: same text, same answer, no network.

`optout` (wants no more messages), `language`, `intents` (what is wanted, about what),
`dates` (when) and `facts` (amounts, needs, names). Words and patterns of each language
are data, in `data/`.
"""
