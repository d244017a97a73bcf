"""Folders for the data and for Dagster's history, and the environment that names them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from dlt.common.known_env import DLT_PROJECT_DIR

from email_assets.errors import WarehouseError
from email_assets.quickstart.api import ChosenApi
from email_assets.sentences import ALMOST_FULL, UNTOUCHED
from email_assets.settings import project
from email_assets.settings.resolve import SettingError

PACKAGE = Path(__file__).parent.parent
QUIET = ",".join(
    f"ignore:{message}"
    for message in (
        # Dagster names `dg launch` and `dg dev` as successors of the commands used here, and
        # marks as beta what its own command line calls: nothing that a user could act on
        "Function `asset_materialize_command` is superseded",
        "Function `job_execute_command` is superseded",
        "Function `dev_command` is superseded",
        "Parameter `include_sources` of function `AssetSelection.all`",
    )
)


PRIVATE = 0o077
"""The umask of Dagster's processes: files of the data and its history are for their user alone."""


def choose_folders() -> str:
    """Say where data and history go, for this process and its children alike.

    Returns the folder of the data, with what chose it.

    Raises:
        SettingError: The folder of the history cannot be made.
    """
    place, chosen_by = project.data_folder()
    if named := os.environ.get("DAGSTER_HOME"):
        home = Path(named).resolve()  # Dagster takes absolute ones alone
        if not home.is_dir():
            _make_home(home)
        os.environ["DAGSTER_HOME"] = str(home)
    else:
        home = place / ".dagster"
        _make_home(home)
        os.environ["DAGSTER_HOME"] = str(home)
        # else a child would take the home that it is given for what chooses the data's folder
        os.environ.setdefault(DLT_PROJECT_DIR, str(project.project_file(".")))
    return f"{place} ({chosen_by})"


def _make_home(home: Path) -> None:
    """The folder of Dagster's history, with the project's configuration unless it has its own."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists():
            shutil.copy(PACKAGE / "dagster.yaml", home)
    except OSError as error:
        raise _not_made(home, error) from None


def _not_made(home: Path, error: OSError) -> SettingError:
    return SettingError(
        f"The folder {home} for Dagster's history cannot be made: {error.strerror}. "
        "Set DAGSTER_HOME to a folder that you may write to."
    )


def refuse_full_disks() -> None:
    """Look at the disks of the data, of Dagster's history and of working files.

    Raises:
        WarehouseError: One of them is full: Dagster would say so in some hundred lines.
    """
    place, _ = project.data_folder()
    for folder in (place, Path(os.environ["DAGSTER_HOME"]), Path(tempfile.gettempdir())):
        if folder.exists() and shutil.disk_usage(folder).free < ALMOST_FULL:
            raise WarehouseError(
                f"The disk of {folder} is full. Free some of it and run again. {UNTOUCHED}"
            )


def folder_of_sandbox() -> Path:
    """The folder of what the sandbox gives, and of the history of its runs, made if need be.

    The sandbox's customers must never end up between real ones.

    Raises:
        SettingError: It cannot be made.
    """
    folder = Path(os.environ["DAGSTER_HOME"]) / "sandbox"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(PACKAGE / "dagster.yaml", folder)
    except OSError as error:
        raise _not_made(folder, error) from None
    return folder


def environment_of(api: ChosenApi) -> dict[str, str]:
    """The environment of Dagster's commands that use an API.

    Files go to the places that the settings name, and those of the sandbox to a folder of its own.
    """
    found = {**os.environ, "PYTHONWARNINGS": QUIET, "PYTHONUNBUFFERED": "1", **api.settings}
    if not api.is_sandbox:
        return found
    folder = folder_of_sandbox()
    return {
        **found,
        "WAREHOUSE__DESTINATION_TYPE": "duckdb",
        "WAREHOUSE__DATASET_NAME": "email",
        "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
        "DAGSTER_HOME": str(folder),
    }
