"""The place where the next sync of a resource goes on, kept in dlt's state beside its rows.

Neither rows nor state come without the other, and a restored warehouse knows what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import dlt

from email_assets.clock import now

NEWEST = "newest"
"""The latest time that syncs have seen, and of which list and owners."""
READ = "read"
"""The time of a sync of a list whose newest row is old, and of which list and owners."""
BEHIND = "behind"
"""Owners that were refused, and the time from which on each was not read; null is the beginning."""
AWAY = "away"
"""The same owners, and the time of the first sync that could not read each."""
REPAIRED = "repaired"
"""The last repair of the tables after which everything was read."""

OF_LIST = 2
"""The parts of an identity that tell the list; the names of owners follow."""


@dataclass(frozen=True)
class Cursor:
    """The state of a resource. What is known of another list says nothing about this one."""

    resource: str
    identity: list[str]
    """The identity of a reading: which list, by which field, and of which owners."""

    def of_owners(self, names: Iterable[str]) -> Cursor:
        """The state of the same list, read of these owners."""
        return replace(self, identity=[*self.identity[:OF_LIST], *sorted(names)])

    def known_owners(self, pipeline: dlt.Pipeline) -> list[str]:
        """The names of the owners that the list was last read of."""
        found: list[str] = self._stored(pipeline).get(NEWEST, {}).get("of", [])
        return found[OF_LIST:] if found[:OF_LIST] == self.identity[:OF_LIST] else []

    def newest(self, pipeline: dlt.Pipeline) -> datetime | None:
        """The latest time that earlier syncs have seen, or None before the first."""
        return self._time_in(self._stored(pipeline), NEWEST)

    def last_read(self, pipeline: dlt.Pipeline) -> datetime | None:
        """The time at which a list was read whose newest row was old by then, or None."""
        return self._time_in(self._stored(pipeline), READ)

    def behind(self, pipeline: dlt.Pipeline) -> dict[str, datetime | None]:
        """The owners that are read from an earlier time on, by name; None is the beginning.

        Those that were refused, and those that no sync knew yet.
        """
        found: dict[str, str | None] = self._stored(pipeline).get(BEHIND) or {}
        refused = {name: datetime.fromisoformat(at) if at else None for name, at in found.items()}
        known = self.known_owners(pipeline)
        return refused | {name: None for name in self.identity[OF_LIST:] if name not in known}

    def away(self, pipeline: dlt.Pipeline) -> dict[str, datetime]:
        """The owners that the last sync could not read, and since when that is so, by name."""
        found: dict[str, str] = self._stored(pipeline).get(AWAY) or {}
        return {name: datetime.fromisoformat(at) for name, at in found.items()}

    def has_read_since(self, repair: str, pipeline: dlt.Pipeline) -> bool:
        """True if everything was read since a repair of the tables."""
        return self._stored(pipeline).get(REPAIRED) == repair

    def keep_repaired(self, repair: str) -> None:
        """Let the next sync know that everything was read since a repair of the tables."""
        self._state()[REPAIRED] = repair

    def keep_newest(self, newest: datetime) -> None:
        """Let the next sync go on from a time, unless an earlier one has seen a later time.

        To be called while dlt extracts, as all that keeps something here.
        """
        state = self._state()
        latest = max(self._time_in(state, NEWEST) or newest, newest)
        state[NEWEST] = {"at": latest.isoformat(), "of": self.identity}

    def keep_read(self) -> None:
        """Let later syncs know that the list was read now, old as its newest row is."""
        self._state()[READ] = {"at": now().isoformat(), "of": self.identity}

    def forget_newest(self) -> None:
        """Let the next sync read everything."""
        self._state().pop(NEWEST, None)

    def keep_behind(self, starts: Mapping[str, datetime | None]) -> None:
        """Let the next sync read owners from earlier times on."""
        state = self._state()
        before = state.pop(AWAY, {})
        state.pop(BEHIND, None)
        if starts:
            state[BEHIND] = {name: at.isoformat() if at else None for name, at in starts.items()}
            state[AWAY] = {name: before.get(name, now().isoformat()) for name in starts}

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = dlt.current.resource_state(self.resource)
        return state

    def _stored(self, pipeline: dlt.Pipeline) -> dict[str, Any]:
        sources = pipeline.state.get("sources", {})
        found: dict[str, Any] = sources.get(self.resource, {}).get("resources", {})
        state: dict[str, Any] = found.get(self.resource, {})
        return state

    def _time_in(self, state: Mapping[str, Any], name: str) -> datetime | None:
        found = state.get(name, {})
        is_same = found.get("of", [])[:OF_LIST] == self.identity[:OF_LIST]
        # what a clock that was ahead has let through would leave the time until then unread
        return min(datetime.fromisoformat(found["at"]), now()) if is_same else None
