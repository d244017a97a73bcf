"""The project's folder: where the files that settings name are, and where data is written."""

from __future__ import annotations

import os
from pathlib import Path

from dlt.common.known_env import DLT_LOCAL_DIR, DLT_PROJECT_DIR
from dlt.common.runtime import run_context

from email_assets.settings.resolve import is_checkout, use_project


def project_file(path: str) -> Path:
    """A file that a setting names, seen from the project's folder."""
    use_project()
    return Path(run_context.active().run_dir) / path


def data_folder() -> tuple[Path, str]:
    """The folder for files that no setting places elsewhere, and what chose it.

    It is the project's folder, which `DLT_PROJECT_DIR` names, or dlt's own `DLT_LOCAL_DIR`. For an
    installed package without either it is `DAGSTER_HOME`, or else the working folder.
    """
    use_project()
    context = run_context.active()
    if DLT_LOCAL_DIR in os.environ:
        return Path(context.local_dir).resolve(), DLT_LOCAL_DIR
    folder = Path(context.run_dir).resolve()
    if DLT_PROJECT_DIR in os.environ:
        return folder, DLT_PROJECT_DIR
    if is_checkout():
        return folder, "the project's folder"
    if home := os.environ.get("DAGSTER_HOME"):
        return Path(home).resolve(), "DAGSTER_HOME"
    return folder, "the working folder"
