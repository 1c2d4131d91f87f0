import asyncio
import datetime as dt

import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from app.cli import cli
from app.storage import guarding, people
from app.storage.engine import Database

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


def erase(url: str, *args: str) -> Result:
    given = ["erase", "officer", *args, "--reason", "request 17", "--database", url]
    return CliRunner().invoke(cli, given)


def enrol(url: str) -> None:
    async def put() -> None:
        database = Database(url)
        async with database.write() as writer:
            await people.create_officer(writer, people.Officer("PC1", "Jo"), NOW)
        await database.close()

    asyncio.run(put())


def logged(url: str) -> list[tuple[str, str, str | None]]:
    async def read() -> list[tuple[str, str, str | None]]:
        database = Database(url)
        a = guarding.audit.c
        async with database.read() as reader:
            rows = [tuple(row) for row in await reader.execute(sa.select(a.act, a.what, a.reason))]
        await database.close()
        return rows

    return asyncio.run(read())


def test_an_officer_is_erased_after_a_dry_run_and_that_is_logged(sqlite_url: str) -> None:
    enrol(sqlite_url)
    tried = erase(sqlite_url, "PC1", "--dry-run")
    assert tried.stdout.startswith("would go:\n  nothing")
    done = erase(sqlite_url, "PC1")
    assert done.exit_code == 0
    assert "kept:\n  the audit log" in done.stdout
    what = "beatkeeper erase officer", "request 17"
    assert logged(sqlite_url) == [("consultation", *what), ("erasure", *what)]
    again = erase(sqlite_url, "PC1")
    assert (again.exit_code, again.stderr) == (1, "beatkeeper: there is no officer 'PC1'\n")


def test_a_time_that_ends_before_it_begins_is_refused(sqlite_url: str) -> None:
    enrol(sqlite_url)
    refused = erase(sqlite_url, "PC1", "--from", "2026-01-02", "--to", "2026-01-01T00:00:00Z")
    assert refused.exit_code == 2
    assert "is not after" in refused.stderr
