"""How the guard reads a reply: folding, values, links, words. Pure functions."""
