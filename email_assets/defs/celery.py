"""Dagster's Celery executor, with three repairs.

Celery lets no task wait for others, lest they take each other's places: a run that
`CeleryRunLauncher` started would fail at its first step. That there are places enough is seen to by
`max_concurrent_runs`. And where a step's process was killed, dagster-celery 0.29 waits for ever, if
other steps are still to be done; and a run that is to end waits for ever for a step whose worker is
gone, in a place that others need.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import dagster_celery
from celery.exceptions import TaskRevokedError
from celery.result import allow_join_result
from dagster._core.execution.plan.objects import StepFailureData, UserFailureData
from dagster_celery.core_execution_loop import core_celery_execution_loop
from dagster_celery.executor import _submit_task

from email_assets.redaction import redact_line

CONFIG = {
    # Celery's own variables, which its workers read, too; looked up when a run begins
    "broker": {"env": "CELERY_BROKER_URL"},
    "backend": {"env": "CELERY_RESULT_BACKEND"},
    # a broker that restarts fails no run that asks it about its steps
    "config_source": {"result_backend_always_retry": True},
}
DAGSTERS: Any = dagster_celery.celery_executor
PATIENCE = 180
"""Seconds that a run which is to end waits for its steps under way, as long as Dagster waits for it
(`cancel_timeout_seconds`)."""


@dataclass
class Step:
    """The result of a step's task, which tells of a lost process as Dagster tells of any failure.

    The run then goes on with the steps that do not need this one.
    """

    result: Any
    plan_context: Any
    step: Any
    ticks: Callable[[], float] = time.monotonic
    _given_up_at: float = math.inf

    def ready(self) -> bool:
        """True once the task has ended, or nobody waits for it any more."""
        return self.ticks() >= self._given_up_at or bool(self.result.ready())

    def revoke(self) -> None:
        """Take the task back, if no worker has it yet, and wait only so long for one that has."""
        self.result.revoke()
        self._given_up_at = min(self._given_up_at, self.ticks() + PATIENCE)

    def get(self) -> list[str]:
        """The events of the step, in Dagster's own writing.

        Raises:
            TaskRevokedError: It was taken back.
        """
        if not self.result.ready():
            raise TaskRevokedError
        try:
            events: list[str] = self.result.get()
        except Exception as error:
            # Celery says so of a killed process, too, if it was told to end another task before
            if isinstance(error, TaskRevokedError) and self._given_up_at < math.inf:
                raise
            why = f"Its process on a Celery worker was lost. {type(error).__name__}: {error}"
        else:
            return events
        event = dg.DagsterEvent.step_failure_event(
            self.plan_context.for_step(self.step),
            StepFailureData(None, UserFailureData("Lost", redact_line(why))),
        )
        return [dg.serialize_value(event)]


def _submit(app: Any, plan_context: Any, step: Any, *rest: Any) -> Step:
    return Step(_submit_task(app, plan_context, step, *rest), plan_context, step)


def _execute(plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
    with allow_join_result():
        yield from core_celery_execution_loop(plan_context, execution_plan, _submit)


@dg.executor(
    name="celery",
    config_schema=DAGSTERS.config_schema,
    requirements=dg.multiple_process_executor_requirements(),
)
def _repaired(context: dg.InitExecutorContext) -> Any:
    made = DAGSTERS.executor_creation_fn(context)
    made.execute = _execute
    return made


executor: dg.ExecutorDefinition = _repaired.configured(CONFIG)
"""The one of `[execution] executor = "celery"`."""
