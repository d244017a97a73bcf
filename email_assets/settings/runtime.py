"""The settings of requests, which are dlt's `[runtime]`."""

from __future__ import annotations

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.exceptions import ConfigValueCannotBeCoercedException
from dlt.common.configuration.specs import RuntimeConfiguration

from email_assets.settings.resolve import (
    SettingError,
    refuse_misspelt,
    use_project,
    where,
    wrong_type,
)

RUNTIME = ("runtime",)
LEAST = {
    "request_timeout": 0.001,
    "request_max_attempts": 1,
    "request_backoff_factor": 0,
    "request_max_retry_delay": 0,
}
"""The least that each of these may be."""
MOST = 86_400
"""The most that they may be: where they are seconds, those of a day."""


@configspec
class Runtime(RuntimeConfiguration):
    """`[runtime]` of dlt, with this package's defaults for requests."""

    request_timeout: float = 60
    """Seconds for one request, from the connection to the last byte."""
    request_max_attempts: int = 3
    """Attempts in all, the first one included."""
    request_backoff_factor: float = 2
    """Seconds before the second attempt; twice as many before the third."""
    request_max_retry_delay: float = 300
    """Seconds that one wait may take, whatever the API asks."""


def load_runtime() -> Runtime:
    """The `[runtime]` settings of dlt: time limits and retries among them.

    Raises:
        SettingError: A value has the wrong type, or no request could be sent with it, or a
            name is misspelt.
    """
    use_project()
    refuse_misspelt_runtime()
    try:
        runtime = resolve_configuration(Runtime())
    except ConfigValueCannotBeCoercedException as error:
        raise wrong_type(RUNTIME, error.field_name) from None
    for name, least in LEAST.items():
        if not least <= getattr(runtime, name) <= MOST:
            raise SettingError(f"{name} must be {least} to {MOST}. {where(RUNTIME, name)}")
    return runtime


def refuse_misspelt_runtime() -> None:
    """Refuse a name that is one of those misspelt; what else is near to dlt's is dlt's to judge.

    Raises:
        SettingError: There is one; the text has it, where it stands, and what it is near to.
    """
    refuse_misspelt(RUNTIME, LEAST, Runtime.get_resolvable_fields())
