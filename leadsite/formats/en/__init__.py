"""English staff pages."""
