"""From the API into tables."""
