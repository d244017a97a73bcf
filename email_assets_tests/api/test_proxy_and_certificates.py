"""Faults of the way to the API, or of the key, are told before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import KeyRefusedError
from email_assets.sandbox import Sandbox
from email_assets.settings.resolve import SettingError
from email_assets.sync.glimpse import glimpse


@pytest.fixture(autouse=True)
def _no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def problem(api: Sandbox) -> str:
    with pytest.raises(SettingError) as caught:
        glimpse(configured_account(), "bounces", say=print)
    assert api.requests == []
    return str(caught.value)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_is_not_there(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    assert problem(api) == (
        f"bounces: {variable} names /nowhere/ca.pem, which is not there. Correct or unset it."
    )


def test_a_bundle_without_certificates(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert problem(api).endswith(
        "which holds no certificates in PEM format that can be read. Correct or unset it."
    )


@pytest.mark.parametrize(
    "value", ["http://", "http://[oops", "ftp://proxy:21", "http://proxy:no", "http://proxy:99999"]
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_malformed_proxy(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert problem(api) == (
        f"bounces: {variable} is no address of a proxy, such as http://proxy.example.org:3128. "
        "Correct or unset it."
    )


def test_a_socks_proxy_without_its_package(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ann:secret@127.0.0.1:9")
    found = problem(api)
    assert found.startswith("bounces: ALL_PROXY names a SOCKS proxy, for which the Python package")
    assert "secret" not in found


@pytest.mark.parametrize("key", ["re_abc\u2026def", "re_abc\nX-Other: 1", "re_abc\u0142", "re\rx"])
def test_a_key_that_no_header_can_hold(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "resend")
    monkeypatch.setenv("SOURCES__EMAIL__RESEND__API_KEY", key)
    with pytest.raises(KeyRefusedError) as caught:
        glimpse(configured_account(), "messages", say=print)
    assert str(caught.value).startswith("messages: the key holds a character that no header can")
    assert "RESEND__API_KEY" in str(caught.value)
    assert key not in str(caught.value)
    assert api.requests == []
