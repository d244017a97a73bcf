"""Bodies in other encodings, without end, compressed far too well, or none at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import ApiError
from email_assets.sync.glimpse import Glimpse, glimpse
from email_assets.sync.listing import open_listing
from email_assets.sync.one_page import inquire
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.syncing import load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query

__all__ = ["use_vendor"]

VENDOR = """
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from email_assets.vendors import Secret

def as_empty(response, *args, **kwargs):
    response.status_code, response._content = 200, b'{{"data": []}}'

def empty_is_none(response, *args, **kwargs):
    if not response.content:
        raise IgnoreResponseException

def as_windows_1252(response, *args, **kwargs):
    response.encoding = "windows-1252"

VENDOR = {{
    "client": {{
        "base_url": "http://127.0.0.1:1",
        "auth": {{"type": "bearer", "token": Secret("api_key")}},
    }},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [{{
        "name": "things",
        "kind": "event",
        "description": "A thing.",
        "endpoint": {{
            "path": "/things",
            "headers": {{"X-Shape": "long"}},
            "data_selector": "data",
            "paginator": {{"type": "offset", "limit": 2, "total_path": None}},
            "response_actions": {actions},
        }},
    }}],
}}
"""


class ThingServer(VendorServer):
    """Gives the same answer to everybody, or another one after the first page."""

    def __init__(self) -> None:
        super().__init__()
        self.reply = Answer(200, {"data": []})
        self.later: Answer | None = None

    def answer(self, asked: Asked) -> Answer:
        is_first = asked.query.get("offset", "0") == "0"
        return self.reply if is_first or self.later is None else self.later


@pytest.fixture
def server(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThingServer]:
    with ThingServer() as running:
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("API_KEY", "a-key-of-the-test")
        yield running


@pytest.fixture
def plain(server: ThingServer, use_vendor: UseVendor) -> ThingServer:
    """The server, and a vendor's file without actions."""
    use_vendor(VENDOR.format(actions=[]))
    return server


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("application/json; charset=iso-8859-1", "latin-1"),
        ('application/json;charset="windows-1252"', "cp1252"),
        ("application/json; charset=utf-16", "utf-16"),
        ("application/json; charset=nobody-knows", "utf-8"),
        ("text/plain", "utf-8"),
        ("application/json", "utf-8-sig"),
    ],
)
def test_a_body_is_read_by_its_charset(
    plain: ThingServer, query: Query, head: str, encoding: str
) -> None:
    body = json.dumps({"data": [{"id": 1, "why": "Empfänger"}]}, ensure_ascii=False)
    plain.reply = Answer(200, body.encode(encoding), {"Content-Type": head})

    report = load("things")

    assert query("SELECT why FROM email.things") == [("Empfänger",)]
    assert report.usage.bytes_replaced == 0


def test_a_byte_that_is_no_utf8_is_replaced_and_counted(plain: ThingServer, query: Query) -> None:
    plain.reply = Answer(200, '{"data": [{"id": 1, "why": "Empfänger"}]}'.encode("latin-1"))

    report = load("things")

    assert query("SELECT why FROM email.things") == [("Empf\ufffdnger",)]
    # one in each answer: a second page is asked for to find the end
    assert report.usage.bytes_replaced == report.usage.requests == 2


def test_an_answer_without_content_is_told_with_what_to_write(plain: ThingServer) -> None:
    plain.reply = Answer(204, b"")

    with pytest.raises(ApiError) as caught:
        load("things")

    assert str(caught.value) == (
        "things: the API answered 204 No Content, and not with a list. If that means that there "
        "are no rows, say so in the endpoint of the vendor's file: "
        '"response_actions": [{"status_code": 204, "action": "ignore"}].'
    )
    assert len(plain.requests) == 1


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_is_told_as_one_with_what_to_write(plain: ThingServer, body: bytes) -> None:
    plain.reply = Answer(200, body)

    with pytest.raises(ApiError) as caught:
        load("things")

    assert str(caught.value) == (
        f"things: {plain.base_url} answered with an empty body. Tried 3 times; what was loaded "
        "before is untouched. If an empty body means that there are no rows, let a function in "
        "response_actions of the vendor's file raise dlt's IgnoreResponseException for it."
    )
    assert len(plain.requests) == 3


NOT_FOUND_IGNORED = '[{"status_code": 404, "action": "ignore"}]'
IGNORED = [
    ('[{"status_code": 204, "action": "ignore"}]', Answer(204, b"")),
    (NOT_FOUND_IGNORED, Answer(404, b"")),
    (NOT_FOUND_IGNORED, Answer(404, {"error": "none"})),
    ('[{"content": "no things", "action": "ignore"}]', Answer(422, b"There are no things.")),
    ('[{"status_code": 503, "action": "ignore"}]', Answer(503, b"")),
    ('[{"status_code": 200, "content": "none", "action": "ignore"}]', Answer(200, {"none": 1})),
    ("[empty_is_none]", Answer(200, b"")),
    ('[{"status_code": 404, "action": as_empty}]', Answer(404, b"<p>No</p>")),
    ('[{"status_code": 404, "action": [as_empty]}]', Answer(404, b"")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("actions", "reply"), IGNORED)
def test_what_the_vendors_file_ignores_is_the_end_of_the_list(
    server: ThingServer, use_vendor: UseVendor, actions: str, reply: Answer
) -> None:
    use_vendor(VENDOR.format(actions=actions))
    server.reply = reply

    report = load("things")
    head = glimpse(configured_account(), "things", say=print)
    found = inquire(configured_account(), configured_account().resources["things"])

    assert (report.rows_received, report.usage.retries) == (0, 0)
    assert head == Glimpse(None, None)
    assert found.failure == ""
    assert {asked.headers["X-Shape"] for asked in server.requests} == {"long"}


def test_a_function_may_name_another_encoding(
    server: ThingServer, use_vendor: UseVendor, query: Query
) -> None:
    use_vendor(VENDOR.format(actions="[as_windows_1252]"))
    server.reply = Answer(200, '{"data": [{"id": 1, "why": "5 €"}]}'.encode("cp1252"))

    load("things")

    assert query("SELECT why FROM email.things") == [("5 €",)]


def test_what_no_action_names_is_refused_as_ever(
    server: ThingServer, use_vendor: UseVendor
) -> None:
    use_vendor(VENDOR.format(actions=NOT_FOUND_IGNORED))
    server.reply = Answer(422, {"error": "No."})

    with pytest.raises(ApiError, match=r"^things: the API refused /things \(422 Unprocessable"):
        load("things")


def test_a_session_raises_for_a_later_page_that_is_refused_and_that_no_action_names(
    server: ThingServer, use_vendor: UseVendor
) -> None:
    use_vendor(VENDOR.format(actions=NOT_FOUND_IGNORED))
    server.later = Answer(422, {"error": "No."})
    listing = open_listing(configured_account(), "things", say=print)

    with listing.session as session:
        assert session.get(f"{server.base_url}/things").json() == {"data": []}
        with pytest.raises(ApiError, match=r"^things: the API refused /things \(422 Unproc"):
            session.get(f"{server.base_url}/things", params={"offset": 2})


def test_a_refusal_of_a_later_page_is_told_and_nothing_is_loaded(
    server: ThingServer, use_vendor: UseVendor, query: Query
) -> None:
    use_vendor(VENDOR.format(actions=NOT_FOUND_IGNORED))
    server.reply = Answer(200, {"data": [{"id": 1}, {"id": 2}]})
    server.later = Answer(422, {"error": "No."})

    with pytest.raises(ApiError, match=r"^things: the API refused /things \(422 Unprocessable"):
        load("things")

    assert {asked.query.get("offset", "0") for asked in server.requests} > {"0"}
    assert query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'things'") == []


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_body_that_is_too_large_is_refused_at_once(
    plain: ThingServer, monkeypatch: pytest.MonkeyPatch, layers: int
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__MAX_PAGE_BYTES", "1000000")
    body = b'{"data": [' + b" " * 20_000_000 + b"]}"
    for _ in range(layers):
        body = gzip.compress(body)
    encoding = {"Content-Encoding": ", ".join(["gzip"] * layers)} if layers else {}
    plain.reply = Answer(200, body, encoding)

    with pytest.raises(ApiError) as caught:
        load("things")

    assert str(caught.value) == (
        "things: an answer of the API has more than 1,000,000 bytes. Ask for fewer rows a page "
        "(limit) in the vendor's file, or raise max_page_bytes of [sources.email]. What was loaded "
        "before is untouched."
    )
    assert len(plain.requests) == 1
