"""How a sentence is shown to rest on words of the company's; see `claims`."""
