"""Python reads this first in a process that tests start at another moment than the computer's."""

import os
from datetime import timedelta

from email_assets_tests.clock import AHEAD, go_ahead_by

go_ahead_by(timedelta(seconds=float(os.environ[AHEAD])))
