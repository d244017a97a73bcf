"""One message for each cause, and one when it is gone."""

from copy import deepcopy
from dataclasses import replace

import pytest

from email_assets.alerts.causes import MOST_CAUSES, Cause, Causes, Problem, recover, tell
from email_assets.alerts.channels import Message
from email_assets.alerts.wording import ERROR, WARNING

SLOTS = ["bounces", "messages", "servers", "bounces:complete"]


def failed(slot: str, why: str = "the API refused the key (401).", at: float = 10) -> Problem:
    return Problem(slot, "failed", why, at, "link")


def texts(causes: Causes, *problems: Problem, well: dict[str, float] | None = None) -> list[str]:
    return [what(message) for message in tell(causes, problems, well or {})]


def recovered(causes: Causes, well: dict[str, float], known: list[str] = SLOTS) -> list[str]:
    return [what(message) for message in recover(causes, well, known)]


def what(message: Message) -> str:
    """A message without its last line, which says when and where."""
    return message.text.rpartition("\n")[0]


def test_assets_of_one_cause_share_a_line() -> None:
    assert texts({}, failed("servers"), failed("bounces")) == [
        "bounces, servers failed: the API refused the key (401). link"
    ]


def test_two_checks_of_one_asset_name_it_once() -> None:
    assert texts({}, failed("bounces:complete"), failed("bounces:primary_key")) == [
        "bounces failed: the API refused the key (401). link"
    ]


def test_a_cause_is_the_same_with_other_numbers() -> None:
    causes: Causes = {}

    assert texts(causes, failed("bounces", "5 rows of 10 came in 0.5 s"))
    assert texts(causes, failed("bounces", "7 rows of 12 came in 12:30 s")) == []


@pytest.mark.parametrize(
    ("sentence", "later"),
    [
        (
            "10000 rows for the time 2026-10-10T05:00:00+00:00 to 2026-10-10T05:00:01+00:00",
            "10000 rows for the time 2026-10-10T06:00:00+00:00 to 2026-10-10T06:00:01+00:00",
        ),
        ('{"error": "no", "request_id": "8f3ab21c9d"}', '{"error": "no", "request_id": "77aa"}'),
        ("no (request req_a1b2c3d4e5)", "no (request req_b9b2c3d4e5)"),
        (
            "no, see f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "no, see a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ),
        ("7.2 % bounced. a.example had most.", "8.1 % bounced. b.example had most."),
    ],
    ids=["instants", "number first", "letters first", "uuid", "another detail"],
)
def test_a_cause_is_the_same_at_another_time_and_of_another_request(
    sentence: str, later: str
) -> None:
    causes: Causes = {}

    assert texts(causes, failed("bounces", sentence))
    assert texts(causes, failed("bounces", later)) == []


def test_a_status_and_a_path_are_no_such_numbers() -> None:
    causes: Causes = {}

    assert texts(causes, failed("bounces", "refused /v1/bounces (401)"))
    assert texts(causes, failed("bounces", "refused /v1/bounces (403)"))
    assert texts(causes, failed("bounces", "refused /v2/bounces (403)"))


def test_causes_of_the_same_assets_at_one_time_share_a_message() -> None:
    assert texts({}, failed("bounces", "this."), failed("bounces", "that.")) == [
        "bounces failed: this. link\nbounces failed: that. link"
    ]


def test_a_cause_that_alternates_with_another_is_told_once() -> None:
    causes: Causes = {}

    told = [texts(causes, failed("bounces", why)) for why in ("this", "that", "this", "that")]

    assert [len(messages) for messages in told] == [1, 1, 0, 0]


def test_a_cause_is_gone_once_all_that_it_was_told_of_is_well() -> None:
    causes: Causes = {}
    texts(causes, failed("servers"), failed("bounces"))

    assert recovered(causes, {"bounces": 20}) == []
    assert recovered(causes, {"bounces": 20, "servers": 21}) == [
        "bounces, servers recovered. It was: the API refused the key (401)."
    ]
    assert causes == {}


def test_a_cause_that_comes_again_after_it_was_gone_is_told_again() -> None:
    causes: Causes = {}
    texts(causes, failed("bounces"))
    recovered(causes, {"bounces": 20})

    assert texts(causes, failed("bounces", at=30), well={"bounces": 20})


def test_a_cause_that_comes_again_before_it_was_gone_is_not_told_and_holds_on() -> None:
    causes: Causes = {}
    texts(causes, failed("servers"), failed("bounces"))
    recovered(causes, {"bounces": 20})

    assert texts(causes, failed("bounces", at=30), well={"bounces": 20}) == []
    assert recovered(causes, {"bounces": 20, "servers": 40}) == []
    assert recovered(causes, {"bounces": 50, "servers": 40}) == [
        "bounces, servers recovered. It was: the API refused the key (401)."
    ]


def test_what_was_well_again_before_anybody_looked_is_not_told() -> None:
    assert texts({}, failed("bounces", at=10), well={"bounces": 11}) == []


def test_another_clock_hides_no_recovery() -> None:
    """A failure in the future of whoever loads the asset: what counts is that it was loaded."""
    causes: Causes = {}
    texts(causes, failed("bounces", at=9999), well={"bounces": 5})

    assert recovered(causes, {"bounces": 6})


def test_a_check_that_passed_earlier_and_is_heard_of_later_is_no_recovery() -> None:
    causes: Causes = {}
    texts(causes, failed("bounces:complete", at=30), well={"bounces:complete": 10})

    assert recovered(causes, {"bounces:complete": 20}) == []


def test_an_asset_that_is_no_more_is_forgotten_without_a_word() -> None:
    causes: Causes = {}
    texts(causes, failed("bounces"))

    assert recovered(causes, {}, known=["messages"]) == []


def test_an_asset_that_went_after_it_was_well_is_in_no_recovery_of_the_others() -> None:
    causes: Causes = {}
    texts(causes, failed("bounces"), failed("messages"))
    assert recovered(causes, {"bounces": 20}) == []

    assert recovered(causes, {"messages": 30}, known=["messages"]) == [
        "messages recovered. It was: the API refused the key (401)."
    ]
    assert causes == {}


def test_of_more_causes_than_a_cursor_holds_the_oldest_are_forgotten() -> None:
    causes: Causes = {}
    sentences = ["why" + "!" * number for number in range(MOST_CAUSES + 5)]
    for sentence in sentences:
        texts(causes, failed("bounces", sentence))

    assert [cause.sentence for cause in causes.values()] == sentences[5:]


def test_the_same_problem_has_the_same_id() -> None:
    first, second = (tell({}, [failed("bounces")], {})[0] for _ in range(2))
    (other,) = tell({}, [failed("bounces", at=11)], {})

    assert first.id == second.id != other.id


def test_a_recovery_has_the_same_id_when_the_tick_is_repeated_and_a_later_one_another() -> None:
    causes: Causes = {}
    texts(causes, failed("bounces"))
    before = deepcopy(causes)
    (first,) = recover(causes, {"bounces": 20}, SLOTS)
    (repeated,) = recover(before, {"bounces": 25}, SLOTS)
    texts(causes, failed("bounces", at=30), well={"bounces": 25})
    (later,) = recover(causes, {"bounces": 40}, SLOTS)

    assert first.id == repeated.id != later.id


def test_a_message_says_since_when_and_where() -> None:
    (message,) = tell({}, [failed("servers", at=7200), failed("bounces", at=3600)], {}, "here")

    assert message.text.splitlines()[-1] == "Since 1970-01-01 01:00 UTC, here."


def test_a_recovery_says_from_when_to_when_it_was_and_links_to_the_asset() -> None:
    causes: Causes = {}
    problem = replace(failed("bounces", "refused (401). Set api_key.", at=3600), page="page")
    tell(causes, [problem], {})

    (message,) = recover(causes, {"bounces": 7200}, SLOTS, "here")

    assert message.subject == "RECOVERED bounces [email_assets]"
    assert message.text.splitlines() == [
        "bounces recovered. It was: refused (401). page",
        "Wrong since 1970-01-01 01:00 UTC, well since 1970-01-01 02:00 UTC, here.",
    ]


def test_what_a_sentence_holds_that_must_not_reach_people_is_in_no_message() -> None:
    (message,) = tell({}, [failed("bounces", "@channel \u202eann\\u0040x.example \x1b[31mred")], {})

    assert what(message) == "bounces failed: channel … red link"
    assert message.subject == "ERROR bounces failed: channel … red"


def test_a_message_has_the_severity_of_the_worst_of_its_problems() -> None:
    problems = [
        replace(failed("bounces:complete", "rows are missing."), severity=WARNING),
        replace(failed("bounces:primary_key", "keys come twice."), severity=ERROR),
    ]

    (message,) = tell({}, problems, {})

    assert message.subject.startswith("ERROR bounces")
    assert "keys come twice" in message.subject


def test_a_recovery_of_what_nobody_knows_the_beginning_of_says_since_when_it_is_well() -> None:
    causes: Causes = {"cause": Cause("the API refused the key (401).", {"bounces": 10})}

    (message,) = recover(causes, {"bounces": 86_400}, SLOTS)

    assert message.text.splitlines()[-1] == "Well since 1970-01-02 00:00 UTC."


def test_a_problem_that_was_mended_hides_none_that_comes_after_it() -> None:
    found = texts({}, failed("bounces", at=5), failed("servers", at=15), well={"bounces": 10})

    assert found == ["servers failed: the API refused the key (401). link"]
