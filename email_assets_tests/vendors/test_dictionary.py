"""The meaning of tables and columns, by a vendor's file and by how dlt names them."""

from __future__ import annotations

from typing import Any

from email_assets.vendors.dictionary import TABLE, notes_of

RESOURCE: Any = {
    "name": "messages",
    "description": "A message.",
    "columns": {
        "SentAt": {"data_type": "timestamp", "description": "When it was sent."},
        "to.Email": {"description": "The recipient."},
        "id": {"nullable": False},
    },
}
NESTED = ["_dlt_parent_id"]


def test_a_column_has_the_meaning_of_its_field() -> None:
    notes = notes_of(RESOURCE, {"messages": ["id", "sent_at"], "messages__to": ["email", *NESTED]})

    assert notes["messages", TABLE] == "A message."
    assert notes["messages", "sent_at"] == "When it was sent."
    assert notes["messages__to", "email"] == "The recipient."
    assert ("messages", "id") not in notes


def test_a_list_within_an_object_is_joined_to_the_table_of_the_object() -> None:
    notes = notes_of(RESOURCE, {"messages": [], "messages__meta__tags": NESTED})

    assert notes["messages__meta__tags", TABLE] == (
        "Items of lists in messages: join its _dlt_id to _dlt_parent_id."
    )


def test_a_table_of_somebody_else_has_none() -> None:
    assert notes_of(RESOURCE, {"messages__by_week": ["week"], "bounces": ["sent_at"]}) == {}


def test_a_column_for_values_of_another_type_says_so() -> None:
    notes = notes_of(RESOURCE, {"messages": ["size", "size__v_text", "max__v_x"]})

    assert notes["messages", "size__v_text"] == "The values of size that came as text."
    assert ("messages", "max__v_x") not in notes
