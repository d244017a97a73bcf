"""One sentence for whatever fails in a sync, and nothing in the logs that quotes a row."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from dlt.common.exceptions import DltException
from dlt.pipeline.exceptions import PipelineStepFailed

from email_assets.errors import EmailAssetsError
from email_assets.redaction import redact
from email_assets.warehouse.destination import problem_of, unusable
from email_assets.warehouse.turn import causes


class SyncError(EmailAssetsError):
    """dlt could not bring what the API gave into the warehouse."""


@contextmanager
def in_one_sentence(name: str) -> Iterator[None]:
    """Let an error out as one sentence, without the errors that it came from: they quote rows.

    Args:
        name: The resource that is synced.

    Raises:
        EmailAssetsError: Whatever failed.
    """
    logger, masks = logging.getLogger("dlt"), _Masks()
    logger.addFilter(masks)
    try:
        yield
        return
    except Exception as error:
        problem = _sentence_for(name, error)
    finally:
        logger.removeFilter(masks)
    try:
        raise problem
    finally:
        # what is raised out of a `with` is chained to the error that was on its way
        problem.__cause__ = problem.__context__ = None


def _sentence_for(name: str, error: Exception) -> EmailAssetsError:
    """The sentence among the causes of an error, or one made of the deepest cause."""
    for cause in causes(error):
        if isinstance(cause, EmailAssetsError):
            return cause
    if isinstance(error, PipelineStepFailed):
        return SyncError(f"{name}: dlt's {error.step} step failed with {problem_of(error)}")
    if isinstance(error, (DltException, duckdb.Error, OSError)):
        return unusable(name, error)
    return SyncError(f"{name}: failed with {problem_of(error)}, which is a mistake in email_assets")


class _Masks(logging.Filter):
    """Keeps rows out of what dlt logs: of a failed job it logs the traceback, values included.

    The error that dlt raises comes out of the sync as a sentence, so nothing is kept from anybody.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        record.exc_info = record.exc_text = None
        return record.levelno < logging.ERROR
