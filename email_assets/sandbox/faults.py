"""Faults: troubles that the API is told to have, and when each strikes."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.exchange import Exchange, Stage
from email_assets.sandbox.kinds import KINDS
from email_assets.sandbox.store import check_resource


@dataclass(frozen=True, init=False)
class Fault:
    """A trouble that a resource has.

    Args:
        kind: What goes wrong; `kinds.KINDS` holds every kind with its options.
        times: How many requests it strikes; `None` for all.
        after: How many requests of the resource it lets pass first, counted from when it was set.
        options: The kind's own options.

    Raises:
        ValueError: The kind or an option is unknown or missing, or a value does not suit it.
    """

    kind: str
    times: int | None
    after: int
    options: dict[str, Any] = field(hash=False)

    def __init__(
        self, /, kind: str, *, times: int | None = None, after: int = 0, **options: Any
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"There is no fault {kind!r}; known are {', '.join(KINDS)}.")
        known = _options(kind)
        for name, value in {"times": times, "after": after, **options}.items():
            if name not in known:
                raise ValueError(f"{kind} has no option {name!r}; it has {', '.join(known)}.")
            _check(kind, known[name], value)
        for name, parameter in known.items():
            if parameter.default is parameter.empty and name not in options:
                raise ValueError(f"{kind} needs the option {name}.")
        # A frozen dataclass sets its own fields this way too.
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "after", after)
        object.__setattr__(self, "options", options)

    @classmethod
    def from_json(cls, document: object) -> Fault:
        """A fault from `{"kind": "status", "status": 503, "times": 2}`.

        Raises:
            ValueError: It is not an object with a kind, or the fault itself is not valid.
        """
        if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
            raise ValueError('A fault is an object with a kind, as in {"kind": "html"}.')
        return cls(**document)

    @classmethod
    def parse(cls, text: str) -> tuple[str, Fault]:
        """A resource and its fault from `bounces:status:status=503,times=2`.

        An option without a value is switched on.

        Raises:
            ValueError: The text has another form, or the fault itself is not valid.
        """
        resource, kind, settings, *_ = (*text.split(":", 2), "", "")
        check_resource(resource)
        options = {}
        known = _options(kind) if kind in KINDS else {}
        for setting in filter(None, settings.split(",")):
            name, equals, value = setting.partition("=")
            options[name] = _value(known.get(name), value) if equals else True
        return resource, cls(kind, **options)

    def bend(self, exchange: Exchange) -> None:
        """Do to the exchange what the fault's kind does."""
        KINDS[self.kind].act(exchange, **self.options)


class FaultBook:
    """The faults of every resource, and how many requests each has seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, list[Fault]] = {}
        self._seen: dict[str, int] = {}

    def set(self, resource: str, faults: Sequence[Fault]) -> None:
        """Give a resource these faults instead of those it had, and count its requests afresh.

        Raises:
            ValueError: The resource is unknown.
        """
        check_resource(resource)
        with self._lock:
            self._faults[resource] = sorted(faults, key=lambda fault: KINDS[fault.kind].stage)
            self._seen[resource] = 0

    def clear(self) -> None:
        """Take all faults from all resources."""
        for resource in RESOURCES:
            self.set(resource, ())

    def strike(self, resource: str) -> list[Fault]:
        """Count a request, and give the faults that strike it, in the order in which they act."""
        with self._lock:
            seen = self._seen.get(resource, 0)
            self._seen[resource] = seen + 1
            return [
                fault
                for fault in self._faults.get(resource, ())
                if fault.after <= seen and (fault.times is None or seen < fault.after + fault.times)
            ]


def bend(exchange: Exchange, faults: Sequence[Fault], stage: Stage) -> None:
    """Let those of the faults act on an exchange whose stage it is."""
    for fault in faults:
        if KINDS[fault.kind].stage is stage:
            fault.bend(exchange)


_WHEN = {
    name: inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
    for name, default, annotation in (("times", None, int | None), ("after", 0, int))
}


def _options(kind: str) -> dict[str, inspect.Parameter]:
    return {**KINDS[kind].options, **_WHEN}


def _check(kind: str, option: inspect.Parameter, value: Any) -> None:
    """Raise a `ValueError` unless the value suits the option."""
    wanted = option.annotation
    if get_origin(wanted) is Literal:
        if value not in get_args(wanted):
            raise ValueError(f"{kind}: {option.name} is one of {', '.join(get_args(wanted))}.")
        return
    if wanted is object:
        return
    accepted = int | float if wanted is float else wanted
    if not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool):
        name = getattr(wanted, "__name__", str(wanted))
        raise ValueError(f"{kind}: {option.name} must be {name}, not {type(value).__name__}.")
    if option.name == "status" and not 200 <= value <= 599:
        raise ValueError(f"{kind}: status must be from 200 to 599.")
    if isinstance(value, (int, float)) and not value >= 0:
        raise ValueError(f"{kind}: {option.name} must not be negative.")


def _value(option: inspect.Parameter | None, text: str) -> Any:
    """An option's value from the command line: text where it must be text, else JSON or text."""
    if option is not None and option.annotation in (str, str | None):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
