"""How dates and times are written on staff pages."""
