"""Pseudonyms: what stands for an address, the same wherever it occurs, and tells nothing of it."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from email_assets.privacy.addresses import address_alone, addresses_in, plain

MARK = "hmac:"
"""The beginning of every pseudonym, by which it is told from what it stands for."""
PSEUDONYM = re.compile(rf"{MARK}[0-9a-f]{{32}}")
REMEMBERED = 50_000
"""Addresses whose pseudonyms are not made anew: senders and domains' postmasters come again."""


class Pseudonyms:
    """Makes pseudonyms with a salt.

    Attributes:
        fingerprint: Tells this salt from another one, and nothing else of it.
    """

    def __init__(self, salt: str) -> None:
        key = salt.encode()

        @lru_cache(REMEMBERED)
        def of(text: str) -> str:
            return f"{MARK}{hmac.digest(key, text.encode('utf-8', 'replace'), 'sha256').hex()[:32]}"

        self._of = of
        self.fingerprint = of("the fingerprint of a salt")

    def of(self, text: str) -> str:
        """The pseudonym of a text: of the addresses in it, or of the text if it has none.

        So `Ann <ann@example.org>` and `ANN@example.org` have the same one. That of pseudonyms is
        themselves: a field may be named, and the object that it lies in as well.
        """
        if address := address_alone(text):
            return self._of(address)
        if all(map(PSEUDONYM.fullmatch, text.split(", "))):
            return text
        found = dict.fromkeys(self._of(address.readings[0]) for address in addresses_in(text))
        return ", ".join(found) or self._of(plain(text))

    def places_in(self, text: str) -> Iterator[tuple[int, int, set[str]]]:
        """The places of addresses in a text, and the pseudonyms of each, one for each reading."""
        if address := address_alone(text):
            yield 0, len(text), {self._of(address)}
            return
        for found in addresses_in(text):
            yield found.start, found.stop, set(map(self._of, found.readings))

    def of_value(self, value: Any) -> Any:
        """The pseudonym of any value, and of each in a list or an object; nothing stays nothing."""
        if isinstance(value, dict):
            return {key: self.of_value(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.of_value(item) for item in value]
        if value is None or value == "":
            return value
        return self.of(value if isinstance(value, str) else json.dumps(value))
