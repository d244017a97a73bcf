"""Mistakes in the address and the key that a vendor's file names are told by the key at fault."""

from typing import Any

import pytest

from email_assets.vendors import Secret
from email_assets_tests.vendors.vendor_file_fixtures import problem_in, vendor
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor", "vendor"]


class TestMistakesOfAccess:
    @pytest.mark.parametrize("secret", ["live-key-0123456789", Secret("live-key-0123456789")])
    def test_a_secret_itself_instead_of_its_name(
        self, vendor: Any, use_vendor: UseVendor, secret: str
    ) -> None:
        vendor["client"]["auth"]["api_key"] = secret
        problem = problem_in(use_vendor, vendor)
        assert "needs a Secret(…) as its 'api_key', with the secret's name" in problem
        assert "live-key" not in problem

    def test_a_key_in_the_body_of_a_request_that_has_none(
        self, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["client"]["auth"]["location"] = "body"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) has its key in the body, and needs an 'endpoint' "
            "with the 'method' 'POST'"
        )

    def test_no_address(self, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["client"]["base_url"]
        assert problem_in(use_vendor, vendor) == "VENDOR['client'] needs a 'base_url'"

    @pytest.mark.parametrize("address", ["mail.example.org", "https://a..b", "https://-ü.example"])
    def test_an_address_that_cannot_be_asked(
        self, address: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["client"]["base_url"] = address
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR['client'] has the 'base_url' {address!r}, which is no http or https address, "
            "such as https://mail.example.org"
        )

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
