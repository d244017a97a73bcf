"""Typed settings, resolved through dlt's config providers.

A setting stands in `.dlt/config.toml` or in an environment variable, which wins: `base_url` of
`[sources.email]` is `SOURCES__EMAIL__BASE_URL`. Secrets stand in `.dlt/secrets.toml` or the
environment.
"""

from __future__ import annotations

import os
import re
from dataclasses import field
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_origin
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import dlt
from croniter import CroniterError, croniter
from dlt.common.configuration import configspec, known_sections, resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import ConfigValueCannotBeCoercedException
from dlt.common.configuration.providers import SecretsTomlProvider
from dlt.common.configuration.providers.toml import SECRETS_TOML, TomlProviderReadException
from dlt.common.configuration.specs import BaseConfiguration, RuntimeConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.configuration.utils import deserialize_value, get_resolved_traces
from dlt.common.known_env import DLT_PROJECT_DIR
from dlt.common.runtime import run_context
from dlt.common.typing import extract_inner_type

from email_assets.errors import EmailAssetsError

RUNTIME = ("runtime",)
PROJECT_ROOT = Path(__file__).resolve().parent.parent
MOST_READ_AHEAD = 64
"""Each page in flight is a thread and a connection."""
MOST_PREVIEWED = 100
LEAST_RETENTION = 7
"""Days. What has not ended after so long was killed, and its run can be deleted like the others."""
SMTP_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
"""The usual port of a mail server, by the security of the connection."""
LONGEST_LAG = 20 * 365 * 24 * 60 * 60
"""Seconds that a sync may look back; whoever wants more wants a full refresh."""


class SettingError(EmailAssetsError):
    """A setting is missing or cannot be used; the text names it and says what to set."""


@configspec
class Section(BaseConfiguration):
    """A section of the settings, such as `[warehouse]`."""

    sections: ClassVar[tuple[str, ...]] = ()
    """The section's name, and the names of those that it is in."""

    def on_resolved(self) -> None:
        """Refuse values that cannot be used."""


@configspec
class ApiSettings(Section):
    """`[sources.email]`: which API to read."""

    vendor: str = "generic"
    """A vendor of this package, or a module (`my_company.email_api`) or file (`email_api.py`)."""
    base_url: str | None = None
    """The API's address, where it is not the one that the vendor's file gives."""
    read_ahead: int = 8
    """Pages of a list to keep in flight, once its total is known; 1 asks for them one by one."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse an address that no request could be sent to, and a number of pages below 1."""
        if not 1 <= self.read_ahead <= MOST_READ_AHEAD:
            raise SettingError(
                f"read_ahead must be a number of pages from 1 to {MOST_READ_AHEAD}. "
                + where_to_set(self, "read_ahead")
            )
        if self.base_url is None:
            return
        address = _split(self.base_url)
        if address is None or address.scheme not in ("http", "https") or not address.hostname:
            raise SettingError(
                "base_url must be an http or https address, for example https://mail.example.org. "
                + where_to_set(self, "base_url")
            )
        if address.query or "@" in address.netloc:
            raise SettingError(
                "base_url must hold no key, user or query; keys belong in .dlt/secrets.toml. "
                + where_to_set(self, "base_url")
            )


@configspec
class ResourceSettings(Section):
    """`[sources.email.<resource>]`: syncs of what is new only. The words are dlt's.

    What is set here wins over the vendor's file.
    """

    cursor_path: str | None = None
    """The field that says when a row came about."""
    start_param: str | None = None
    """The API's parameter for rows from an instant on."""
    end_param: str | None = None
    """The API's parameter for rows up to an instant."""
    lag: float | None = None
    """Seconds to look back for rows that change late."""
    row_order: str | None = None
    """`desc` if the API lists the newest rows first."""

    sections: ClassVar[tuple[str, ...]] = (known_sections.SOURCES, "email")

    def on_resolved(self) -> None:
        """Refuse an order that means nothing here, and a look-back that is none."""
        if self.row_order not in (None, "desc"):
            raise SettingError("row_order can only be desc: the API lists the newest rows first.")
        if self.lag is not None and not 0 <= self.lag <= LONGEST_LAG:
            raise SettingError(f"lag must be a number of seconds from 0 to {LONGEST_LAG}.")


@configspec
class WarehouseSettings(Section):
    """`[warehouse]`: where the tables live. The destination's own settings are dlt's."""

    destination_type: str = "duckdb"
    """A dlt destination: a name (`duckdb`, `postgres`) or a type with its module."""
    dataset_name: str = "email"
    """The schema that holds the tables."""
    lock_timeout: float = 600
    """Seconds to wait for other processes that hold the DuckDB file, before a run fails."""

    sections: ClassVar[tuple[str, ...]] = ("warehouse",)

    def on_resolved(self) -> None:
        """Refuse a wait that is none."""
        if not self.lock_timeout >= 0:  # also what is not a number
            raise SettingError(
                f"lock_timeout must not be below 0. {where_to_set(self, 'lock_timeout')}"
            )


@configspec
class AutomationSettings(Section):
    """`[automation]`: when to run without being asked."""

    enabled: bool = False
    """Whether schedules and sensors are switched on when Dagster first sees them."""
    timezone: str = "UTC"
    """The IANA time zone of the cron expressions."""
    event_cron: str = "0 * * * *"
    """When to sync event resources."""
    inventory_cron: str = "30 5 * * *"
    """When to sync inventory."""

    sections: ClassVar[tuple[str, ...]] = ("automation",)

    def on_resolved(self) -> None:
        """Refuse time zones and cron expressions that Dagster could not run."""
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise SettingError(
                f"timezone {self.timezone!r} is no IANA time zone such as Europe/Berlin. "
                + where_to_set(self, "timezone")
            ) from None
        for name in ("event_cron", "inventory_cron"):
            cron = getattr(self, name)
            if len(cron.split()) != 5 or not _has_a_next_run(cron):
                raise SettingError(
                    f"{name} {cron!r} is no cron expression of five fields such as '0 * * * *'. "
                    + where_to_set(self, name)
                )


@configspec
class CatalogSettings(Section):
    """`[catalog]`: what the Dagster catalog says of every asset."""

    owners: list[str] = field(default_factory=list)
    """E-mail addresses, or teams as `team:name`."""
    tags: dict[str, str] = field(default_factory=dict)
    """Tags, name to value."""
    preview_rows: int = 0
    """Rows that a materialization shows, with addresses masked. They are customers' data."""

    sections: ClassVar[tuple[str, ...]] = ("catalog",)

    def on_resolved(self) -> None:
        """Refuse numbers that no page could show."""
        if not 0 <= self.preview_rows <= MOST_PREVIEWED:
            raise SettingError(
                f"preview_rows must lie between 0 and {MOST_PREVIEWED}. "
                + where_to_set(self, "preview_rows")
            )


@configspec
class AlertSettings(Section):
    """`[alerts]`: what an alert links to. The webhook it goes to is a secret, `webhook_url`."""

    dagster_url: str = "http://127.0.0.1:3000"
    """Where people open Dagster's UI."""

    sections: ClassVar[tuple[str, ...]] = ("alerts",)


@configspec
class DeliverabilitySettings(Section):
    """`[deliverability]`: when bounces are too many."""

    max_bounce_rate: float = 0.05
    """The share of a day's messages that may bounce."""

    sections: ClassVar[tuple[str, ...]] = ("deliverability",)

    def on_resolved(self) -> None:
        """Refuse what is no share."""
        if not 0 <= self.max_bounce_rate <= 1:  # also what is not a number
            raise SettingError(
                "max_bounce_rate must be a share from 0 to 1, such as 0.05 for 5 %. "
                + where_to_set(self, "max_bounce_rate")
            )


@configspec
class RetentionSettings(Section):
    """`[retention]`: how long the history of runs is kept."""

    days: int = 90
    """Days after which a run, its events and its logs are deleted."""

    sections: ClassVar[tuple[str, ...]] = ("retention",)

    def on_resolved(self) -> None:
        """Refuse days that a run under way could outlast."""
        if self.days < LEAST_RETENTION:
            raise SettingError(
                f"days must be a whole number of days from {LEAST_RETENTION} on. "
                + where_to_set(self, "days")
            )


@configspec
class MailSettings(Section):
    """`[alerts]`: alerts by e-mail. The password is a secret, `smtp_password`."""

    smtp_host: str | None = None
    """The mail server."""
    smtp_port: int | None = None
    """Its port, where it is not the usual one of the security."""
    smtp_security: str = "starttls"
    """`starttls`, `ssl` from the first byte on, or `none`."""
    smtp_user: str | None = None
    """Who logs in, if the server wants a login."""
    mail_from: str | None = None
    """The sender of the mails."""
    mail_to: list[str] = field(default_factory=list)
    """Who gets them."""

    sections: ClassVar[tuple[str, ...]] = ("alerts",)

    @property
    def port(self) -> int:
        """The port, or the usual one."""
        return self.smtp_port or SMTP_PORTS[self.smtp_security]

    def on_resolved(self) -> None:
        """Refuse a security and a port that are none, and what is no address."""
        if self.smtp_security not in SMTP_PORTS:
            raise SettingError(
                "smtp_security must be starttls, ssl or none. "
                + where_to_set(self, "smtp_security")
            )
        if self.smtp_port is not None and not 0 < self.smtp_port < 65536:
            raise SettingError(
                f"smtp_port must be from 1 to 65535. {where_to_set(self, 'smtp_port')}"
            )
        for name, addresses in (
            ("mail_from", [self.mail_from or "a@b"]),
            ("mail_to", self.mail_to),
        ):
            if not all(map(_is_mail_address, addresses)):
                raise SettingError(
                    f"{name} holds something that is no e-mail address. {where_to_set(self, name)}"
                )


Settings = TypeVar("Settings", bound=Section)


def load(spec: type[Settings], *subsection: str) -> Settings:
    """The settings of one section, or of a part of it, with defaults for what is not set.

    Each is looked up under its full name only. dlt itself would go on to shorter ones, and take a
    stranger's `BASE_URL` in the environment for the address that the key is sent to.

    Raises:
        SettingError: A value has the wrong type, or cannot be used.
    """
    use_project()
    found = spec()
    sections: tuple[str, ...] = (*spec.sections, *subsection)
    for name, hint in spec.get_resolvable_fields().items():
        value: Any = dlt.config.get(".".join((*sections, name)))
        if value is None:
            continue
        plain = extract_inner_type(hint)
        try:
            setattr(found, name, deserialize_value(name, value, get_origin(plain) or plain))
        except ConfigValueCannotBeCoercedException:
            raise _wrong_type(sections, name) from None
    found.on_resolved()
    return found


def load_runtime() -> RuntimeConfiguration:
    """The `[runtime]` settings of dlt: time limits and retries among them.

    Raises:
        SettingError: A value has the wrong type, or no request could be sent with it.
    """
    use_project()
    try:
        runtime = resolve_configuration(RuntimeConfiguration())
    except ConfigValueCannotBeCoercedException as error:
        raise _wrong_type(RUNTIME, error.field_name) from None
    for name in ("request_timeout", "request_max_attempts"):
        if not getattr(runtime, name) > 0:
            raise SettingError(f"{name} must be above 0. {_where(RUNTIME, name)}")
    return runtime


def _wrong_type(sections: tuple[str, ...], name: str) -> SettingError:
    return SettingError(f"{name} has a value of the wrong type. {_where(sections, name)}")


def secret(name: str) -> str | None:
    """A secret of the top level or of a section (`alerts.webhook_url`), or None if it is not set.

    `get` leaves a key of digits as it stands; dlt's `secrets[name]` would make a number of it.
    """
    use_project()
    _take_in_new_secrets()
    value: object = dlt.secrets.get(name)
    return None if value is None else str(value).strip() or None


_taken_in: list[tuple[int, int] | None] | None = None


def _take_in_new_secrets() -> None:
    """Read `secrets.toml` again if it has changed.

    dlt reads it once in the life of a process, and the one that evaluates sensors lives for months.
    """
    global _taken_in
    folders = _settings_folders()
    found = [_stamp(os.path.join(folder, SECRETS_TOML)) for folder in folders]
    if found == _taken_in:
        return
    try:
        provider = SecretsTomlProvider(*folders)
    except TomlProviderReadException:
        return  # somebody is writing it: what it held before counts until it can be read
    Container()[PluggableRunContext].providers[SECRETS_TOML] = provider
    _taken_in = found


@cache
def _settings_folders() -> tuple[str, str]:
    """The project's `.dlt` and that of the user's home folder."""
    context = run_context.active()
    return context.settings_dir, context.global_dir


def _stamp(file: str) -> tuple[int, int] | None:
    """What changes when a file is written or replaced, or None if there is none."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def where_to_set_secret(name: str) -> str:
    """The sentence that says where a secret stands."""
    section, _, key = name.rpartition(".")
    place = f"{key} of [{section}]" if section else key
    variable = name.replace(".", "__").upper()
    return f"Set {place} in .dlt/secrets.toml or the environment variable {variable}."


def project_file(path: str) -> Path:
    """A file that a setting names, seen from the project's folder."""
    use_project()
    return Path(run_context.active().run_dir) / path


def use_project() -> None:
    """Make dlt read `.dlt/` and place files beside it, wherever the command is run.

    `DLT_PROJECT_DIR` wins, as everywhere in dlt. A package installed without its project folder
    leaves dlt's default, the working directory.
    """
    # dlt notes each value that a thread looks up, secrets too, for as long as the process lives:
    # tens of megabytes a day where a sensor asks every minute
    get_resolved_traces().logging_enabled = False
    _find_project()


@cache
def _find_project() -> None:
    if DLT_PROJECT_DIR not in os.environ and (PROJECT_ROOT / ".dlt").is_dir():
        run_context.switch_context(str(PROJECT_ROOT))


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None where its host or port cannot be one."""
    try:
        address = urlsplit(url)
        return address if address.port != 0 else None
    except ValueError:
        return None


def _is_mail_address(text: object) -> bool:
    """Whether a text is `ann@example.org` or `Ann <ann@example.org>`."""
    if not isinstance(text, str) or not text.isprintable():
        return False
    return bool(re.fullmatch(r"[^\s@]+@[^\s@]+", parseaddr(text)[1]))


def _has_a_next_run(cron: str) -> bool:
    try:
        croniter(cron).get_next()
    except CroniterError:
        return False
    return True


def where_to_set(settings: Section | type[Section], name: str) -> str:
    """The sentence that says in which file or environment variable a setting stands."""
    return _where(settings.sections, name)


def _where(sections: tuple[str, ...], name: str) -> str:
    variable = "__".join((*sections, name)).upper()
    return f"Set it as [{'.'.join(sections)}] {name} in .dlt/config.toml or as {variable}."
