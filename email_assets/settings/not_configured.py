"""The sentence of whoever has not said yet which API to read."""

from __future__ import annotations

from urllib.parse import urlsplit

from email_assets.settings.resolve import SettingError

PLACEHOLDER_HOST = "api.example.com"
"""The host of the vendor-neutral API, which stands for the one that is not configured yet."""


def refuse_placeholder(resource: str, base_url: str, where_to_set: str) -> None:
    """Refuse to ask an API that is none.

    Args:
        resource: The resource's name.
        base_url: The API's address.
        where_to_set: Says where the address and the key are set.

    Raises:
        SettingError: No API is configured.
    """
    if urlsplit(base_url).hostname == PLACEHOLDER_HOST:
        raise SettingError(f"{resource}: no API is configured yet. {where_to_set}")
