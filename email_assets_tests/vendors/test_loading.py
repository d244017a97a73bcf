"""The configured vendor, and the contents of its file."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.defs.assets import build_assets
from email_assets.sandbox import Sandbox
from email_assets.settings.resolve import SettingError
from email_assets.sync.pipeline import sync
from email_assets.vendors.generic import VENDOR
from email_assets.vendors.resource import endpoint_of, primary_key
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.vendors.vendor_file_fixtures import problem_of
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]


GUIDE = PROJECT / "docs/vendors.md"


Query = Callable[[str], list[tuple[Any, ...]]]


def code_block(language: str) -> str:
    """The first example in a language of the guide's section on a vendor of your own."""
    section = GUIDE.read_text().split("## A vendor of your own\n")[1].split("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


class TestTheGuidesExample:
    @pytest.fixture
    def example(
        self, api: Sandbox, use_vendor: UseVendor, monkeypatch: pytest.MonkeyPatch
    ) -> Sandbox:
        monkeypatch.delenv("API_KEY")
        monkeypatch.setenv("SOURCES__EMAIL__MY_COMPANY__API_KEY", KEY)
        use_vendor(code_block("python"))
        return api

    def test_its_resources_become_assets(self, example: Sandbox) -> None:
        keys = [asset.key.to_user_string() for asset in build_assets(configured_account())]
        assert keys == ["messages", "senders"]

    @pytest.mark.slow
    def test_it_loads_every_row_without_what_is_never_loaded(
        self, example: Sandbox, query: Query
    ) -> None:
        for name, path in (("messages", "messages"), ("senders", "domains")):
            with open_pipeline(configured_account().warehouse, name) as pipeline:
                report = sync(configured_account(), pipeline, name, say=print).report
            assert report.row_count == len(example.rows(path))
        assert query("SELECT count(DISTINCT id) FROM email.senders") == [(8,)]
        columns = query("SELECT column_name FROM (DESCRIBE email.messages)")
        assert ("metadata__campaign",) in columns
        assert ("metadata__customer",) not in columns

    @pytest.mark.slow
    def test_its_next_sync_asks_for_what_is_new(self, example: Sandbox) -> None:
        for _ in range(2):
            with open_pipeline(configured_account().warehouse, "messages") as pipeline:
                sync(configured_account(), pipeline, "messages", say=print)
        assert [request.since is None for request in example.requests] == [True, True, True, False]

    def test_its_address_is_the_one_that_the_sandbox_has_by_default(
        self, example: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOURCES__EMAIL__BASE_URL")
        assert configured_account().vendor["client"]["base_url"] == "http://127.0.0.1:8025"

    def test_its_commands_name_its_secret(self) -> None:
        assert "export SOURCES__EMAIL__MY_COMPANY__API_KEY=sandbox\n" in code_block("sh")
        assert 'Secret("sources.email.my_company.api_key")' in code_block("python")


class TestFinding:
    def test_the_vendor_neutral_api_is_the_default(self) -> None:
        assert configured_account().vendor is VENDOR

    def test_a_vendor_of_the_package_is_found_by_its_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "generic")
        assert configured_account().vendor is VENDOR

    def test_a_vendor_is_found_by_its_module(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "company_of_test").mkdir()
        (tmp_path / "company_of_test" / "email_api.py").write_text(code_block("python"))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "company_of_test.email_api")
        try:
            assert list(configured_account().resources) == ["messages", "senders"]
        finally:
            for module in ("company_of_test", "company_of_test.email_api"):
                sys.modules.pop(module, None)

    def test_a_vendor_is_found_by_its_file_wherever_the_command_is_run(
        self, use_vendor: UseVendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = use_vendor(code_block("python"))
        monkeypatch.chdir(tmp_path)
        assert not Path(name).exists()
        assert list(configured_account().resources) == ["messages", "senders"]

    def test_a_vendor_is_found_by_a_file_outside_of_the_project(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "elsewhere.py"
        file.write_text(code_block("python"))
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(file))
        assert list(configured_account().resources) == ["messages", "senders"]

    @pytest.mark.parametrize("name", ["postmrk", "no_company.email_api", "email_assets.vendors.x"])
    def test_an_unknown_name_is_a_sentence(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", name)
        assert problem_of(name) == (
            "is neither one of this package's vendors nor a module or file of yours"
        )

    def test_a_missing_file_is_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "nowhere.py")
        assert problem_of("nowhere.py") == "is no file"

    def test_a_module_that_the_vendor_itself_misses_is_named(self, use_vendor: UseVendor) -> None:
        use_vendor("import no_such_module")
        with pytest.raises(SettingError, match=r"cannot be loaded: .*no_such_module"):
            assert configured_account().vendor


class TestComplete:
    def test_resources_take_what_they_do_not_say_from_the_defaults(
        self, use_vendor: UseVendor
    ) -> None:
        use_vendor(code_block("python"))
        senders = configured_account().resources["senders"]
        assert primary_key(senders) == ["id"]
        assert senders["endpoint"] == {
            "path": "/v1/domains",
            "data_selector": "data",
            "paginator": {"type": "offset", "limit": 100},
        }

    def test_settings_win_over_the_file(
        self, use_vendor: UseVendor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        use_vendor(code_block("python"))
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__LAG", "60")
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__START_PARAM", "after")
        endpoint: Any = configured_account().resources["messages"]["endpoint"]
        assert endpoint["incremental"] == {
            "cursor_path": "sent_at",
            "start_param": "after",
            "end_param": "until",
            "lag": 60,
        }

    def test_the_package_s_default_knows_no_cursor(self) -> None:
        assert not [
            name
            for name, r in configured_account().resources.items()
            if "incremental" in endpoint_of(r)
        ]
