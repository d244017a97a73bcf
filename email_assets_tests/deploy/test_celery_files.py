"""The files of `deploy/celery` go together, and systemd takes the unit."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from email_assets_tests.conftest import PROJECT
from email_assets_tests.docs.pages import commands, guide
from email_assets_tests.programs import BIN

SHIPPED = PROJECT / "deploy/celery"
UNIT = SHIPPED / "email-assets-worker.service"
DROP_IN = SHIPPED / "email-assets-code.service.d/celery.conf"


def load(name: str) -> Any:
    return yaml.safe_load((SHIPPED / name).read_text())


def test_a_run_is_given_up_before_its_task_is_taken_from_it_or_forgotten() -> None:
    longest = load("dagster.yaml")["run_monitoring"]["max_runtime_seconds"]
    celery = load("celery.yaml")["execution"]["config"]["config_source"]

    assert longest < celery["broker_transport_options"]["visibility_timeout"]
    assert longest < celery["result_expires"]
    assert longest < celery["task_time_limit"]


@pytest.mark.parametrize("text", [UNIT.read_text(), guide("scale")], ids=["unit", "guide"])
def test_runs_that_wait_for_their_steps_leave_slots_for_them(text: str) -> None:
    (slots,) = re.findall(r"--concurrency=(\d+)", text)

    assert load("dagster.yaml")["run_coordinator"]["config"]["max_concurrent_runs"] < int(slots)


def test_redis_forgets_nothing() -> None:
    said = (SHIPPED / "redis.conf").read_text().splitlines()

    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(said)


def test_who_follows_the_guide_has_celery_where_a_worker_looks_for_it() -> None:
    if not (BIN / "celery").exists():
        pytest.skip("what runs on servers is not installed: make install-server")
    exports = [
        line for line in commands(PROJECT / "docs/scale.md") if line.startswith("export PATH")
    ]
    program = "\n".join([*exports, "command -v celery"])

    found = subprocess.run(
        ["sh", "-c", program], cwd=PROJECT, env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE
    )

    assert Path(found.stdout.decode().strip()).samefile(BIN / "celery")


def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    if not (BIN / "dagster-celery").exists():
        pytest.skip("what runs on servers is not installed: make install-server")
    code = PROJECT / "deploy/machine/email-assets-code.service"
    places = {UNIT: "worker.service", code: "code.service", DROP_IN: "code.service.d/celery.conf"}
    (tmp_path / "code.service.d").mkdir()
    for file, place in places.items():
        (tmp_path / place).write_text(
            file.read_text().replace("/opt/email_assets/.venv/bin", f"{BIN}")
        )

    units = [tmp_path / name for name in places.values() if name.endswith(".service")]
    verified = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", UNIT],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout
