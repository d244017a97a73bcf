"""Typed settings, resolved through dlt's config providers.

A setting stands in `.dlt/config.toml` or in an environment variable, which wins: `base_url` of
`[sources.email]` is `SOURCES__EMAIL__BASE_URL`. Secrets stand in `.dlt/secrets.toml` or the
environment.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_origin

import dlt
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import ConfigValueCannotBeCoercedException
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.providers.toml import SECRETS_TOML, TomlProviderReadException
from dlt.common.configuration.specs import BaseConfiguration, RuntimeConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.configuration.utils import deserialize_value, get_resolved_traces
from dlt.common.known_env import DLT_PROJECT_DIR
from dlt.common.runtime import run_context
from dlt.common.runtime.telemetry import stop_telemetry
from dlt.common.typing import extract_inner_type

from email_assets.errors import EmailAssetsError
from email_assets.settings.misspelt import misspelt_in, variable_of

ACCOUNTS = ("sources", "email", "accounts")
"""The section that holds a section for each account."""
PROJECT_ROOT = Path(__file__).resolve().parents[2]
DLT_DEFAULTS = {
    "runtime": {"dlthub_telemetry": False},
    # files that live for moments: packing them takes a tenth of a first sync. So many rows are in
    # memory before they are written, and again when they are read, for which dlt's 5,000 are many
    "sources": {"data_writer": {"disable_compression": True, "buffer_max_items": 1000}},
    # else a copy of the last load, addresses included, stays where it was staged
    "load": {"truncate_staging_dataset": True},
}
"""dlt's settings where nobody sets others, in every process that loads these assets."""


class SettingError(EmailAssetsError):
    """A setting is missing or cannot be used; the text names it and says what to set."""


@configspec
class Section(BaseConfiguration):
    """A section of the settings, such as `[warehouse]`."""

    sections: ClassVar[tuple[str, ...]] = ()
    """The section's name, and the names of those that it is in."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """The full names of the secrets that stand in it too."""
    account: ClassVar[str | None] = None
    """The account whose section is looked at first, if there is one."""
    part: ClassVar[tuple[str, ...]] = ()
    """The name of the part in it that is meant, such as a resource's, if it is not the whole."""

    @property
    def place(self) -> tuple[str, ...]:
        """The section in which to set what stands here, with the names of those it is in."""
        section = self.sections if self.account is None else (*ACCOUNTS, self.account)
        return (*section, *self.part)

    @classmethod
    def names(cls) -> list[str]:
        """The names of its settings and secrets."""
        return [*cls.get_resolvable_fields(), *(name.rpartition(".")[2] for name in cls.secrets)]

    def on_resolved(self) -> None:
        """Refuse values that cannot be used."""


Settings = TypeVar("Settings", bound=Section)


def load(
    spec: type[Settings], *subsection: str, account: str | None = None, alone: bool = False
) -> Settings:
    """The settings of one section, or of a part of it, with defaults for what is not set.

    Those of an account stand in a section of its own, and where they do not, in the one that all
    accounts share, unless the account is to stand alone. Each is looked up under its full name
    only. dlt itself would go on to shorter ones, and take a stranger's `BASE_URL` in the
    environment for the address that the key is sent to.

    Raises:
        SettingError: A value has the wrong type, or cannot be used, or a name is misspelt.
    """
    use_project()
    found = spec()
    # no settings, which dlt would look up
    object.__setattr__(found, "account", account)
    object.__setattr__(found, "part", subsection)
    shared = () if alone else ((*spec.sections, *subsection),)
    places = dict.fromkeys((found.place, *shared))
    for place in places:
        refuse_misspelt(place, spec.names())
    for name, hint in spec.get_resolvable_fields().items():
        sections = next((one for one in places if _value((*one, name)) is not None), None)
        if sections is None:
            continue
        value = _value((*sections, name))
        plain = extract_inner_type(hint)
        try:
            setattr(found, name, deserialize_value(name, value, get_origin(plain) or plain))
        except ConfigValueCannotBeCoercedException:
            raise wrong_type(sections, name) from None
    found.on_resolved()
    return found


def refuse_misspelt(
    section: tuple[str, ...], ours: Collection[str], known: Collection[str] = ()
) -> None:
    """Refuse a name in a section that is one of ours misspelt; `misspelt_in` has the arguments.

    Raises:
        SettingError: There is one; the text has it, where it stands, and what it is near to.
    """
    if sentence := misspelt_in(section, ours, known):
        raise SettingError(sentence)


def _value(path: tuple[str, ...]) -> Any:
    return dlt.config.get(".".join(path))


def wrong_type(sections: tuple[str, ...], name: str) -> SettingError:
    """The error of a setting whose value is no number, say, where one is wanted."""
    return SettingError(f"{name} has a value of the wrong type. {where(sections, name)}")


def secret(name: str) -> str | None:
    """A secret of the top level or of a section (`alerts.webhook_url`), or None if it is not set.

    `get` leaves a key of digits as it stands; dlt's `secrets[name]` would make a number of it.
    """
    use_project()
    _take_in_new_secrets()
    value: object = dlt.secrets.get(name)
    return None if value is None else str(value).strip() or None


_taken_in: list[tuple[int, ...] | None] | None = None


def _take_in_new_secrets() -> None:
    """Read `secrets.toml` again if it has changed.

    dlt reads it once in the life of a process, and the one that evaluates sensors lives for months.
    """
    global _taken_in
    folders = _settings_folders()
    found = [_stamp(os.path.join(folder, SECRETS_TOML)) for folder in folders]
    if found == _taken_in:
        return
    context = Container()[PluggableRunContext]
    before = context.providers.providers
    try:
        context.reload_providers()
    except TomlProviderReadException:
        return  # somebody is writing it: what it held before counts until it can be read
    # a host's own providers, and ours, are registered once only
    read = {provider.name for provider in context.providers.providers}
    for provider in before:
        if provider.name not in read:
            context.providers.add_provider(provider)
    _taken_in = found


@cache
def _settings_folders() -> tuple[str, str]:
    """The project's `.dlt` and that of the user's home folder."""
    context = run_context.active()
    return context.settings_dir, context.global_dir


def _stamp(file: str) -> tuple[int, ...] | None:
    """A file's time, inode and size, which change when it is written, or None if there is none."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    # the size too: a file that was emptied and written within one tick of the clock has one time
    return status.st_mtime_ns, status.st_ino, status.st_size


def where_to_set_secret(name: str) -> str:
    """The sentence that says where a secret stands."""
    section, _, key = name.rpartition(".")
    place = f"{key} of [{section}]" if section else key
    variable = name.replace(".", "__").upper()
    return f"Set {place} in .dlt/secrets.toml or the environment variable {variable}."


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
    if DLT_PROJECT_DIR not in os.environ and is_checkout():
        run_context.switch_context(str(PROJECT_ROOT))
    provider = CustomLoaderDocProvider("email_assets", lambda: DLT_DEFAULTS, locations=[])
    problem: SettingError | None = None
    try:
        dlt.config.register_provider(provider)
    except TomlProviderReadException as error:
        problem = SettingError(
            f"{error.file_name} in .dlt is no TOML in UTF-8 without a byte order mark: a line of "
            "it has a mistake, or a key stands in it twice. Correct it, or save it as plain UTF-8."
        )
    if problem:  # not chained: dlt quotes the line, which may hold a secret
        raise problem
    if not resolve_configuration(RuntimeConfiguration()).dlthub_telemetry:
        stop_telemetry()  # dlt starts it as it is imported


def is_checkout() -> bool:
    """True if this package lies in its project's folder, and is not installed elsewhere."""
    return (PROJECT_ROOT / ".dlt").is_dir()


def where_to_set(settings: Section | type[Section], name: str) -> str:
    """The sentence that says in which file or environment variable a setting stands."""
    return where(settings.place if isinstance(settings, Section) else settings.sections, name)


def where(sections: tuple[str, ...], name: str) -> str:
    """That sentence for a setting of the section that has this name, with those that it is in."""
    variable = variable_of((*sections, name))
    return f"Set it as [{'.'.join(sections)}] {name} in .dlt/config.toml or as {variable}."
