"""Pages of `messaging`: permission, parse, one call, answer."""
