"""The first sentence that people are told of a failed step."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from email_assets.defs.alerts.failures import in_one_line, reason_of
from email_assets.errors import ApiError, WarehouseError
from email_assets.settings.resolve import SettingError


def reason(fail: Callable[[], None], prefix: str | None = None) -> str:
    """The sentence for a step in which this is called, of an asset behind a prefix."""

    @dg.asset(key_prefix=prefix)
    def bounces() -> None:
        fail()

    run = dg.materialize([bounces], raise_on_error=False)
    (event,) = run.get_step_failure_events()
    return reason_of(event)


@pytest.mark.parametrize("kind", [ApiError, SettingError, WarehouseError])
def test_a_sentence_of_ours_is_told_whatever_it_was_chained_to(kind: type[Exception]) -> None:
    def fail() -> None:
        try:
            raise kind("bounces: set it.")
        except kind as error:
            raise RuntimeError("row of ann@example.org") from error

    assert reason(fail) == "set it."


def test_what_is_known_of_a_machine_is_told_with_the_remedy() -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    assert reason(fail).startswith("a disk is full. Free some of it and run again. ")


@pytest.mark.parametrize("kind", [DagsterExecutionInterruptedError, KeyboardInterrupt])
def test_a_step_that_was_interrupted_was_told_to_stop(kind: type[BaseException]) -> None:
    def fail() -> None:
        raise kind

    assert reason(fail).startswith("the run was told to stop. Run again. ")


def test_of_an_unknown_error_a_sentence_says_so_and_what_to_do() -> None:
    def fail() -> None:
        raise UnicodeDecodeError("utf-8", b"x", 0, 1, "value 'ann@example.org' of a row")

    told = reason(fail)

    assert told.startswith("stopped by UnicodeDecodeError: ")
    assert "please report it" in told
    assert "ann" not in told


def test_a_failure_of_an_asset_of_ours_is_told_as_it_says() -> None:
    def fail() -> None:
        raise dg.Failure("bounces: the API refused the key (401).")

    assert reason(fail) == "the API refused the key (401)."


def test_a_long_text_ends_with_a_whole_sentence() -> None:
    assert in_one_line("One is here. " + "x" * 600) == "One is here."
    assert in_one_line("one " + "x" * 600) == "one…"


def test_an_accounts_assets_tell_one_cause_in_the_same_words() -> None:
    def fail() -> None:
        raise RuntimeError("boom")

    assert reason(fail, prefix="marketing") == reason(fail)
