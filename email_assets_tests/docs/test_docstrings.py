"""Docstrings say what a thing is, not what question it answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets_tests.conftest import PROJECT
from email_assets_tests.source_files import tree_of

QUESTION = re.compile(r"(what|which|who|whose|whom|when|where|why|how|whether)\b", re.IGNORECASE)


def docstrings(file: Path) -> Iterator[str]:
    """The texts that stand as statements: docstrings of modules, classes, functions and names."""
    for node in ast.walk(tree_of(file)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


@pytest.mark.slow
def test_no_docstring_begins_with_a_question_word() -> None:
    folders = ("email_assets", "email_assets_tests", "benchmarks")
    found = [
        (file.name, text[:60])
        for folder in folders
        for file in (PROJECT / folder).rglob("*.py")
        for text in docstrings(file)
        if QUESTION.match(text)
    ]
    assert found == []
