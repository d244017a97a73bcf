"""Everything that Dagster loads: `-m email_assets.definitions`."""

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all

defs = build_all(configured_accounts())
