"""`docs/operations.md` tells of what there is."""

import re

import pytest

from email_assets.definitions import defs
from email_assets_tests.conftest import PROJECT

TEXT = (PROJECT / "docs/operations.md").read_text()
SHIPPED = sorted(path.name for path in (PROJECT / "deploy/machine").iterdir())
CHECKS = sorted({key.name for checks in defs.asset_checks or [] for key in checks.check_keys})


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_has_an_entry(check: str) -> None:
    assert f"\n| `{check}` |" in TEXT


@pytest.mark.parametrize("file", [name for name in SHIPPED if name != "workspace.yaml"])
def test_each_shipped_file_is_told_of(file: str) -> None:
    assert re.sub(r"email-assets-\w+\.service", "email-assets-*.service", file) in TEXT


def test_each_file_of_the_project_that_is_named_is_there() -> None:
    named = re.findall(r"/opt/email_assets/([\w./-]+)", TEXT) + re.findall(r"\]\(([\w./]+)", TEXT)
    made = (".venv", ".dlt/secrets.toml")
    named = [name for name in named if not name.startswith(made) and not name.endswith("-")]

    assert named
    assert [
        name for name in named if not any((PROJECT / at / name).exists() for at in ("", "docs"))
    ] == []


@pytest.mark.parametrize("heading", re.findall(r"\]\(#([\w-]+)\)", TEXT))
def test_each_link_leads_to_a_heading(heading: str) -> None:
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)

    assert heading in [re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in headings]
