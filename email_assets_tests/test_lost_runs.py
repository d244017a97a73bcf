"""Runs of a code server that was killed are ended before the next one starts."""

import dagster as dg
import pytest

from email_assets.lost_runs import end_lost_runs
from email_assets_tests.dagster_fixtures import empty_home, instance

__all__ = ["empty_home", "instance"]

Status = dg.DagsterRunStatus
OURS = {"dagster/code_location": "email_assets"}


def status_after(instance: dg.DagsterInstance, status: Status, tags: dict[str, str]) -> Status:
    """The status that a run in some status is given."""
    run = instance.add_run(dg.DagsterRun(job_name="email_all", status=status, tags=tags))
    end_lost_runs(instance)
    found = instance.get_run_by_id(run.run_id)
    assert found
    return found.status


@pytest.mark.parametrize("status", [Status.STARTING, Status.STARTED])
def test_a_run_that_was_under_way_has_failed(instance: dg.DagsterInstance, status: Status) -> None:
    assert status_after(instance, status, OURS) == Status.FAILURE


def test_a_run_that_was_being_canceled_is_canceled(instance: dg.DagsterInstance) -> None:
    assert status_after(instance, Status.CANCELING, OURS) == Status.CANCELED


@pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.SUCCESS])
def test_a_run_that_no_process_is_needed_for_stays(
    instance: dg.DagsterInstance, status: Status
) -> None:
    assert status_after(instance, status, OURS) == status


@pytest.mark.parametrize(
    "tags", [{}, {"dagster/code_location": "theirs"}], ids=["in a shell", "of other code"]
)
def test_a_run_of_somebody_else_stays(instance: dg.DagsterInstance, tags: dict[str, str]) -> None:
    assert status_after(instance, Status.STARTED, tags) == Status.STARTED
