"""One Dagster asset that does nothing: what the command line takes by itself."""

import dagster as dg  # noqa: TID251


@dg.asset
def trivial() -> None:
    """Do nothing."""


# in one process, as ours run: Dagster's default would start another, and be slower to compare with
defs = dg.Definitions(assets=[trivial], executor=dg.in_process_executor)
