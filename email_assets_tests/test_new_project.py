"""The component in a project that `create-dagster` made, beside the newest Dagster."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import CHECK_NAMES, NAMES
from email_assets_tests.environments import NewEnvironment, environment
from email_assets_tests.queries import ask

__all__ = ["environment"]

pytestmark = pytest.mark.install

DEFS = """\
type: email_assets.EmailServiceComponent
attributes:
  key_prefix: mail
  group: crm
  automation: schedules
"""


@dataclass
class NewProject:
    """A project, and the programs of the environment that it is installed in."""

    folder: Path
    programs: Path

    def run(self, program: str, *arguments: str, **variables: str) -> str:
        """The output of a program that ends well."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "HOME": str(self.folder.parent),
                "COLUMNS": "200",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def project(environment: NewEnvironment, tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    folder = tmp_path_factory.mktemp("new_project")
    made = NewProject(folder / "crm", environment.programs)
    subprocess.run(
        [made.programs / "create-dagster", "project", "crm", "--no-uv-sync"],
        cwd=folder,
        check=True,
    )
    environment.install("--no-deps", "-e", made.folder)
    place = made.folder / "src" / "crm" / "defs" / "mail"
    place.mkdir()
    (place / "defs.yaml").write_text(DEFS)
    return made


@pytest.fixture(scope="module")
def listed(project: NewProject) -> dict[str, set[str]]:
    """The names that `dg list defs` shows, by kind."""
    found = json.loads(project.run("dg", "list", "defs", "--json"))
    return {
        kind: {one.get("key") or one.get("asset_key") or one["name"] for one in of_kind}
        for kind, of_kind in found.items()
    }


def test_dg_lists_the_five_assets_with_their_checks_under_the_prefix(
    listed: dict[str, set[str]],
) -> None:
    assert listed["assets"] >= {f"mail/{name}" for name in NAMES}
    assert all(key.startswith("mail/") for key in listed["assets"])
    assert listed["asset_checks"] >= {
        f"mail/{name}:{check}" for name in NAMES for check in CHECK_NAMES
    }


def test_dg_lists_their_jobs_schedules_and_sensors(listed: dict[str, set[str]]) -> None:
    assert listed["schedules"] == {
        f"mail_email_{kind}" for kind in ("events", "inventory", "retention", "weekly_report")
    }
    assert listed["jobs"] == {*listed["schedules"], "mail_email_all"}
    assert listed["sensors"] == {
        f"mail_{sensor}" for sensor in ("alerts", "freshness_checks", "new_records")
    }


def test_an_asset_of_it_loads_from_the_api(
    project: NewProject, sandbox: Sandbox, tmp_path: Path
) -> None:
    warehouse = tmp_path / "crm.duckdb"

    project.run(
        *("dg", "launch", "--assets", "mail/servers"),
        API_KEY=KEY,
        SOURCES__EMAIL__BASE_URL=sandbox.base_url,
        DESTINATION__DUCKDB__CREDENTIALS=str(warehouse),
        DAGSTER_HOME=str(tmp_path),
    )

    count = ask(warehouse, "SELECT count(*) FROM email.servers")
    assert count == [(len(sandbox.rows("servers")),)]
