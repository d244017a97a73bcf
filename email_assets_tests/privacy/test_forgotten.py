"""The rows of an API that go with a person who is forgotten, and what is left of the others."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets.privacy.forgotten import Forgotten
from email_assets.privacy.pseudonyms import PSEUDONYM, Pseudonyms
from email_assets_tests.privacy.privacy_fixtures import SALT

OF = Pseudonyms(SALT)
ANN = Forgotten(OF, {OF.of("ann@example.org")})

HERS: list[Any] = [
    {"email": "ann@example.org"},
    {"email": "ANN@Example.ORG"},
    {"email": "ann@example.org."},
    {"email": OF.of("ann@example.org")},
    {"from": "Ann <ann@example.org>", "to": [{"email": "bob@example.org"}]},
    {"email": None, "reason": "550 5.1.1 <Ann@Example.org>: user unknown (in reply to RCPT TO)"},
    {"reason": "rfc822;ann@example.org"},
    {"link": "https://x.example/unsubscribe?email=ann%40example.org&list=7"},
    {"return_path": "bounces+ann=example.org@mta.example"},
    {"return_path": "bounce-ann=example.org@mta.example"},
    {"return_path": "bounces-Ann=Example.org@mta.example"},
    {"return_path": "news-bounces+ann=example.org@mta.example"},
    {"return_path": "news-return-17-ann=example.org@mta.example"},
    {"return_path": "bounces+1234567-ab12-ann=example.org@em.acme.example"},
    {"return_path": "bounce+e8ab12.d6b9f0-ann=example.org@mg.acme.example"},
    {"return_path": "bounce-mc.us5_913.2385-ann=example.org@mail1.acme.example"},
    {"status": {"detail": {"recipient": "ann@example.org"}}},
    {"from": "news@acme.example", "recipients": [{"email": "ann@example.org"}]},
    {"to": ["ann@example.org"], "cc": []},
    {"to": ["ann@example.org"], "reply_to": ["support@acme.example"]},
    {"link": "https://x.example/mail?to=%3CAnn%40example.org%3E"},
    {"link": "https://x.example/mail?to=Ann%20ann%40example.org"},
    {"events": [[{"of": "ann@example.org"}]]},
]
OF_OTHERS: list[Any] = [
    {"email": "joann@example.org"},
    {"email": "mary.ann@example.org"},
    {"email": "ann+news@example.org"},
    {"email": "o'ann@example.org"},
    {"email": "anna@example.org"},
    {"email": "an@example.org"},
    {"email": "ann@example.org.uk"},
    {"email": "ann@example.or"},
    {"email": "ann@mail.example.org"},
    {"return_path": "bounce-mary-ann=example.org@mta.example"},
    {"return_path": "bounces+mary-ann=example.org@mta.example"},
    {"return_path": "bounces+1234567-ab12-mary-ann=example.org@em.acme.example"},
    {"return_path": "mary-ann=example.org@mta.example"},
    {"email": OF.of("bob@example.org"), "at": "@", "count": 7, "nothing": None, "text": ""},
    {"reason": "no @ ann at example.org"},
    {"reason": "%20@example.org"},
]


def test_a_text_that_is_nearly_an_address_has_a_pseudonym() -> None:
    assert PSEUDONYM.fullmatch(OF.of("%20@example.org"))


@pytest.mark.parametrize("row", HERS, ids=str)
def test_a_row_that_is_about_her_alone_goes(row: Any) -> None:
    assert ANN.row_without(row) is None


@pytest.mark.parametrize("row", OF_OTHERS, ids=str)
def test_a_neighbour_stays_as_he_is(row: Any) -> None:
    assert ANN.row_without(row) is row


@pytest.mark.parametrize(
    ("row", "left"),
    [
        (
            {"to": [{"email": "ann@example.org"}, {"email": "bob@example.org"}], "cc": []},
            {"to": [{"email": "bob@example.org"}], "cc": []},
        ),
        (
            {"to": ["Ann@example.org"], "cc": ["bob@example.org"], "tags": ["x"]},
            {"to": [], "cc": ["bob@example.org"], "tags": ["x"]},
        ),
        (
            {"to": '"Ann" <ann@example.org>, bob@example.org, Ann@Example.org'},
            {"to": '"Ann" <…>, bob@example.org, …'},
        ),
        (
            {"email": "bob@example.org", "reason": "forwarded to ann@example.org: full"},
            {"email": "bob@example.org", "reason": "forwarded to …: full"},
        ),
        (
            {"subject": "ann@example.org wrote to you", "to": ["bob@example.org"]},
            {"subject": "… wrote to you", "to": ["bob@example.org"]},
        ),
        (
            {"opens": {"ann@example.org": 2, "bob@example.org": 1}},
            {"opens": {"bob@example.org": 1}},
        ),
    ],
)
def test_a_row_that_is_about_others_too_stays_without_her(row: Any, left: Any) -> None:
    assert ANN.row_without(row) == left
