"""What Dagster knows: assets, checks, schedules, sensors and their metadata."""
