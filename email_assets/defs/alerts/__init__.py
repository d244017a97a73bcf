"""The sensor that tells people what is wrong, and what Dagster's history says of it."""
