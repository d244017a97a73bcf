"""nginx as it is shipped, with a certificate, a user and ports of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from urllib3.exceptions import InsecureRequestWarning

from email_assets_tests.ports import free_port
from email_assets_tests.webserver_fixtures import wait_for

NAME = "localhost"
"""The name that stands in the shipped file's place of `dagster.example.org`."""
USER = ("ann", "secret")
UNTIL_IT_IS_UP = 60


@dataclass(frozen=True)
class Proxy:
    """A running nginx, by the ports where it listens."""

    port: int
    plain_port: int

    @property
    def origin(self) -> str:
        """The site's name, as a browser sends it."""
        return f"https://{NAME}:{self.port}"

    def get(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = USER,
        host: str = NAME,
    ) -> requests.Response:
        """An answer, without following where it leads."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureRequestWarning)
            return requests.request(
                *(method, f"https://{host}:{self.port}{path}"),
                headers=headers,
                auth=auth,
                verify=False,
                timeout=60,
                allow_redirects=False,
            )


@contextmanager
def proxy(folder: Path, site: str) -> Iterator[Proxy]:
    """Run nginx with a site, which is the shipped file but for what it hands on to."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    openssl = shutil.which("openssl")
    if not nginx or not openssl:
        pytest.skip("nginx or openssl is not installed")
    certificate, key, users = (folder / name for name in ("proxy.pem", "proxy.key", "users"))
    subprocess.run(
        [
            *shlex.split(f"{openssl} req -x509 -newkey rsa:2048 -nodes -subj /CN={NAME}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    users.write_text(f"{USER[0]}:{{PLAIN}}{USER[1]}\n")
    running = Proxy(free_port(), free_port())
    for shipped, here in {
        "/etc/ssl/certs/dagster.example.org.pem": certificate,
        "/etc/ssl/private/dagster.example.org.key": key,
        "/etc/nginx/email_assets.htpasswd": users,
        "server_name dagster.example.org": f"server_name {NAME}",
        "listen 443 ssl": f"listen 127.0.0.1:{running.port} ssl",
        "listen 80": f"listen 127.0.0.1:{running.plain_port}",
    }.items():
        assert shipped in site
        site = site.replace(shipped, str(here))
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {site} }}\n"
    )
    with (folder / "nginx.log").open("w") as log:
        process = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=log)
    try:

        def answers() -> bool:
            assert process.poll() is None, (folder / "nginx.log").read_text()
            try:
                return bool(running.get("/").status_code)
            except requests.ConnectionError:
                return False

        wait_for(answers, UNTIL_IT_IS_UP)
        yield running
    finally:
        process.terminate()
        process.wait()
