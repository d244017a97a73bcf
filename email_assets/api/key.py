"""The key of a request, and the secrets that must not be seen anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from requests import PreparedRequest
from requests.auth import AuthBase

from email_assets.errors import KeyRefusedError


@dataclass(frozen=True)
class Key:
    """Adds the key to a request."""

    secrets: tuple[str, ...]
    """Texts that must not be seen anywhere."""
    auth: AuthBase
    """Puts the secrets into a request."""
    remedy: str
    """The sentence that says where to set them."""
    in_answers: bool = False
    """True if an answer may hold them: a list of owners gives each one's secret."""

    def sign(self, request: PreparedRequest, resource: str) -> PreparedRequest:
        """Put the key into a request.

        Raises:
            KeyRefusedError: No header can hold it; what nothing can send is not tried.
        """
        try:
            signed: PreparedRequest = self.auth(request)
            fits = all(_fits(value) for value in signed.headers.values())
        except UnicodeError:
            fits = False
        if not fits:
            # outside of the except block: the chained exception would carry the key
            raise KeyRefusedError(
                f"{resource}: the key holds a character that no header can, such as a line break "
                f"or an ellipsis that was copied along. {self.remedy}"
            )
        return signed


def _fits(value: str | bytes) -> bool:
    """True if a header can hold a value: latin-1, without line breaks and spaces at its ends."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    try:
        text.encode("latin-1")
    except UnicodeError:
        return False
    return text == text.strip() and not any(character in text for character in "\r\n\0")
