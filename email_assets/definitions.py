"""Everything that Dagster loads: `-m email_assets.definitions`."""

import sys

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.errors import EmailAssetsError, say_the_sentence_alone

try:
    defs = build_all(configured_accounts())
except EmailAssetsError:
    # a command of Dagster's that loads them in its own process ends with it
    sys.excepthook = say_the_sentence_alone
    raise
