"""Analytics keeps its own store; see `analytics.stores`."""
