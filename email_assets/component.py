"""The assets of an account as a component: `type: email_assets.EmailServiceComponent`."""

from typing import Literal

import dagster as dg
from pydantic import Field

from email_assets.defs.build import build_defs


class EmailServiceComponent(dg.Component, dg.Model, dg.Resolvable):
    """An email service's bounces, messages, statistics, servers and domains, with their checks.

    Which API it is, its key and the warehouse are dlt's settings: `.dlt/config.toml`,
    `.dlt/secrets.toml`, or environment variables.
    """

    account: str | None = Field(
        default=None,
        description="An account of [sources.email.accounts]; without one, that of [sources.email].",
    )
    key_prefix: str | list[str] | None = Field(
        default=None,
        description="Stands before the keys of the assets, and in the names of jobs and sensors; "
        "without one the account's name, if it has any.",
    )
    group: str | None = Field(
        default=None, description="The assets' group; without one that of the settings."
    )
    with_executor: bool = Field(
        default=False,
        description="Whether runs take place as `[execution] executor` says, by default in one "
        "process, where the project sets no executor.",
    )
    automation: Literal["schedules", "conditions"] | None = Field(
        default=None,
        description="Whether schedules or automation conditions run the assets, where it is not to "
        "be as the settings say.",
    )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """The assets, checks, jobs, schedules and sensors of the account."""
        return build_defs(
            self.account, self.key_prefix, self.group, self.with_executor, self.automation
        )
