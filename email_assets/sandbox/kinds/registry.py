"""The register of the kinds of faults.

A kind is one function. Its name is the kind's name, its keyword arguments are the fault's options
with their types and defaults, and its docstring is its line in the help.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from email_assets.sandbox.exchange import Stage


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        stage: When it acts.
        act: What it does to an exchange, given the options.
        options: The options' names, with their types and defaults.
    """

    stage: Stage
    act: Callable[..., None]
    options: dict[str, inspect.Parameter]

    @property
    def summary(self) -> str:
        """One sentence on what it does."""
        return inspect.getdoc(self.act) or ""


KINDS: dict[str, Kind] = {}
"""Every kind by its name, in the order of the stages."""


def kind(stage: Stage) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Enter a function among the kinds, as one that acts at a stage."""

    def enter(act: Callable[..., None]) -> Callable[..., None]:
        parameters = inspect.signature(act, eval_str=True).parameters.values()
        options = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
        KINDS[act.__name__] = Kind(stage, act, options)
        return act

    return enter
