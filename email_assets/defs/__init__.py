"""The Dagster layer: assets, checks, schedules, sensors and their metadata."""
