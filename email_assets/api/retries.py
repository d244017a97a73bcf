"""The retry rule: what is tried again, how often, and after which wait."""

from __future__ import annotations

from collections.abc import Callable

from dlt.common.configuration.specs import RuntimeConfiguration
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from email_assets.api.answer import Answer
from email_assets.api.usage import Usage
from email_assets.errors import ApiUnavailableError

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


class Retries:
    """Tries a request again where `ApiUnavailableError` says that it may help.

    dlt's `[runtime]` settings say how: `request_max_attempts` in all, waiting
    `request_backoff_factor` seconds and then twice as long each time, or as long as `Retry-After`
    asks, but never longer than `request_max_retry_delay`.

    Args:
        runtime: Those settings.
        usage: Counts the retries and the seconds of waiting.
        say: Told one sentence before each retry.
        settle: Called before each wait, so that nothing else is in flight meanwhile.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        runtime: RuntimeConfiguration,
        usage: Usage,
        *,
        say: Callable[[str], None],
        settle: Callable[[], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._usage, self._say, self._settle, self._sleep = usage, say, settle, sleep
        self._longest_wait = runtime.request_max_retry_delay
        self._backoff = wait_exponential(
            multiplier=runtime.request_backoff_factor, max=self._longest_wait
        )
        self._retrying = Retrying(
            retry=retry_if_exception_type(ApiUnavailableError),
            stop=stop_after_attempt(runtime.request_max_attempts),
            wait=self._seconds_to_wait,
            sleep=self._wait_alone,
            before_sleep=self._note_retry,
            reraise=True,
        )

    def of(self, attempt: Callable[[], Answer]) -> Answer:
        """The answer of the first attempt that brings one.

        Raises:
            ApiUnavailableError: None did.
        """
        try:
            return attempt()  # nearly all answers come at once, and need no look at what may follow
        except ApiUnavailableError as error:
            failed = [error]

        def again() -> Answer:
            if failed:
                raise failed.pop()
            return attempt()

        answer: Answer = self._retrying(again)
        return answer

    def _seconds_to_wait(self, state: RetryCallState) -> float:
        failure = _failure(state)
        asked = failure.retry_after
        seconds = min(asked, self._longest_wait) if asked else self._backoff(state)
        # pages that failed together wait together: the first of them that is tried again waits
        return max(0.0, seconds - self._usage.seconds_throttled + failure.throttled_before)

    def _wait_alone(self, seconds: float) -> None:
        self._settle()
        # only now, so that what has failed meanwhile counts this wait as one of its own
        self._usage.count_wait(seconds)
        self._sleep(seconds)

    def _note_retry(self, state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        self._usage.retries += 1
        problem = str(_failure(state)).partition(". Tried")[0]
        when = f"in {wait:g} s" if wait else "at once"
        self._say(f"{problem}; attempt {state.attempt_number + 1} follows {when}")


def _failure(state: RetryCallState) -> ApiUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ApiUnavailableError)  # noqa: S101 (all that is retried)
    return error
