"""Takes what a paginator wants to know out of an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from dlt.common import jsonpath
from dlt.common.utils import str2bool

from email_assets.errors import ApiError
from email_assets.redaction import redact

_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*")


class Selector:
    """A JSONPath; one that is a plain key is looked up without walking through the answer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._compiled = jsonpath.compile_path(path)
        self._is_plain_key = _PLAIN_KEY.fullmatch(path) is not None

    def find(self, payload: Any) -> list[Any]:
        """All that is at the path."""
        if self._is_plain_key and isinstance(payload, dict):
            return [payload[self._path]] if self._path in payload else []
        return jsonpath.find_values(self._compiled, payload)

    def __str__(self) -> str:
        return repr(self._path)


class AnswerReader:
    """Takes what a paginator wants to know out of an answer, and names what is wrong with it.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows.
        primary_key: Fields that identify a row.
        total_path: JSONPath of the total, or None.
        has_more_path: JSONPath of the boolean that says whether there is more, or None.
    """

    def __init__(
        self,
        resource: str,
        data_selector: str,
        primary_key: Sequence[str],
        total_path: str | None,
        has_more_path: str | None,
    ) -> None:
        self._resource = resource
        self._data = Selector(data_selector)
        self._primary_key = primary_key
        self._total = Selector(total_path) if total_path else None
        self._has_more = Selector(has_more_path) if has_more_path else None
        self.may_lack_rows = False
        """True if an object without the rows is an answer without rows."""
        self.place = ""
        """The answer's place in the list, as sentences say it: `at offset 100 `."""

    def rows(self, payload: Any) -> list[dict[str, Any]]:
        """The rows of an answer.

        Raises:
            ApiError: It holds no list of objects.
        """
        found = self._data.find(payload)
        if not found and self.may_lack_rows and isinstance(payload, dict):
            return []
        if not found:
            raise self._misshapen(f"gave an answer without {self._data}: {shape_of(payload)}")
        rows = found[0]
        if not isinstance(rows, list):
            raise self._misshapen(f"gave {shape_of(rows)} under {self._data}, not a list")
        return self._objects(rows)

    def rows_given(self, payload: Any, given: list[Any] | None) -> list[dict[str, Any]]:
        """The rows that dlt took out of an answer, where a path may lead to one row or to each.

        Raises:
            ApiError: There is nothing at the path, or something that is no object.
        """
        found = self._data.find(payload)
        if not found and self.may_lack_rows and isinstance(payload, dict):
            return []
        if not found or found[0] is None:
            raise self._misshapen(f"gave an answer without {self._data}: {shape_of(payload)}")
        if isinstance(found[0], list) and len(found) == 1:
            return self.rows(payload)
        return self._objects(given or [])

    def _objects(self, rows: list[Any]) -> list[dict[str, Any]]:
        for row in rows:
            if not isinstance(row, dict):
                raise self._misshapen(f"gave {shape_of(row)} as a row, not an object")
        return rows

    def identity(self, row: dict[str, Any]) -> str:
        """A row's identity: its key, or all that it holds if it lacks a part of it."""
        key = tuple([row.get(field) for field in self._primary_key])
        if len(key) == 1 and type(key[0]) is str:
            return key[0]  # as most are
        return repr(row) if None in key else repr(key)

    def identities(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """The identities of a page's rows."""
        if len(self._primary_key) > 1:
            return [self.identity(row) for row in rows]
        (field,) = self._primary_key
        return [key if type(key := row.get(field)) is str else self.identity(row) for row in rows]

    def total(self, payload: Any) -> int | None:
        """The total in an answer, or None where it has none.

        Raises:
            ApiError: It is no whole number from 0.
        """
        found = self._total.find(payload) if self._total else []
        total = found[0] if found else None
        if total is None:
            return None
        if (isinstance(total, str) and total.isascii() and total.isdecimal()) or (
            isinstance(total, float) and total.is_integer()
        ):
            total = int(total)
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise self._misshapen(
                f"gave {shape_of(total)} as the total under {self._total}, not a whole number "
                "from 0",
                ". Set total_path of its paginator to None in the vendor's file if the API has no "
                "total of its rows",
            )
        return total

    def has_more(self, payload: Any) -> bool | None:
        """True if an answer says that there is more, or None where the vendor names no such field.

        Raises:
            ApiError: The field is missing, or is neither true nor false.
        """
        if self._has_more is None:
            return None
        found = self._has_more.find(payload)
        said = found[0] if found else None
        if isinstance(said, str):
            with suppress(ValueError):
                said = str2bool(said)
        if not isinstance(said, bool):
            raise self._misshapen(
                f"gave {shape_of(said)} under {self._has_more}, where the vendor's has_more_path "
                "expects true or false"
            )
        return said

    def _misshapen(self, problem: str, remedy: str = "") -> ApiError:
        """The error for an answer of another shape, which may be that of one owner's list alone."""
        return self.error(f"{problem}{remedy}", problem.removeprefix("gave "))

    def error(self, problem: str, reason: str = "") -> ApiError:
        """The error for a list that cannot be read."""
        return ApiError(
            f"{self._resource}: {self.place}the API {problem}. Nothing of this run was loaded; "
            "what was loaded before is untouched.",
            reason,
        )


def shape_of(value: Any) -> str:
    """The type of a value in words, without the value: it may be a customer's."""
    if isinstance(value, dict):
        keys = ", ".join(repr(redact(key)) for key in list(value)[:10])
        return f"an object with the keys {keys or '(none)'}"
    names = {list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
