"""`make run` with several accounts, whose settings stand in the files of a project."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests import programs
from email_assets_tests.conftest import KEY


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> programs.Ended:
    """A run with an account that is well, and one of a vendor that does not exist and no secret."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / ".dlt").mkdir()
    with Sandbox(messages=40, api_key=KEY) as api:
        (folder / ".dlt" / "config.toml").write_text(
            f'[sources.email.accounts.marketing]\nbase_url = "{api.base_url}"\n'
            '[sources.email.accounts.support]\nvendor = "nobody"\n'
        )
        (folder / ".dlt" / "secrets.toml").write_text(
            f'[sources.email.accounts.marketing]\napi_key = "{KEY}"\n'
        )
        return programs.run(
            *("python", "-m", "email_assets.quickstart", "run"),
            home=folder,
            cwd=folder,
            env={"DLT_PROJECT_DIR": str(folder)},
        )


@pytest.mark.slow
def test_an_account_that_is_well_is_loaded_beside_one_that_is_not(ended: programs.Ended) -> None:
    (messages,) = (line for line in ended.said.splitlines() if "marketing/messages " in line)
    assert messages.split()[1:3] == ["40", "40"]
    assert messages.endswith("✓ 4 of 4")


def test_a_run_fails_with_the_mistake_of_the_account_that_is_left_out(
    ended: programs.Ended,
) -> None:
    assert ended.status == 1
    assert "  support/settings                  failed" in ended.said
    assert "support/settings: vendor 'nobody' is neither one of" in ended.said
