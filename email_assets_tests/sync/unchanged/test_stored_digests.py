"""The digests of a table are those that the ids of its rows end with."""

from __future__ import annotations

import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.digests import MASK, digest_in, stored_digests, with_items
from email_assets.warehouse.destination import connected, open_pipeline
from email_assets_tests.queries import Place, on_both
from email_assets_tests.sync.unchanged.loading import load_rows
from email_assets_tests.warehouses import Query, change

pytestmark = on_both

ODD = {
    "": None,
    "dlt's own": None,
    "0" * 39: 0,
    "0" * 41: 0,
    "5" * 20: 0x5555555555555555,
    "g" * 24 + "0" * 16: 0,
    " " * 24 + "0" * 16: 0,
    " ".join(["0"] * 20) + "0": None,
    "0x" + "7" * 38: 0x7777777777777777,
    "é" * 40: None,
    "\n" + "8" * 39: 0x8888888888888888,
}
"""Ids that no sync wrote, with the number at their end, if they end with one."""
OURS = {
    "AB" * 20: 0xABABABABABABABAB,
    "f" * 40: MASK,
    "0" * 40: 0,
    "1" * 39 + "2": 0x1111111111111112,
}


@pytest.mark.slow
def test_the_digests_of_a_table_are_those_in_the_ids_of_its_rows(
    api: Sandbox, query: Query, warehouse: Place
) -> None:
    numbers = ODD | OURS
    load_rows(api, *({"id": n, "to": [{"of": n}] * (n % 3)} for n in range(len(numbers))))
    written: dict[int, str] = dict(query("SELECT id, _dlt_id FROM email.domains"))
    for key, dlt_id in enumerate(numbers):
        text = dlt_id.replace("'", "''")
        for name, column in (("domains", "_dlt_id"), ("domains__to", "_dlt_root_id")):
            change(
                warehouse,
                f"UPDATE email.{name} SET {column} = '{text}' WHERE {column} = '{written[key]}'",
            )
    account = configured_account()
    with open_pipeline(account.warehouse, "domains") as pipeline:
        pipeline.sync_destination()
        schema = pipeline.schemas["domains"]
    with connected(account.warehouse, "domains", print, read_only=True) as client:
        assert client
        found = stored_digests(client, schema, "domains", None, None)
    known = {
        dlt_id: number is not None and with_items(number, key % 3) in found
        for key, (dlt_id, number) in enumerate(numbers.items())
    }
    assert known == dict.fromkeys(ODD, False) | dict.fromkeys(OURS, True)
    assert {dlt_id: digest_in(dlt_id) for dlt_id in OURS} == OURS
