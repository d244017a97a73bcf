"""The search for the API key finds it wherever it was written."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
import requests

from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import empty_home, instance, instance_on_disk
from email_assets_tests.secret_fixtures import ELSEWHERE, SPELLINGS, Watch, leaks_below, watch

__all__ = ["empty_home", "instance", "instance_on_disk", "watch"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_search_finds_the_key_in_any_spelling(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\x00\xff" + spelling.upper().encode() + b"\x00")
    assert leaks_below(tmp_path) == [str(tmp_path / "deep" / "file")]


def test_the_search_finds_the_key_in_a_folder_that_is_gone(watch: Watch) -> None:
    (watch.folder / "gone").mkdir()
    (watch.folder / "gone" / "file").write_text(KEY)
    shutil.rmtree(watch.folder / "gone")
    assert [Path(leak).name for leak in watch.leaks()] == ["file"]


def test_the_search_finds_the_key_in_an_exception_and_what_it_is_made_of(watch: Watch) -> None:
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(ELSEWHERE, {"api_key": KEY}, timeout=5)
    found = watch.leaks(caught.value)
    assert {"the traceback", "ConnectionError", "MaxRetryError"} <= set(found)


@pytest.mark.slow
def test_the_search_finds_what_an_ordinary_asset_lets_dagster_store(
    instance: dg.DagsterInstance, instance_on_disk: dg.DagsterInstance, watch: Watch
) -> None:
    @dg.asset
    def ordinary() -> None:
        requests.get(ELSEWHERE, {"api_key": KEY}, timeout=5)

    dg.materialize([ordinary], instance=instance, raise_on_error=False)
    assert "the history" in watch.leaks(history=instance)
    dg.materialize([ordinary], instance=instance_on_disk, raise_on_error=False)
    # the run storage, and the step's compute log
    assert {".db", ".err"} <= {Path(leak).suffix for leak in watch.leaks()}
