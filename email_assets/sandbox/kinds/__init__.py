"""The kinds of faults. They act in the order of their stages, so several may be active at once."""

# rows before bodies: the help lists the kinds in the order of the stages
from email_assets.sandbox.kinds import rows, body  # isort: skip
from email_assets.sandbox.kinds.registry import KINDS, Kind

__all__ = ["KINDS", "Kind", "body", "rows"]
