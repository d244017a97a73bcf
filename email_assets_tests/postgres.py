"""A real PostgreSQL: one server for a whole process of tests, and a fresh database for each."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlglot

from email_assets_tests.ports import free_port

MEMORY = Path("/dev/shm")
USER = "email_assets"
PASSWORD = "p%ss/word"
CAREFREE = (
    *("fsync=off", "full_page_writes=off", "synchronous_commit=off"),
    *("autovacuum=off", "jit=off", "max_connections=200"),
)
"""Settings of a server whose data nobody needs after a power cut, or tomorrow."""
KNOWS_STRATEGIES = 150_000
"""The version of PostgreSQL from which on a new database is made by way of the log, unless it is
told to copy the files, which takes half of the time."""


class Server:
    """A PostgreSQL server at a free port of this machine, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        password_file = folder / "password"
        password_file.write_text(PASSWORD)
        self._give(folder, password_file)
        self._run(
            # md5, since each connection would take longer to try a password by scram
            *("initdb", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=md5"),
            *(f"--username={USER}", f"--pwfile={password_file}", "-D", str(folder / "data")),
        )
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [f"-c{option}" for option in CAREFREE]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(_program("postgres"), "-D", str(self._folder / "data")),
                    *("-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder), *options),
                ],
                stdout=log,
                stderr=log,
                **_as_somebody(),
            )
        end = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < end, "PostgreSQL did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it and every connection at once."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)  # nothing is written any more
            self._process.wait()
            self._process = None

    def new_database(self, template: str = "template0") -> Database:
        """An empty database, or a copy of one to which nobody is connected."""
        database = Database(self, f"w{next(self._numbers)}")
        database.make_of(template)
        return database

    def _answers(self) -> bool:
        try:
            Database(self, "postgres").ask("SELECT 1")
        except _driver().OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_program(program), *arguments], check=True, capture_output=True, **_as_somebody()
        )

    def _give(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            for path in paths:
                shutil.chown(path, _somebody().pw_uid, _somebody().pw_gid)


class Database:
    """A database of the server."""

    def __init__(self, server: Server, name: str, user: str = USER, word: str = PASSWORD) -> None:
        self.server = server
        self.name = name
        self._user, self._word = user, word

    def as_user(self, user: str, word: str) -> Database:
        """The same database, to which another user connects with a password."""
        return Database(self.server, self.name, user, word)

    @property
    def url(self) -> str:
        """Its address with user and password, as dlt and SQLAlchemy want it."""
        quoted = self._word.replace("%", "%25").replace("/", "%2F").replace(" ", "%20")
        return f"postgresql://{self._user}:{quoted}@127.0.0.1:{self.server.port}/{self.name}"

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The server's answer to a question in PostgreSQL's SQL."""
        with self.connected() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def change(self, *statements: str) -> None:
        """Do something to it by hand."""
        with self.connected() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def wait_until_left(self) -> None:
        """Wait until the server has noticed that nobody is connected any more."""
        others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        end = time.monotonic() + 60
        while left := self.ask(f"SELECT pid, application_name FROM {others}"):
            assert time.monotonic() < end, f"still connected: {left}"
            time.sleep(0.02)

    def copied(self) -> Database:
        """Another database that holds the same."""
        return self.server.new_database(template=self.name)

    def become(self, other: Database) -> None:
        """Hold what another database holds, to which nobody is connected, and nothing else."""
        Database(self.server, "postgres").change(f"DROP DATABASE {self.name}")
        self.make_of(other.name)

    def make_of(self, template: str) -> None:
        """Come into being as a copy of another, to which nobody is connected."""
        with Database(self.server, "postgres").connected() as cursor:
            knows = cursor.connection.server_version >= KNOWS_STRATEGIES
            strategy = "STRATEGY file_copy" if knows else ""
            cursor.execute(f"CREATE DATABASE {self.name} TEMPLATE {template} {strategy}")

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A cursor of a connection that commits each statement."""
        connection = _driver().connect(
            host="127.0.0.1",
            port=self.server.port,
            user=self._user,
            password=self._word,
            dbname=self.name,
            options="-c TimeZone=UTC",
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def reason_to_skip() -> str | None:
    """The program or driver that tests with PostgreSQL lack, or None."""
    if _bin() is None:
        return "there is no PostgreSQL server: apt-get install postgresql"
    if find_spec("psycopg2") is None:
        return "there is no driver for PostgreSQL: pip install 'email_assets[postgres]'"
    return None


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that ends with the block."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="email_assets_postgres-", dir=place))
    server = None
    try:
        server = Server(folder)
        yield server
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def in_postgres(sql: str) -> str:
    """A statement in DuckDB's SQL as PostgreSQL understands it."""
    return sqlglot.transpile(sql, read="duckdb", write="postgres")[0]


def _driver() -> Any:
    import psycopg2

    return psycopg2


@cache
def _bin() -> Path | None:
    """The folder of the server's programs, which Debian keeps off PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = max(versions, key=lambda path: int(path.parts[-3]), default=shutil.which("initdb"))
    return Path(found).parent if found else None


def _program(name: str) -> str:
    folder = _bin()
    assert folder
    return str(folder / name)


def _somebody() -> pwd.struct_passwd:
    """The user as whom the server runs, since it refuses to run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_somebody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _somebody().pw_uid, "group": _somebody().pw_gid, "extra_groups": [], "cwd": "/"}
