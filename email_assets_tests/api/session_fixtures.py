"""What tests of sessions expect of sentences."""

from __future__ import annotations

UNTOUCHED = "Tried 3 times; what was loaded before is untouched."
