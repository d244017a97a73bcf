"""The subject of an alert."""

import pytest

from email_assets.alerts.wording import LONGEST_SUBJECT, subject_of

MANY = [f"marketing/resource_{number}" for number in range(12)]


@pytest.mark.parametrize(
    ("slots", "verb", "sentence", "subject"),
    [
        (
            ["bounces:complete"],
            "failed",
            "no route. Try again.",
            "ERROR bounces failed: no route [email_assets]",
        ),
        (
            ["servers", "bounces"],
            "failed",
            "the API refused the key (401).",
            "ERROR bounces, servers failed: the API refused the key (401)",
        ),
        (
            ["bounces"],
            "failed",
            "the API refused the key (401) that stands in secrets.toml. Set it.",
            "ERROR bounces failed [email_assets]",
        ),
        (MANY, "failed", "why", f"ERROR {MANY[0]} and 11 more failed: why [email_assets]"),
        (
            ["bounces", "domains", "servers"],
            "failed",
            "https://api.mailer.example refused the connection. Tried 3 times.",
            "ERROR 3 assets failed: api.mailer.example refused the connection",
        ),
        (
            MANY,
            "failed",
            "https://eu-west-1.api.mailer.example refused the connection. Tried 3 times.",
            "ERROR marketing/resource_0 and 11 more failed [email_assets]",
        ),
        (["a" * 60, "b" * 60], "went stale", "", "ERROR 2 assets went stale [email_assets]"),
        (["a" * 80], "failed", "", "ERROR an asset failed [email_assets]"),
        (["a" * 80], "did not pass " + "c" * 80, "", "ERROR an asset [email_assets]"),
    ],
)
def test_it_is_the_fullest_wording_that_fits_and_nothing_is_cut(
    slots: list[str], verb: str, sentence: str, subject: str
) -> None:
    assert subject_of("ERROR", slots, verb, sentence) == subject
    assert len(subject) <= LONGEST_SUBJECT
