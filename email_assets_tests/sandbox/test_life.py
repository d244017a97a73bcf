"""A sandbox starts and ends quickly and leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
import requests

from email_assets.sandbox import Fault, Sandbox, SandboxError
from email_assets_tests.sandbox.conftest import get, ids, page


def test_several_run_in_one_process() -> None:
    with Sandbox(seed=1) as one, Sandbox(seed=2) as other:
        assert one.base_url != other.base_url
        assert ids(page(one, "messages")["data"]) == ids(one.rows("messages")[:100])
        assert ids(page(other, "messages")["data"]) == ids(other.rows("messages")[:100])


def test_it_listens_on_this_computer_only(sandbox: Sandbox) -> None:
    assert sandbox.base_url.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError) as caught:
            Sandbox(port=port).start()
    sentence = str(caught.value)
    assert sentence.startswith(f"The sandbox cannot listen on 127.0.0.1, port {port}: ")
    assert sentence.endswith(". If another one runs there, stop it, or choose another port.")


def test_it_can_start_again_on_the_same_port() -> None:
    sandbox = Sandbox()
    urls = []
    for _ in range(2):
        with sandbox:
            urls.append(sandbox.base_url)
            assert get(sandbox, "servers").status_code == 200
        with pytest.raises(requests.ConnectionError):
            get(sandbox, "servers")
    assert urls[0] == urls[1]


def test_it_cannot_start_twice_at_once(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="is running already"):
        sandbox.start()


def test_stopping_again_has_no_effect() -> None:
    sandbox = Sandbox()
    sandbox.stop()
    sandbox.start()
    sandbox.stop()
    sandbox.stop()


def test_it_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())  # some of which may end meanwhile
    with Sandbox() as sandbox, requests.Session() as session:
        session.get(f"{sandbox.base_url}/v1/servers?api_key=sandbox", timeout=60)
        sandbox.stop()  # while the session's connection is open
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    "fault", [Fault("latency"), Fault("drip"), Fault("drip", forever=True)], ids=repr
)
def test_it_ends_at_once_while_an_answer_is_under_way(
    fault: Fault, capfd: pytest.CaptureFixture[str]
) -> None:
    under_way = threading.Event()

    async def wait_for_ever(seconds: float) -> None:
        under_way.set()
        await asyncio.Event().wait()

    def ask() -> None:
        with pytest.raises(requests.RequestException):
            get(sandbox, "servers")

    sandbox = Sandbox(sleep=wait_for_ever)
    sandbox.set_faults("servers", fault)
    asking = threading.Thread(target=ask)
    with sandbox:
        asking.start()
        assert under_way.wait(60)
    asking.join(60)
    assert not asking.is_alive()
    assert capfd.readouterr() == ("", "")


def test_a_client_that_leaves_frees_its_place(capfd: pytest.CaptureFixture[str]) -> None:
    left = threading.Event()

    async def wait_for_ever(seconds: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    with Sandbox(latency=1, sleep=wait_for_ever) as sandbox:
        host, port = sandbox.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET /v1/servers?api_key=sandbox HTTP/1.1\r\nHost: x\r\n\r\n")
        assert left.wait(60)
    assert capfd.readouterr() == ("", "")
