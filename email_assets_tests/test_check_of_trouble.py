"""The connection check of an API that does not work."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from email_assets.check import main
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.check_fixtures import NAMES, Check, cells, check
from email_assets_tests.webserver_fixtures import wait_for

__all__ = ["check"]


@pytest.mark.parametrize(
    ("fault", "row", "sentence"),
    [
        (
            Fault("status", status=401),
            ["yes", "no", "-", "-", "-", "-"],
            "bounces: the API refused the key (401). Set api_key in .dlt/secrets.toml or the "
            "environment variable API_KEY.",
        ),
        (
            Fault("status", status=404),
            ["yes", "-", "-", "-", "-", "-"],
            "bounces: there is no /v1/bounces at {url} (404). Check base_url of [sources.email] "
            "and whether this account's API has the resource.",
        ),
        (
            Fault("status", status=500),
            ["yes", "-", "-", "-", "-", "-"],
            "bounces: {url} answered 500 Internal Server Error. Tried 1 time; what was loaded "
            "before is untouched.",
        ),
        (
            Fault("status", status=429, retry_after="7"),
            ["yes", "-", "-", "-", "-", "retry-after: 7"],
            "bounces: {url} answered 429 Too Many Requests. Tried 1 time; what was loaded before "
            "is untouched.",
        ),
        (
            Fault("refuse"),
            ["no", "-", "-", "-", "-", "-"],
            "bounces: {url} closed the connection before its answer was complete. Tried 1 time; "
            "what was loaded before is untouched.",
        ),
        (
            Fault("latency", seconds=60.0),
            ["no", "-", "-", "-", "-", "-"],
            "bounces: {url} did not finish its answer within 1.5 s. Tried 1 time; what was loaded "
            "before is untouched.",
        ),
        (
            Fault("html"),
            ["yes", "yes", "-", "-", "-", "-"],
            "bounces: {url} answered with a body that is no JSON, or a part of it. Tried 1 time; "
            "what was loaded before is untouched.",
        ),
        (
            Fault("data_missing"),
            ["yes", "yes", "-", "-", "-", "-"],
            "bounces: at offset 0 the API gave an answer without 'data': an object with the keys "
            "'total'. Nothing of this run was loaded; what was loaded before is untouched.",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_what_fails_is_told_in_the_sentence_of_a_sync(
    api: Sandbox,
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    row: list[str],
    sentence: str,
) -> None:
    if fault.kind == "latency":  # the others are in time on a busy machine too
        monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "1.5")
    api.set_faults("bounces", fault)

    status, output = check()

    assert (status, cells(output)["bounces"]) == (1, row)
    assert output.split("\n\n")[2] == sentence.format(url=api.base_url) + "\n"
    assert "bounces:" not in output.split("\n\n")[1]
    # neither are the others held up, nor is anything asked twice
    assert [cells(output)[name][:2] for name in NAMES[1:]] == [["yes", "yes"]] * 4
    assert [asked.resource for asked in api.requests] == NAMES


def test_rows_that_could_not_be_loaded_are_counted(api: Sandbox, check: Check) -> None:
    api.set_faults("servers", Fault("null_id", rows=2))
    status, output = check()
    assert (status, cells(output)["servers"][:3]) == (1, ["yes", "yes", "5"])
    assert output.endswith(
        "\n\nservers: 2 of 5 rows came without id and would not be loaded. Correct primary_key in "
        "the vendor's file if it is not what tells rows apart.\n"
    )


def test_a_key_that_a_sync_would_refuse_is_a_failure(api: Sandbox, check: Check) -> None:
    api.set_faults("servers", Fault("id_type", to="float"))
    status, output = check()
    assert status == 1
    assert "\n\nservers: id came as a fraction, in row 1 of this run, " in output


def test_what_holds_for_several_resources_is_told_once(
    api: Sandbox, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "wrong")
    status, output = check()
    assert status == 1
    assert output.split("\n\n")[1:] == [
        "bounces, messages, deliverystats, servers, domains: the API refused the key (401). Set "
        "api_key in .dlt/secrets.toml or the environment variable API_KEY.\n"
    ]


def test_an_api_that_is_down_is_not_reachable(api: Sandbox, check: Check) -> None:
    api.stop()
    status, output = check()
    assert (status, cells(output)["domains"]) == (1, ["no", "-", "-", "-", "-", "-"])
    assert f"domains: {api.base_url} refused the connection. Tried 1 time;" in output


def test_without_a_key_nothing_is_asked(
    api: Sandbox, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_KEY")
    status, output = check()
    assert (status, cells(output)["domains"][:2], api.requests) == (1, ["-", "no"], [])
    assert "domains: there is no API key. Set api_key in .dlt/secrets.toml or " in output


def test_a_vendor_that_is_not_there_is_one_sentence(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "nobody")
    status, output = check()
    assert status == 1
    assert output.startswith("vendor 'nobody' is neither one of this package's vendors nor a ")
    assert output.count("\n") == 1


def test_ctrl_c_while_the_api_is_asked_ends_in_one_sentence(
    api: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    api.set_faults("bounces", Fault("latency", seconds=600.0))

    def press() -> None:
        wait_for(lambda: api.request_count("bounces"), 60)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    person = threading.Thread(target=press)
    try:
        person.start()
        assert main([]) == 130
    finally:
        person.join()
        signal.signal(signal.SIGINT, before)

    assert capsys.readouterr().err == "Stopped. Nothing was loaded or written.\n"
