"""The base of all paginators, and what writes the next request."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from typing import Any

from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from email_assets.api.answer_reader import AnswerReader
from email_assets.errors import ApiError


class ListPaginator(BasePaginator):
    """Reads one list to its end; it may know which pages follow the next one.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        primary_key: Fields that identify a row.
        total_path: JSONPath of the total in an answer, or None.
        has_more_path: JSONPath of a boolean that says whether there is more, or None.

    Attributes:
        total: Rows that the API last said there are, or None where it does not say.
    """

    def __init__(
        self,
        resource: str,
        data_selector: str,
        primary_key: Sequence[str],
        total_path: str | None,
        has_more_path: str | None,
    ) -> None:
        super().__init__()
        self.total: int | None = None
        self._answers = AnswerReader(
            resource, data_selector, primary_key, total_path, has_more_path
        )

    def allow_answers_without_rows(self) -> None:
        """Take an answer that leaves its list of rows out for one without rows."""
        self._answers.may_lack_rows = True

    @property
    @abstractmethod
    def reached(self) -> int:
        """Different rows of the list that were read."""

    @property
    def missing(self) -> int:
        """Rows that were there all the time, by the smallest total, and were not read."""
        return 0

    @property
    def position(self) -> int:
        """The place in the list up to which rows were read."""
        return self.reached

    @property
    def missed_rows(self) -> bool:
        """True if the last page came after rows that may not have been read yet."""
        return False

    @property
    def looks_back(self) -> bool:
        """True if the last page stands before others that were read."""
        return False

    @property
    def is_foreseeable(self) -> bool:
        """True if an answer has told how long the list is."""
        return False

    def upcoming(self, request: Request) -> Iterator[Request]:
        """The requests that follow the next one, as far as the total reaches.

        Args:
            request: The next request.
        """
        del request
        return iter(())


def trouble_with(
    pages: ListPaginator, response: Response, rows: list[dict[str, Any]]
) -> ApiError | None:
    """The error of an answer of another shape, from which the paginator learns nothing, or None.

    Raises:
        ApiError: The list cannot be read for another reason.
    """
    try:
        pages.update_state(response, rows)
    except ApiError as error:
        if not error.reason:
            raise
        return error
    return None


def copy_of(request: Request) -> Request:
    """A request whose parameters and body can be changed without changing the other's."""
    found = copy(request)
    found.params, found.json = dict(request.params or {}), deepcopy(request.json)
    return found


def address_of(request: Request) -> str:
    """The identity of the request for a page."""
    return repr((request.method, request.url, request.params, request.json, request.headers))


def write_into(request: Request, name: str | None, body_path: str | None, value: int) -> None:
    """Put a number into a request: under a name into its query, or at a path into its body."""
    if body_path:
        request.json = {} if request.json is None else request.json
        jsonpath.set_value_at_path(request.json, body_path, value)
    else:
        request.params = {} if request.params is None else request.params
        request.params[name] = value
