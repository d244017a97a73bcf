"""Names that stand where our settings do and are none, but near enough to one to be misspelt.

A name that is like none of ours may belong to another team, and is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import dlt
from dlt.common.configuration.providers.doc import BaseDocProvider

LEAST_ALIKE, MOST_ALIKE = 0.75, 0.86
"""The likeness of two names at the least: less in short ones, one letter of which may be
mistaken where they begin alike."""
SOURCES, PRIVACY = "sources", "privacy"
OF_VENDORS = {"never_load": "never_load stands in a vendor's file. Use [privacy] drop here."}
"""Words that would keep fields out of the warehouse if they were settings, and what to do."""
NO_SETTING = "is no setting, so nothing comes of it"


class Set(NamedTuple):
    """A name that somebody has given a value, or a section."""

    path: tuple[str, ...]
    """It, with the sections that it is in, as they are spelt; of a variable, in small letters."""
    is_section: bool
    place: str
    """Its name, with the file that it stands in if it is no variable."""
    variable: str | None = None

    def called(self, path: tuple[str, ...]) -> str:
        """The name that it should have instead."""
        return variable_of(path) if self.variable else path[-1]


def variable_of(path: tuple[str, ...]) -> str:
    """The environment variable of a setting."""
    return "__".join(path).upper()


def misspelt_in(
    section: tuple[str, ...], ours: Collection[str], known: Collection[str] = ()
) -> str | None:
    """A sentence about the first name of a section that is one of ours misspelt, or None.

    Args:
        section: The section's name, with those that it is in.
        ours: The settings that are looked up there.
        known: Other names that mean something there.
    """
    has_sections = section[0] == SOURCES  # elsewhere, a table is a value
    elsewhere = OF_VENDORS if has_sections else {}
    right = {(*section, name) for name in (*ours, *known)}
    variables = set(map(variable_of, right))
    for found in _set_below(section, 1):
        is_another = found.is_section and (has_sections or found.variable)
        if is_another or (found.path in right and found.variable in {None, *variables}):
            continue
        if meant := nearest(found.path[-1], (*ours, *elsewhere)):
            remedy = f"{found.called((*section, meant))} is one. Correct its name."
            return f"{found.place} {NO_SETTING}; {elsewhere.get(meant, remedy)}"
    return None


def misspelt_section(above: tuple[str, ...], sections: Mapping[str, Collection[str]]) -> str | None:
    """A sentence about the first setting of ours in a section that is one of ours misspelt.

    Variables of other programs stand beside ours, and cannot be given another name for our sake:
    of the outermost sections, they may only be like `[privacy]`, whose loss cannot be made good.

    Args:
        above: The sections that these are in.
        sections: What each may hold, by its name; anything if there is nothing.
    """
    for found in _set_below(above, 2):
        *_, section, name = found.path
        if section in sections:
            continue
        meant = nearest(section, sections)
        if found.variable and not above and meant != PRIVACY:
            continue
        if meant and name in (sections[meant] or [name]):
            right = (*above, meant, name)
            remedy = found.called(right) if found.variable else f"[{'.'.join(right[:-1])}] {name}"
            return f"{found.place} {NO_SETTING}; {remedy} is one. Correct its section's name."
    return None


def nearest(name: str, ours: Collection[str]) -> str | None:
    """The one of our names that a name is like, or None if it is like none of them."""
    found = max(ours, key=lambda one: _likeness(name, one), default="")
    letters = len(_plain(found))
    least = MOST_ALIKE
    if found and _plain(name)[:1] == found[0]:  # few mistake the first letter
        least = min(max((letters - 1) / letters, LEAST_ALIKE), MOST_ALIKE)
    return found if _likeness(name, found) >= least else None


def _likeness(name: str, ours: str) -> float:
    """From 0 to 1, which it is where the case, a plural or what joins words is all that differs.

    It is 0 for a name of ours and a word more, such as `group_id`: that may be a vendor's secret.
    """
    if _words(ours) < _words(name):
        return 0  # nobody adds a word by mistake
    one, other = _plain(name), _plain(ours)
    if one.removesuffix("s") == other.removesuffix("s"):
        return 1
    return SequenceMatcher(None, one, other).ratio()


def _words(name: str) -> set[str]:
    return {*name.lower().replace("-", "_").split("_")} - {""}


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _set_below(above: tuple[str, ...], levels: int) -> Iterator[Set]:
    """All that is set so many levels below a section, in files and in the environment."""
    for provider in dlt.config.config_providers:
        # of a vault this is what was fetched already: to look for names, none is asked
        if isinstance(provider, BaseDocProvider):
            for path, value in _below(provider._config_doc, above, levels):  # noqa: SLF001
                place = f"[{'.'.join(path[:-1])}] {path[-1]} in {_file(provider, path)}"
                yield Set(path, isinstance(value, dict), place)
    depth = len(above) + levels
    for variable in os.environ:
        path = (*variable.lower().split("__"),)
        if len(path) >= depth and path[: len(above)] == above:
            place = f"The environment variable {variable}"
            yield Set(path[:depth], len(path) > depth, place, variable)


def _below(
    document: Any, above: tuple[str, ...], levels: int
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in above:
        document = document.get(name) if isinstance(document, dict) else None
    found = [(above, document)]
    for _ in range(levels):
        found = [
            ((*path, name), value)
            for path, section in found
            if isinstance(section, dict)
            for name, value in section.items()
        ]
    return iter(found)


def _file(provider: Any, path: tuple[str, ...]) -> str:
    *above, name = path
    file = str(provider.get_value_location(name, None, *above)).removeprefix("global:")
    return f".dlt/{file}" if file.endswith(".toml") else str(provider.name)
