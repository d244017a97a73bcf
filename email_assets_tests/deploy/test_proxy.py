"""The shipped proxy lets Dagster's own pages and people through, and no other website."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from email_assets_tests.conftest import PROJECT
from email_assets_tests.deploy.proxy_fixtures import NAME, Proxy, proxy

SITE = (PROJECT / "deploy/machine/nginx.conf").read_text()
MUTATION = "/graphql?query=mutation{deletePipelineRun(runId:%22x%22){__typename}}"
CROSS = {"Sec-Fetch-Site": "cross-site"}
IMAGE = {**CROSS, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
LINK = {**CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
OWN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
WEBSOCKET = {"Upgrade": "websocket", "Connection": "Upgrade"}
FOREIGN = {"Origin": "https://evil.example"}


class Webserver(BaseHTTPRequestHandler):
    """Stands where Dagster's webserver would, and answers whatever gets so far."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = self.headers.get("Host", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the name is http.server's)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Webserver) as webserver:
        Thread(target=webserver.serve_forever, daemon=True).start()
        port = webserver.server_address[1]
        site = SITE.replace("127.0.0.1:3000", f"127.0.0.1:{port}")
        with proxy(tmp_path_factory.mktemp("proxy"), site) as running:
            yield running
        webserver.shutdown()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/assets", {}),
        ("GET", "/assets", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}),
        ("GET", "/runs/1", LINK),
        ("POST", "/graphql", OWN),
        ("POST", "/graphql", {}),
        ("GET", "/graphql", WEBSOCKET),
    ],
)
def test_what_people_and_the_ui_ask_for_is_handed_on(
    served: Proxy, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = served.get(path, method=method, headers=headers)

    assert (answer.status_code, answer.text) == (200, NAME)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_uis_own_pages_send_is_handed_on(served: Proxy, method: str) -> None:
    headers = {**OWN, **(WEBSOCKET if method == "GET" else {}), "Origin": served.origin}

    assert served.get("/graphql", method=method, headers=headers).status_code == 200


@pytest.mark.parametrize("path", [MUTATION, f"/{MUTATION}", f"/x/..{MUTATION}", "/%67raphql?query"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_graphql_is_never_asked_by_get(served: Proxy, method: str, path: str) -> None:
    assert served.get(path, method=method).status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", MUTATION, IMAGE),
        ("GET", "/logs", IMAGE),
        ("GET", "/logs", {**IMAGE, "Sec-Fetch-Site": "same-site"}),
        ("POST", "/graphql", {**CROSS, "Sec-Fetch-Mode": "cors"}),
        ("POST", "/report_asset_materialization/a", LINK),
        ("POST", "/graphql", FOREIGN),
        ("POST", "/graphql", {"Origin": "null"}),
        ("GET", "/graphql", {**WEBSOCKET, **FOREIGN}),
        ("GET", "/graphql", {**WEBSOCKET, "Origin": f"https://{NAME}.evil.example"}),
    ],
)
def test_what_another_site_lets_a_browser_send_is_refused(
    served: Proxy, method: str, path: str, headers: dict[str, str]
) -> None:
    assert served.get(path, method=method, headers=headers).status_code == 403


def test_a_link_from_another_site_runs_nothing(served: Proxy) -> None:
    assert served.get(MUTATION, headers=LINK).status_code == 405


def test_an_unknown_host_is_refused(served: Proxy) -> None:
    assert served.get("/", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("name", [None, "evil.example"])
def test_an_unknown_name_comes_to_no_handshake(served: Proxy, name: str | None) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(connection, server_hostname=name)


def test_no_other_page_shows_the_ui_within_itself(served: Proxy) -> None:
    assert served.get("/assets").headers["X-Frame-Options"] == "DENY"


def test_plain_http_leads_to_the_shipped_name_whatever_was_asked_for(served: Proxy) -> None:
    answer = requests.get(
        f"http://127.0.0.1:{served.plain_port}/runs",
        headers={"Host": "evil.example"},
        allow_redirects=False,
        timeout=30,
    )

    assert answer.headers["Location"] == f"https://{NAME}/runs"
