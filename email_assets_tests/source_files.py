"""The project's own code, for tests of how it is written."""

from __future__ import annotations

import ast
import gc
from pathlib import Path


def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file of Python.

    Garbage waits meanwhile. A connection in it, left by an earlier test, logs its traceback, for
    which Python 3.11 parses a line of code, and then takes the tree under way for broken.
    """
    gc.disable()
    try:
        return ast.parse(file.read_text())
    finally:
        gc.enable()
