"""The warehouse: the dlt destination, the turn at it, and counts of its tables."""
