"""A job of dlt's that failed, of which dlt makes a text with the lines of code that led to it."""

from __future__ import annotations

import dlt
import duckdb
import pytest

from email_assets.errors import EmailAssetsError
from email_assets.sentences import in_one_sentence


def test_a_full_disk_is_the_one_that_the_database_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")

    @dlt.destination
    def full(items: object, table: object) -> None:
        raise duckdb.IOException('Could not write file "/data/w.duckdb": No space left on device')

    with pytest.raises(EmailAssetsError) as failed, in_one_sentence("bounces"):
        dlt.pipeline("bounces", destination=full()).run([{"id": 1}], table_name="bounces")
    assert str(failed.value).startswith("bounces: the disk of /data is full. Free some of it")
