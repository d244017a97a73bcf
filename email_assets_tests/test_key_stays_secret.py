"""The API key is written nowhere, whatever goes wrong: every byte that was written is searched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import duckdb
import pytest
from dlt.common.versioned_state import decompress_state

from email_assets.definitions import defs
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests import programs
from email_assets_tests.api.conftest import HEAD, REPLY, RawServer
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    TO_THE_LAST_LINE,
    empty_home,
    instance,
    instance_on_disk,
    settings_for,
)
from email_assets_tests.secret_fixtures import (
    ELSEWHERE,
    Watch,
    holds_the_key,
    leaks_below,
    watch,
)

__all__ = ["empty_home", "instance", "instance_on_disk", "watch"]

EVERYTHING = """
telemetry:
  enabled: false
python_logs:
  python_log_level: DEBUG
  managed_python_loggers: [root]
"""
"""A `dagster.yaml` that makes Dagster store every log record of the process as an event."""


Trouble = Callable[[Sandbox, pytest.MonkeyPatch], None]


def fault(kind: str, **options: Any) -> Trouble:
    """The sandbox's fault of this kind."""
    return lambda api, _: api.set_faults("bounces", Fault(kind, **options))


def base_url(url: str) -> Trouble:
    """Another address of the API; `{port}` is the sandbox's."""

    def use(api: Sandbox, patch: pytest.MonkeyPatch) -> None:
        port = api.base_url.rpartition(":")[2]
        patch.setenv("SOURCES__EMAIL__BASE_URL", url.format(port=port))

    return use


def slow(kind: str, **options: Any) -> Trouble:
    """The sandbox's fault of this kind, and a time limit that it breaks."""

    def use(api: Sandbox, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.1")
        api.set_faults("bounces", Fault(kind, **options))

    return use


def refused_connection(api: Sandbox, _: pytest.MonkeyPatch) -> None:
    api.stop()


def unreachable_proxy(api: Sandbox, patch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        patch.delenv(name, raising=False)
    patch.setenv("HTTP_PROXY", "http://no-such-proxy.invalid:3128")


def wrong_key(_: Sandbox, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("API_KEY", f"{KEY}wrong")


TROUBLES: dict[str, Trouble] = {
    "refused connection": refused_connection,
    "unknown host": base_url("http://no-such-host.invalid"),
    "unreachable proxy": unreachable_proxy,
    "failed TLS handshake": base_url("https://127.0.0.1:{port}"),
    "hanging answer": slow("latency", seconds=60.0),
    "dripping answer": slow("drip", seconds=0.01, forever=True),
    "no answer": fault("refuse"),
    "answer cut short": fault("drop"),
    "redirect to another host": fault("redirect", location=ELSEWHERE),
    "redirect that repeats the key": fault("echo_redirect", location=ELSEWHERE),
    "redirect whose path is the key": fault("redirect", location=f"/{quote(KEY)}"),
    "wrong key": wrong_key,
    **{
        f"{status} that repeats the key": fault("echo_error", status=status)
        for status in (200, 401, 404, 422, 503)
    },
    "truncated JSON": fault("truncated_json"),
    "web page that repeats the key": fault("status", status=200, body=f"<html>{KEY}</html>"),
    "bad compression": fault("bad_gzip"),
}


def run(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """A run of `bounces` and its checks, which raises what its step raises."""
    return defs.resolve_job_def("email_all").execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey("bounces")]
    )


def tick(instance: dg.DagsterInstance) -> Any:
    """A tick of the sensor that looks at the API."""
    with dg.build_sensor_context(instance, definitions=defs, sensor_name="new_records") as context:
        return defs.resolve_sensor_def("new_records").evaluate_tick(context)


def cells_of(warehouse: Path) -> list[str]:
    """Every cell of every table as text, and dlt's state, which it stores compressed."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
        ).fetchall()
        cells = [
            str(cell)
            for schema, table in tables
            for row in connection.execute(f'FROM "{schema}"."{table}"').fetchall()
            for cell in row
        ]
        states = connection.execute("SELECT state FROM email._dlt_pipeline_state").fetchall()
    return cells + [str(decompress_state(state)) for (state,) in states]


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_run_that_fails_writes_no_key(
    api: Sandbox,
    instance: dg.DagsterInstance,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Trouble,
) -> None:
    trouble(api, monkeypatch)
    with pytest.raises(dg.Failure) as caught:
        run(instance)
    assert watch.leaks(caught.value, history=instance) == []


@pytest.mark.parametrize(
    "name",
    [
        "refused connection",
        "unknown host",
        "failed TLS handshake",
        "answer cut short",
        "redirect that repeats the key",
        "wrong key",
        "422 that repeats the key",
        "503 that repeats the key",
    ],
)
def test_a_tick_of_the_sensor_tells_no_key(
    api: Sandbox,
    instance: dg.DagsterInstance,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    TROUBLES[name](api, monkeypatch)
    errors: list[BaseException] = []
    try:
        wanted = repr(tick(instance))
    except Exception as error:  # a failed tick is what Dagster makes of any exception
        errors, wanted = [error], ""
    assert not holds_the_key(wanted)
    assert watch.leaks(*errors, history=instance) == []


def test_a_run_that_succeeds_after_retries_writes_no_key(
    api: Sandbox, instance_on_disk: dg.DagsterInstance, watch: Watch, warehouse: Path
) -> None:
    api.set_faults("bounces", Fault("echo_error", status=503, times=1), Fault("gzip"))
    assert run(instance_on_disk).success
    assert watch.leaks() == []
    assert not any(holds_the_key(cell) for cell in cells_of(warehouse))


@pytest.mark.slow
def test_headers_that_cannot_be_read_put_no_key_into_the_log(
    api: Sandbox, instance: dg.DagsterInstance, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(HEAD + b"this is no header\r\n\r\n" + REPLY) as server:
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", server.base_url)
        assert run(instance).success
    assert "Failed to parse headers" in watch.caplog.text
    assert watch.leaks(history=instance) == []


@pytest.mark.slow
def test_the_command_line_with_debug_logging_writes_no_key(
    sandbox: Sandbox, empty_home: Path, tmp_path: Path
) -> None:
    sandbox.set_faults(
        "bounces",
        Fault("echo_error", status=503, times=1),
        Fault("drop", after=1, times=1),
        Fault("echo_redirect", location=ELSEWHERE, after=2),
    )
    home = shutil.copytree(empty_home, tmp_path / "dagster_home")
    (home / "dagster.yaml").write_text(EVERYTHING)
    (tmp_path / "tmp").mkdir()
    arguments = ("asset", "materialize", "--select", "bounces,servers")
    ended = programs.run(
        *("dagster", *arguments, "-m", "email_assets.definitions"),
        home=home,
        cwd=tmp_path,
        env={
            **settings_for(tmp_path, sandbox),
            **TO_THE_LAST_LINE,
            "RUNTIME__LOG_LEVEL": "DEBUG",
            "TMPDIR": str(tmp_path / "tmp"),
        },
    )
    assert "bounces: the API redirects /v1/bounces to http://127.0.0.1:9/v1/bounces" in ended.said
    assert '"GET /v1/servers HTTP/1.1" 200' in ended.said
    assert leaks_below(tmp_path) == []
