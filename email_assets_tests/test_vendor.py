"""Vendors: those of the package, and files and modules of the user's own."""

import re
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from email_assets.assets import build_assets
from email_assets.pipeline import sync
from email_assets.sandbox import Sandbox
from email_assets.settings import SettingError
from email_assets.vendor import configured_vendor, endpoint_of, primary_key, vendor_resources
from email_assets.vendors import Secret
from email_assets.vendors.generic import VENDOR
from email_assets.warehouse import open_pipeline
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]

README_SECTION = PROJECT / "README.md"
"""Where the README's section on vendors stands."""

REMEDY = "Set it as [sources.email] vendor in .dlt/config.toml or as SOURCES__EMAIL__VENDOR."

Query = Callable[[str], list[tuple[Any, ...]]]


def code_block(language: str) -> str:
    """The first example in a language of the README's section on vendors."""
    section = README_SECTION.read_text().split("### A vendor of your own\n")[1].split("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


def problem_of(name: str) -> str:
    """What is wrong with the vendor that the settings name, without where to set another."""
    with pytest.raises(SettingError) as caught:
        configured_vendor()
    sentence = str(caught.value)
    assert sentence.startswith(f"vendor {name!r} ")
    assert sentence.endswith(f". {REMEDY}")
    return sentence.removeprefix(f"vendor {name!r} ").removesuffix(f". {REMEDY}")


def problem_in(use_vendor: UseVendor, vendor: Any) -> str:
    """What is wrong with a vendor file that says this."""
    name = use_vendor(f"from email_assets.vendors import Secret\nVENDOR = {vendor!r}")
    return problem_of(name).removeprefix("is not a vendor file: ")


class TestTheReadmesExample:
    @pytest.fixture
    def example(
        self, api: Sandbox, use_vendor: UseVendor, monkeypatch: pytest.MonkeyPatch
    ) -> Sandbox:
        monkeypatch.delenv("API_KEY")
        monkeypatch.setenv("SOURCES__EMAIL__MY_COMPANY__API_KEY", KEY)
        use_vendor(code_block("python"))
        return api

    def test_its_resources_become_assets(self, example: Sandbox) -> None:
        keys = [asset.key.to_user_string() for asset in build_assets()]
        assert keys == ["messages", "senders"]

    def test_it_loads_every_row_without_what_is_never_loaded(
        self, example: Sandbox, query: Query
    ) -> None:
        for name, path in (("messages", "messages"), ("senders", "domains")):
            with open_pipeline(name) as pipeline:
                report = sync(pipeline, name, say=print).report
            assert report.row_count == len(example.rows(path))
        assert query("SELECT count(DISTINCT id) FROM email.senders") == [(8,)]
        columns = query("SELECT column_name FROM (DESCRIBE email.messages)")
        assert ("metadata__campaign",) in columns
        assert ("metadata__customer",) not in columns

    def test_its_next_sync_asks_for_what_is_new(self, example: Sandbox) -> None:
        for _ in range(2):
            with open_pipeline("messages") as pipeline:
                sync(pipeline, "messages", say=print)
        assert [request.since is None for request in example.requests] == [True, True, True, False]

    def test_its_address_is_the_one_that_the_sandbox_has_by_default(
        self, example: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOURCES__EMAIL__BASE_URL")
        assert configured_vendor()["client"]["base_url"] == "http://127.0.0.1:8025"

    def test_its_commands_name_its_secret(self) -> None:
        assert "export SOURCES__EMAIL__MY_COMPANY__API_KEY=sandbox\n" in code_block("sh")
        assert 'Secret("sources.email.my_company.api_key")' in code_block("python")


class TestFinding:
    def test_the_vendor_neutral_api_is_the_default(self) -> None:
        assert configured_vendor() is VENDOR

    def test_a_vendor_of_the_package_is_found_by_its_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "generic")
        assert configured_vendor() is VENDOR

    def test_a_vendor_is_found_by_its_module(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "company_of_test").mkdir()
        (tmp_path / "company_of_test" / "email_api.py").write_text(code_block("python"))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "company_of_test.email_api")
        try:
            assert list(vendor_resources()) == ["messages", "senders"]
        finally:
            for module in ("company_of_test", "company_of_test.email_api"):
                sys.modules.pop(module, None)

    def test_a_vendor_is_found_by_its_file_wherever_the_command_is_run(
        self, use_vendor: UseVendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = use_vendor(code_block("python"))
        monkeypatch.chdir(tmp_path)
        assert not Path(name).exists()
        assert list(vendor_resources()) == ["messages", "senders"]

    def test_a_vendor_is_found_by_a_file_outside_of_the_project(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "elsewhere.py"
        file.write_text(code_block("python"))
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(file))
        assert list(vendor_resources()) == ["messages", "senders"]

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
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            configured_vendor()


class TestComplete:
    def test_resources_take_what_they_do_not_say_from_the_defaults(
        self, use_vendor: UseVendor
    ) -> None:
        use_vendor(code_block("python"))
        senders = vendor_resources()["senders"]
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
        endpoint: Any = vendor_resources()["messages"]["endpoint"]
        assert endpoint["incremental"] == {
            "cursor_path": "sent_at",
            "start_param": "after",
            "end_param": "until",
            "lag": 60,
        }

    def test_the_package_s_default_knows_no_cursor(self) -> None:
        assert not [
            name for name, r in vendor_resources().items() if "incremental" in endpoint_of(r)
        ]


class TestMistakes:
    @pytest.fixture
    def vendor(self) -> Any:
        """A vendor like the vendor-neutral one, to make mistakes in."""
        return deepcopy(VENDOR)

    def test_a_file_without_a_vendor(self, use_vendor: UseVendor) -> None:
        assert problem_of(use_vendor("VENDORS = {}")) == "has no VENDOR"

    @pytest.mark.parametrize("vendor", [[], "generic", 7])
    def test_a_vendor_that_is_no_dictionary(self, vendor: Any, use_vendor: UseVendor) -> None:
        assert problem_in(use_vendor, vendor) == "VENDOR is no dictionary"

    def test_a_misspelled_key(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][2]["primary_keys"] = ["id"]
        assert problem_in(use_vendor, vendor) == (
            "VENDOR/resources[2] received unexpected fields `{'primary_keys'}`"
        )

    @pytest.mark.parametrize(
        ("block", "place"),
        [
            ("paginator", "VENDOR/resource_defaults/endpoint/paginator"),
            ("auth", "VENDOR/client/auth"),
        ],
    )
    def test_a_misspelled_key_of_an_inner_block(
        self, block: str, place: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        endpoint = vendor["resource_defaults"]["endpoint"]
        (endpoint if block == "paginator" else vendor["client"])[block]["limt"] = 5
        assert problem_in(use_vendor, vendor) == f"{place} received unexpected fields `{{'limt'}}`"

    def test_a_misspelled_key_of_the_incremental_block(
        self, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][0]["endpoint"]["incremental"] = {"cursor_pth": "bounced_at"}
        assert problem_in(use_vendor, vendor) == (
            "VENDOR/resources[0]/endpoint/incremental received unexpected fields `{'cursor_pth'}`"
        )

    @pytest.mark.parametrize("key", ["client", "resource_defaults", "resources"])
    def test_a_missing_part(self, key: str, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor[key]
        assert problem_in(use_vendor, vendor) == f"VENDOR missing required fields `{{{key!r}}}`"

    @pytest.mark.parametrize("key", ["kind", "description"])
    def test_a_missing_key_of_a_resource(
        self, key: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        del vendor["resources"][1][key]
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR/resources[1] missing required fields `{{{key!r}}}`"
        )

    def test_an_unknown_kind(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][1]["kind"] = "log"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR/resources[1] field `kind=log` is not one of: ['event', 'inventory']"
        )

    def test_a_missing_primary_key(self, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["resource_defaults"]["primary_key"]
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) needs a 'primary_key'"
        )

    def test_a_name_given_twice(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][4]["name"] = "bounces"
        assert problem_in(use_vendor, vendor) == "VENDOR['resources'][0] needs a 'name' of its own"

    @pytest.mark.parametrize("name", ["My Bounces", "2bounces", "bounces-eu", ""])
    def test_a_name_that_no_table_and_asset_can_have(
        self, name: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][0]["name"] = name
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] needs a 'name' of small letters, digits and _ only"
        )

    @pytest.mark.parametrize("field", ["data_selector", "paginator"])
    def test_what_an_endpoint_needs(self, field: str, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["resource_defaults"]["endpoint"][field]
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR['resources'][0] (bounces) needs an 'endpoint' with a {field!r}"
        )

    def test_an_endpoint_that_is_only_a_path(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][3]["endpoint"] = "/v1/servers"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][3] (servers) needs an 'endpoint' with a 'path' of its own"
        )

    @pytest.mark.parametrize("secret", ["live-key-0123456789", Secret("live-key-0123456789")])
    def test_a_secret_itself_instead_of_its_name(
        self, vendor: Any, use_vendor: UseVendor, secret: str
    ) -> None:
        vendor["client"]["auth"]["api_key"] = secret
        problem = problem_in(use_vendor, vendor)
        assert "needs a Secret(…) as its 'api_key', with the secret's name" in problem
        assert "live-key" not in problem

    def test_owners_that_no_resource_lists(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][0]["for_each"] = {"resource": "nobody", "id": "id", "label": "of"}
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) has a 'for_each' of 'nobody', which is no resource"
        )

    def test_no_address(self, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["client"]["base_url"]
        assert problem_in(use_vendor, vendor) == "VENDOR['client'] needs a 'base_url'"

    @pytest.mark.parametrize(
        "auth",
        [
            None,
            {
                "type": "oauth2_client_credentials",
                "access_token_url": "https://x.example.org",
                "client_id": "a",
                "client_secret": "b",
            },
        ],
    )
    def test_a_way_to_authenticate_that_does_not_work_here(
        self, auth: Any, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["client"]["auth"] = auth
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) needs an 'auth' block whose 'type' is of api_key, "
            "bearer, http_basic"
        )

    def test_an_unknown_way_to_authenticate(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["client"]["auth"]["type"] = "oauth"
        assert problem_in(use_vendor, vendor).startswith(
            "VENDOR/client/auth field `type=oauth` is not one of: ["
        )
