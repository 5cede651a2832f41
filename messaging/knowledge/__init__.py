"""What the company says: kept by managers, published, found again."""
