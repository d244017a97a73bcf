"""The instants and lengths of windows."""

from datetime import datetime, timedelta, timezone

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
