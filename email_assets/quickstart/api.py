"""The API that the commands for beginners use: the configured one, or else the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from email_assets.account import Account
from email_assets.account.every import configured_accounts
from email_assets.sandbox import Sandbox

SANDBOX_MESSAGES = 5000
MESSAGES_A_MINUTE = 6.0


@dataclass(frozen=True)
class ChosenApi:
    """An API, and how to use it."""

    description: str
    """Its kind and address, for people."""
    settings: dict[str, str] = field(default_factory=dict)
    """The environment in which it is used, besides what is set already."""
    is_sandbox: bool = False


@contextmanager
def chosen_api(rate: float = 0.0) -> Iterator[ChosenApi]:
    """The configured API, or the sandbox for as long as the block runs.

    Args:
        rate: Messages that arrive at the sandbox in a minute.
    """
    accounts = configured_accounts()
    if any(account.is_configured for account in accounts):
        yield ChosenApi("\n".join(map(_described, accounts)))
        return
    with Sandbox(messages=SANDBOX_MESSAGES, rate=rate) as sandbox:
        yield ChosenApi(
            f"The bundled sandbox API: {sandbox.base_url}. To load your own, set API_KEY and "
            "SOURCES__EMAIL__BASE_URL.",
            {"API_KEY": sandbox.api_key, "SOURCES__EMAIL__BASE_URL": sandbox.base_url},
            is_sandbox=True,
        )


def _described(account: Account) -> str:
    api = account.api
    where = api.base_url or ("no base_url is set yet" if api.vendor == "generic" else "")
    whose = f"Your account {account.name}" if account.name else "Your API"
    if account.problem:
        return f"{whose}: {account.problem}"
    return f"{whose}: {' '.join(filter(None, (api.vendor, where)))}"
