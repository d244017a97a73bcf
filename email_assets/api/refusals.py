"""The sentences for answers that say no, or that nobody can read, and will be so again."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from email_assets.api.faults import origin_of
from email_assets.api.key import Key
from email_assets.errors import ApiError, KeyRefusedError, RefusedError
from email_assets.redaction import redact

MESSAGE_LENGTH = 300
"""Characters of an API's own words to pass on."""
BODY_LENGTH = 16 * 1024
"""Bytes of a body to look for those in; cleaning a text takes a second for each megabyte."""
NO_CONTENT = (204, 205)
"""Statuses of answers without a body."""
EMPTY_MEANS_NOTHING = (
    " If an empty body means that there are no rows, let a function in response_actions of the "
    "vendor's file raise dlt's IgnoreResponseException for it."
)
"""The remedy for an empty body: an action by content would find it in every body."""


def refusal(
    resource: str, status: int, url: str, headers: Mapping[str, str], body: bytes, key: Key
) -> RefusedError:
    """The error for an answer that says no, and will say so again.

    Args:
        resource: The resource's name.
        status: The answer's status.
        url: The URL that was asked for.
        headers: The answer's headers.
        body: Its body.
        key: The key, of which nothing must be passed on.
    """
    path, reason = urlsplit(url).path, named(status)
    if status in (401, 403):
        sentence = f"{resource}: the API refused the key ({status}). {key.remedy}"
        return KeyRefusedError(sentence, reason)
    if 300 <= status < 400 and (location := headers.get("Location")):
        target = redact(_target(url, location), key.secrets)[:MESSAGE_LENGTH]
        problem = (
            f"the API redirects {path} to {target}, and redirects are not followed, so that the "
            "key goes nowhere else. Set base_url of [sources.email] to the address that answers."
        )
    elif status == 404:
        problem = (
            f"there is no {path} at {origin_of(url)} (404). Check base_url of [sources.email] and "
            "whether this account's API has the resource."
        )
    else:
        said = redact(_beginning(body), key.secrets)[:MESSAGE_LENGTH]
        problem = f"the API refused {path} ({reason}) and said: {said or 'nothing'}"
    return RefusedError(f"{resource}: {problem}", reason)


def no_content(resource: str, status: int) -> ApiError:
    """The error for an answer without a body, where a list was asked for."""
    action = f'"response_actions": [{{"status_code": {status}, "action": "ignore"}}]'
    return ApiError(
        f"{resource}: the API answered {named(status)}, and not with a list. If that means that "
        f"there are no rows, say so in the endpoint of the vendor's file: {action}."
    )


def too_large(resource: str, most: int) -> ApiError:
    """The error for a body that would take too much memory."""
    return ApiError(
        f"{resource}: an answer of the API has more than {most:,} bytes. Ask for fewer rows a page "
        "(limit) in the vendor's file, or raise max_page_bytes of [sources.email]. What was loaded "
        "before is untouched."
    )


def named(status: int) -> str:
    """A status with its name, if it has one."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _beginning(body: bytes) -> str:
    """The beginning of a body in one line, without a last word that may be cut in two."""
    words = body[:BODY_LENGTH].decode("utf-8", "replace").split()
    return " ".join(words[:-1] if len(body) > BODY_LENGTH else words)


def _target(url: str, location: str) -> str:
    """The target of a redirect, without the query, which may repeat the key."""
    try:
        target = urljoin(url, location)
        return f"{origin_of(target)}{urlsplit(target).path}"
    except ValueError:
        return "an address that cannot be read"
