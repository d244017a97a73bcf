"""A run that is told to stop says so, and is no failure of a step of dlt's."""

from __future__ import annotations

import signal
from typing import Any

import dlt
from dlt.common.exceptions import SignalReceivedException
from dlt.pipeline.exceptions import PipelineStepFailed

from email_assets.sentences import sentence_of


def test_a_signal_in_a_step_of_dlt_is_told_as_what_it_is() -> None:
    stopped = SignalReceivedException(signal.SIGTERM)
    nothing: Any = None
    failed = PipelineStepFailed(dlt.pipeline("messages"), "normalize", "1", stopped, nothing)
    failed.__cause__ = stopped

    assert str(sentence_of("messages", failed)) == (
        "messages: the run was told to stop (signal 15). Run again. "
        "What was loaded before is untouched."
    )
