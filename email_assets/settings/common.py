"""The names in the sections that all accounts share, looked at before anything is done with them.

So is told at once of a misspelt one that is not needed yet, such as one of `[alerts]`.
"""

from __future__ import annotations

from email_assets.settings import alerting  # noqa: F401 (of the other sections, accounts have one)
from email_assets.settings.misspelt import misspelt_section
from email_assets.settings.resolve import Section, SettingError, refuse_misspelt, use_project
from email_assets.settings.runtime import refuse_misspelt_runtime


def refuse_misspelt_names() -> None:
    """Refuse a name in a common section that is one of ours misspelt, and such a section's name.

    Raises:
        SettingError: There is one; the text has it, where it stands, and what it is near to.
    """
    use_project()
    sections: dict[str, list[str]] = {}
    for spec in Section.__subclasses__():
        if len(spec.sections) == 1:
            refuse_misspelt(spec.sections, spec.names())
            sections.setdefault(spec.sections[0], []).extend(spec.names())
    refuse_misspelt_runtime()
    if sentence := misspelt_section((), sections):
        raise SettingError(sentence)
