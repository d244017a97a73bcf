"""Python reads this first in the processes that tests start, and in those that these start.

Some begin at another moment than the computer's. Some are forked off a process that has imported
everything already, in which the clock is the tests'.
"""

import os
import sys

from email_assets_tests.other_processes.warm_start import VARIABLE, program_of, start_warm

if VARIABLE in os.environ and (program := program_of(sys.orig_argv[1:])):
    start_warm(os.environ[VARIABLE], program)

if ahead := os.environ.get("EMAIL_ASSETS_TESTS_AHEAD"):
    from datetime import timedelta

    from email_assets_tests.clock import go_ahead_by

    go_ahead_by(timedelta(seconds=float(ahead)))
