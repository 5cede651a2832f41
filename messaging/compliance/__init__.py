"""The compliance report: numbers that are counted, each with the rows behind it."""
