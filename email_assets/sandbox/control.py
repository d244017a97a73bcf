"""A door from which to look at a sandbox that runs, and to control it: `/sandbox/…`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.faults import Fault, FaultBook
from email_assets.sandbox.ledger import Ledger
from email_assets.sandbox.questions import TurnedAwayError, check_key, check_known
from email_assets.sandbox.store import Store


class Control:
    """The door from outside: statistics, faults and rows of a sandbox that runs."""

    def __init__(self, store: Store, faults: FaultBook, ledger: Ledger, api_key: str) -> None:
        self._store = store
        self._faults = faults
        self._ledger = ledger
        self._api_key = api_key

    async def stats(self, request: Request) -> JSONResponse:
        """The number of requests for each resource, and the most that were under way at once."""
        return self._answer(
            request,
            lambda: {
                "requests": {name: self._ledger.count(name) for name in RESOURCES},
                "most_in_flight": self._ledger.most_in_flight,
            },
        )

    async def faults(self, request: Request) -> JSONResponse:
        """Give a resource the faults in the body."""
        body = await request.body()

        def put() -> Any:
            documents = _json(body)
            if not isinstance(documents, list):
                raise ValueError("The body must be a list of faults.")
            faults = [Fault.from_json(document) for document in documents]
            self._faults.set(request.path_params["resource"], faults)
            return {"faults": len(faults)}

        return self._answer(request, put)

    async def rows(self, request: Request) -> JSONResponse:
        """Let rows arrive at the head, or vanish from it."""
        body = await request.body()

        def post() -> Any:
            document = _json(body)
            resource = request.path_params["resource"]
            if not isinstance(document, dict) or document.keys() not in (
                {"insert_head"},
                {"delete_head"},
            ):
                raise ValueError('The body must be {"insert_head": n} or {"delete_head": n}.')
            for action, count in document.items():
                getattr(self._store, action)(resource, count)
            return {"total": self._store.page(resource, 0, 0)[1]}

        return self._answer(request, post)

    def _answer(self, request: Request, act: Callable[[], Any]) -> JSONResponse:
        try:
            check_key(request.query_params, self._api_key)
            if "resource" in request.path_params:
                check_known(request.path_params["resource"])
            return JSONResponse(act())
        except TurnedAwayError as error:
            return JSONResponse({"error": error.sentence}, error.status)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise ValueError("The body is not JSON.") from None
