"""Tells what a database's server is at fault for, whatever driver raised it.

The classes of errors have the names of PEP 249 in every driver.
"""

from __future__ import annotations

import re

import dlt

_NOT_LET_IN = re.compile(
    r"authentication failed|access denied|login failed|not permitted to log in|no pg_hba.conf entry"
    r"|no password supplied|incorrect username or password|(?:role|database) \S+ does not exist"
    r"|unknown database|cannot open database",
    re.I,
)
_NOT_REACHED = re.compile(
    r"connection refused|could not translate host name|name or service not known"
    r"|timed out|timeout expired"
    r"|could not connect|can't connect|no route to host|network is unreachable"
    r"|server closed the connection|connection reset|terminating connection"
    r"|the database system is (?:starting up|shutting down|in recovery mode)",
    re.I,
)


def is_database_error(cause: BaseException) -> bool:
    """True if a driver raised it. DuckDB's own errors are told of elsewhere."""
    names = {parent.__name__ for parent in type(cause).__mro__}
    return bool(names & {"DatabaseError", "InterfaceError"})


def server_at_fault(cause: BaseException) -> str | None:
    """The fault between us and the warehouse's server in words, or None if it is another."""
    if not is_database_error(cause):
        return None
    if _NOT_LET_IN.search(str(cause)):
        return "the warehouse's server did not let this user in"
    return "the warehouse's server cannot be reached" if _NOT_REACHED.search(str(cause)) else None


def locked_out(cause: BaseException) -> str | None:
    """The trouble with others' locks in words, or None if it is another."""
    if not is_database_error(cause) or "due to lock timeout" not in str(cause):
        return None
    return (
        "somebody kept a lock on a table of the warehouse for longer than lock_timeout, mostly a "
        "program that reads it and does not end its transaction. End that, or set a longer one as "
        "[warehouse] lock_timeout in .dlt/config.toml or as WAREHOUSE__LOCK_TIMEOUT."
    )


def where_credentials_are() -> str:
    """The settings that name a server, and the user for it."""
    name = str(dlt.config.get("warehouse.destination_type", str) or "duckdb").rpartition(".")[2]
    return (
        f"credentials of [destination.{name}] in .dlt/secrets.toml, or "
        f"DESTINATION__{name.upper()}__CREDENTIALS"
    )
