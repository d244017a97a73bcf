"""A list of two pages, of which the first has a link to the second."""

from __future__ import annotations

from email_assets_tests.vendors.serving import Answer, Asked, VendorServer

BY_LINK = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["endpoint"] |= {"paginator": {"type": "json_link", "next_url_path": "next"}}
"""
"""A vendor's file that follows the link."""


class TwoPages(VendorServer):
    """Gives two pages of a row each."""

    def __init__(self) -> None:
        super().__init__()
        self.link = self.base_url
        """The address of the second page, without its path."""
        self.query = "page=2"

    def answer(self, asked: Asked) -> Answer:
        if "page" in asked.query:
            return Answer(200, {"data": [{"id": 2}], "next": None})
        return Answer(200, {"data": [{"id": 1}], "next": f"{self.link}{asked.path}?{self.query}"})
