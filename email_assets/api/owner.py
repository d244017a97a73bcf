"""Owners of lists: servers, domains or accounts that each have a list of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

OWNER_HEADER = "X-Email-Assets-Owner"
"""Tells the session whose secret a request wants. It is taken off before anything is sent."""


@dataclass(frozen=True)
class Owner:
    """The owner of a list, where there are several lists of one kind; by default there is one."""

    name: str = ""
    label: dict[str, Any] = field(default_factory=dict)
    """Fields that every row of the owner gets."""
    resource: str = ""
    """The resource that lists the owner."""

    @property
    def title(self) -> str:
        """The owner as sentences name it, such as `servers 42`."""
        return f"{self.resource} {self.name}"

    def address(self, path: str) -> str:
        """A path, with what the owner's rows get wherever it leaves room for it."""
        for name, value in self.label.items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        return path
