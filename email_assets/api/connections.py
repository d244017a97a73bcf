"""Connections to one origin, whose answers end in time, over the way that the environment names."""

from __future__ import annotations

from typing import Any, cast

import urllib3
from requests import PreparedRequest
from requests.adapters import HTTPAdapter

from email_assets.api.deadline import Deadlines, limited_pools
from email_assets.api.limits import Limits
from email_assets.api.proxy_and_certificates import way_to

CONNECTING = 5
"""Seconds to reach the API at the most: a session that is closed waits for connections to be."""


class Connections(HTTPAdapter):
    """Opens as many connections as pages may be in flight, and asks over them.

    Args:
        base_url: The API's address.
        limits: Time and pages in flight.

    Attributes:
        deadlines: Cuts off connections whose answers take too long.
    """

    def __init__(self, base_url: str, limits: Limits) -> None:
        self.deadlines = Deadlines()
        self._pools = limited_pools(self.deadlines)
        super().__init__(pool_maxsize=limits.pages, pool_block=True)
        seconds = limits.runtime.request_timeout
        self._timeout = urllib3.Timeout(connect=min(CONNECTING, seconds), read=seconds)
        self._way = way_to(base_url)  # once for all requests: it takes its time
        self._pool: urllib3.HTTPConnectionPool | None = None

    def init_poolmanager(self, *args: Any, **kw: Any) -> None:
        """Make connections whose time limit holds for the whole head of an answer."""
        super().init_poolmanager(*args, **kw)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kw: Any) -> Any:
        """Make such connections through a proxy as well."""
        manager = super().proxy_manager_for(*args, **kw)
        if isinstance(manager, urllib3.ProxyManager):
            manager.pool_classes_by_scheme = self._pools
        return manager

    def close(self) -> None:
        """Close every connection, which clearing alone leaves to whenever nobody knows the pool."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        super().close()

    def head_of(self, keyed: PreparedRequest) -> urllib3.BaseHTTPResponse:
        """The head of an answer, whose body is still to be read.

        As requests does it, without what it does around it: that takes a fifth of the time, and is
        the same for every page, or keeps cookies, which nobody sends.
        """
        proxies = self._way["proxies"]
        if self._pool is None:
            verify, cert = self._way["verify"], self._way["cert"]
            pool = self.get_connection_with_tls_context(keyed, verify, proxies, cert)
            self.cert_verify(pool, keyed.url or "", verify, cert)  # type: ignore[no-untyped-call]
            self._pool = cast(urllib3.HTTPConnectionPool, pool)
        return self._pool.urlopen(
            method=keyed.method or "GET",
            url=self.request_url(keyed, proxies) if proxies else keyed.path_url,
            body=keyed.body,
            headers=keyed.headers,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=self.max_retries,
            timeout=self._timeout,
        )
