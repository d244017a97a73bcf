"""`email-assets forget ann@example.org`: deletes a person everywhere, and keeps them away."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from email_assets.account import Account
from email_assets.account.every import configured_accounts
from email_assets.errors import EmailAssetsError
from email_assets.privacy.addresses import addresses_in, plain
from email_assets.privacy.memory import DATASETS, datasets_with, forgotten_in, remember
from email_assets.privacy.pseudonyms import PSEUDONYM, Pseudonyms
from email_assets.privacy.purge import Purged, purge
from email_assets.privacy.receipt import Receipt
from email_assets.redaction import redacted
from email_assets.sentences import in_one_sentence
from email_assets.settings.privacy import salt
from email_assets.settings.resolve import SettingError
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.copies import rewrite
from email_assets.warehouse.destination import (
    database_file,
    destination_of,
    warehouse_client,
)
from email_assets.warehouse.postgres_turn import OWNER_TABLE
from email_assets.warehouse.readers import copies_left, copy_for_readers
from email_assets.warehouse.turn import SqlClient, turn_at

WHO = "forget"
"""Begins the sentences of the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Forget a person, print the receipt, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="email-assets forget",
        description="Deletes a person's rows from the tables of all accounts, and lets no sync "
        "load them again. Writes a receipt without the address.",
    )
    parser.add_argument(
        "person",
        nargs="?",
        help="an e-mail address, or the pseudonym (hmac:…) of an earlier receipt; without it, it "
        "is asked for, and stands in no list of processes, history or log of commands",
    )
    person = parser.parse_args(arguments).person
    try:
        with in_one_sentence(WHO):
            receipt = forget(_asked_for() if person is None else person)
    except EmailAssetsError as error:
        print(error)
        return 1
    print(receipt.text)
    return 1 if receipt.problems else 0


def _asked_for() -> str:
    """The line that somebody types, or that a program writes to us."""
    if sys.stdin.isatty():
        print("Address or pseudonym: ", end="", flush=True)
    return sys.stdin.readline()


def forget(person: str) -> Receipt:
    """Delete a person from all datasets, and write the receipt.

    Args:
        person: An e-mail address, or a pseudonym.

    Raises:
        EmailAssetsError: It is no address, there is no salt, or the warehouse cannot be used.
    """
    pseudonyms = Pseudonyms(salt(f"{WHO}: people are remembered by pseudonyms"))
    accounts = configured_accounts()
    usable = [account for account in accounts if not account.problem]
    _refuse_others(usable[0].warehouse)
    receipt = Receipt(_pseudonym_of(person, pseudonyms), usable[0].warehouse)
    for dataset in _datasets(usable):
        place = replace(usable[0].warehouse, dataset_name=dataset)
        what = f"The dataset {dataset} was left out: then run this again."
        with _noted(receipt, what) if receipt.done else nullcontext():
            receipt.done |= _forget_in(place, pseudonyms, receipt.person)
    receipt.problems += [
        f"The account {account.name} was left out: {account.problem} Then run this again."
        for account in accounts
        if account.problem
    ]
    with _noted(receipt, "The DuckDB file was not rewritten: then run this again."):
        _rewrite(usable[0].warehouse)
        receipt.is_rewritten = receipt.is_duckdb
        warehouse = usable[0].warehouse
        receipt.problems += copies_left(warehouse, warehouse_client(warehouse, WHO))
    with _noted(receipt, "The receipt could not be written: keep what is printed."):
        receipt.write()
    return receipt


@contextmanager
def _noted(receipt: Receipt, what: str) -> Iterator[None]:
    """Note what fails inside: the person is deleted by then, of which the receipt has to tell."""
    try:
        with in_one_sentence(WHO):
            yield
    except EmailAssetsError as error:
        receipt.problems.append(f"{error} {what}")


def _refuse_others(warehouse: WarehouseSettings) -> None:
    dialect = destination_of(warehouse).capabilities().sqlglot_dialect
    if dialect not in DATASETS:
        raise SettingError(
            f"{WHO}: only DuckDB and PostgreSQL can be searched for a person, and the warehouse is "
            f"{warehouse.destination_name}. Delete the rows there by hand, and let [privacy] hash "
            "or drop the fields with addresses."
        )


def _pseudonym_of(person: str, pseudonyms: Pseudonyms) -> str:
    person = person.strip()
    if PSEUDONYM.fullmatch(person):
        return person
    found = list(addresses_in(person))
    # of sales/ann@…, ann@… would be found as well, who may be somebody else
    if [address.readings[0] for address in found] != [plain(person)]:
        raise SettingError(
            f"{WHO}: give one e-mail address without a name and without = / ? &, or the "
            "pseudonym (hmac:…) of an earlier receipt."
        )
    return pseudonyms.of(person)


def _datasets(accounts: Sequence[Account]) -> list[str]:
    """The datasets of all accounts, and those of accounts that the settings name no more."""
    names = dict.fromkeys(account.warehouse.dataset_name for account in accounts)
    client = warehouse_client(accounts[0].warehouse, WHO)
    file = database_file(client)
    if file is None or file.exists():
        with _turn(accounts[0].warehouse, client):
            names |= dict.fromkeys(datasets_with(client, OWNER_TABLE))
    return list(names)


def _forget_in(
    warehouse: WarehouseSettings, pseudonyms: Pseudonyms, person: str
) -> dict[str, Purged]:
    """Delete a person from a dataset and from where its loads are staged."""
    client = warehouse_client(warehouse, WHO)
    with _turn(warehouse, client):
        # another salt is refused before anybody is remembered by it: no sync could go on
        forgotten_in(client, WHO)
        remember(client, pseudonyms, person)
        forgotten = forgotten_in(client, WHO)
        assert forgotten  # noqa: S101 (one was just remembered)
        places = (client.dataset_name, client.staging_dataset_name)
        return {place: purge(client, place, forgotten) for place in places}


def _rewrite(warehouse: WarehouseSettings) -> None:
    """Leave no bytes of deleted rows in a DuckDB file, or in its copy for readers."""
    client = warehouse_client(warehouse, WHO)
    if database_file(client):
        with _turn(warehouse, client):
            copy_for_readers(warehouse, client)
            rewrite(client)


def _turn(warehouse: WarehouseSettings, client: SqlClient) -> AbstractContextManager[None]:
    return turn_at(
        database_file(client),
        client,
        who=WHO,
        timeout=warehouse.lock_timeout,
        say=redacted(print),
        alone=True,
    )
