"""Misspelt names in the files of a project folder, and the names of the guides, which all pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.settings import resolve
from email_assets.settings.common import refuse_misspelt_names
from email_assets.settings.resolve import Section
from email_assets_tests import programs
from email_assets_tests.conftest import PROJECT
from email_assets_tests.docs.pages import PAGES

VALUE = "0a-value-that-may-be-a-key"
SHOW = """
from email_assets.account.every import configured_accounts
from email_assets.errors import EmailAssetsError
try:
    print([account.name for account in configured_accounts()])
except EmailAssetsError as error:
    print(error)
"""


def said_of(folder: Path, config: str = "", secrets: str = "") -> str:
    """The lines that a process that begins says of the files of a project."""
    (folder / ".dlt").mkdir()
    (folder / ".dlt" / "config.toml").write_text(config)
    (folder / ".dlt" / "secrets.toml").write_text(secrets)
    env = {"DLT_PROJECT_DIR": str(folder)}
    ended = programs.run("python", "-c", SHOW, home=folder / "home", cwd=folder, env=env)
    return ended.said.strip()


@pytest.mark.parametrize(
    ("place", "line", "meant"),
    [
        ("runtime", "request_timout", "request_timeout is one. Correct its name."),
        ("warehouse", "Lock_Timeout", "lock_timeout is one. Correct its name."),
        ("sources.email", "base-url", "base_url is one. Correct its name."),
        ("sources.email.messages", "cursor_paths", "cursor_path is one. Correct its name."),
        ("sources.email.accounts.brand", "vendr", "vendor is one. Correct its name."),
        ("privacy.keepdays", "", "keep_days is one. Correct its name."),
        ("alert", "mail_to", "[alerts] mail_to is one. Correct its section's name."),
        ("Privacy", "hash", "[privacy] hash is one. Correct its section's name."),
    ],
)
def test_a_misspelt_name_in_a_file_is_refused_with_its_section(
    tmp_path: Path, place: str, line: str, meant: str
) -> None:
    said = said_of(tmp_path, f'[{place}]\n{line or "messages"} = "{VALUE}"')
    if not line:
        place, _, line = place.rpartition(".")
    named = f"[{place}] {line} in .dlt/config.toml is no setting, so nothing comes of it; {meant}"
    assert said == named


def test_a_misspelt_secret_is_refused_without_its_value(tmp_path: Path) -> None:
    said = said_of(tmp_path, secrets=f'[privacy]\nslat = "{VALUE}"')
    assert said == (
        "[privacy] slat in .dlt/secrets.toml is no setting, so nothing comes of it; salt is one. "
        "Correct its name."
    )


def test_what_is_like_none_of_ours_is_left_alone_in_files(tmp_path: Path) -> None:
    config = """
        [alert]
        url = "https://other.example.org"
        [catalog.schemas]
        main = "other"
        [warehouse]
        server = "db.example.org"
        [sources.email]
        data_writer = { buffer_max_items = 500 }
        [sources.email.groups]
        max_table_nesting = 2
        [sources.emails]
        base_url = "https://other.example.org"
        [sources.email.accounts.brand]
        vendor = "postmark"
    """
    assert said_of(tmp_path, config) == "['brand']"


def test_all_names_of_the_guides_and_of_the_projects_files_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [page.read_text() for page in (*PAGES, *PROJECT.glob(".dlt/*"))]
    named = {one for text in texts for one in re.findall(r"\b[A-Z]+(?:__[A-Z_]*[A-Z])+\b", text)}
    named |= {variable for text in texts for variable in _set_in(text)}
    assert {"PRIVACY__SALT", "WAREHOUSE__READ_COPY", "SOURCES__EMAIL__MESSAGES__LAG"} <= named
    resolve.use_project()  # which reads dlt's settings once, and takes no such values
    for variable in named:
        monkeypatch.setenv(variable, "1")
    refuse_misspelt_names()
    places = {(*variable.lower().split("__")[:-1],) for variable in named}
    for spec in Section.__subclasses__():
        for place in places:
            if place[: len(spec.sections)] == spec.sections:
                resolve.refuse_misspelt(place, spec.names())


def _set_in(text: str) -> Iterator[str]:
    """The variables of what the lines of a text set, those behind a remark's sign included."""
    section = ""
    for line in text.splitlines():
        if found := re.match(r"(?:# )?\[([a-z_.]+)\]", line):
            section = found[1]
        elif section and (found := re.match(r"(?:# )?([a-z_.]+) = ", line)):
            yield "__".join((*section.split("."), *found[1].split("."))).upper()
