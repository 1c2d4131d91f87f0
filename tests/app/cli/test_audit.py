"""`beatkeeper audit`, on a log of a few entries; what commands do is in it as well."""

import asyncio
import json
import os
import pwd
from pathlib import Path

import logged
import pytest
from callers import Clock
from typer.testing import CliRunner

from app.cli import cli
from app.sealing import Sealer
from app.storage.engine import Database


def run(*arguments: str) -> tuple[int, str]:
    """A command's exit status, and all that it says."""
    found = CliRunner().invoke(cli, list(arguments))
    return found.exit_code, found.output


@pytest.fixture
def url(database_url: str) -> str:
    """A log of three looks under one seal, and of one under another."""

    async def fill() -> None:
        database = Database(database_url)
        await logged.write(database, "A", "B", "C")
        clock = Clock()
        await Sealer(database, clock.now_us).seal()
        await logged.write(database, "D")
        clock.set("2026-01-15T12:20:00+00:00")
        await Sealer(database, clock.now_us).seal()
        await database.close()

    asyncio.run(fill())
    return database_url


def test_the_head_that_verify_prints_is_what_it_takes_later(url: str) -> None:
    status, said = run("audit", "verify", "--database", url)
    assert (status, said.splitlines()[0]) == (0, "2 seals checked; 0 entries wait for a seal")
    head = said.splitlines()[1].removeprefix("head: ").split()
    assert run("audit", "verify", *head, "--database", url)[0] == 0
    status, said = run("audit", "verify", *head[:3], "00" * 32, "--database", url)
    assert (status, "written anew" in said) == (1, True)
    assert run("audit", "verify", "--hash", "00" * 32, "--database", url)[0] == 2
    assert run("audit", "verify", "--from", "1", "--hash", "00", "--database", url)[0] == 2


def test_what_commands_do_is_in_the_log_with_the_user_of_this_machine(
    url: str, tmp_path: Path
) -> None:
    made = ["token", "create", "--name", "T", "--role", "analyst"]
    assert run(*made, "--database", url)[0] == 0
    out = str(tmp_path / "visits.csv")
    assert run("export", "visits", "--officer", "1", "--out", out, "--database", url)[0] == 0
    status, said = run("audit", "show", "--database", url)
    assert status == 0
    shown = [json.loads(line) for line in said.splitlines()]
    assert [one["what"] for one in shown] == [
        *("beatkeeper audit show", "beatkeeper export visits", "beatkeeper token create"),
        *["GET /visits"] * 4,
    ]
    assert [one["act"] for one in shown[:3]] == ["consultation", "disclosure", "alteration"]
    assert {one["who"] for one in shown[:3]} == {pwd.getpwuid(os.getuid()).pw_name}
    assert {one["origin"] for one in shown[:3]} == {"command line"}
    assert shown[1]["details"] == {"officer": "1"}


def test_old_entries_expire_by_whole_seals_and_the_log_says_by_whom_and_why(url: str) -> None:
    expire = ["audit", "expire", "--reason", "our period", "--database", url, "--before"]
    assert run(*expire, "2026-01-15T11:00:00Z") == (0, "0 entries are gone\n")
    assert run(*expire, "2100-01-01T00:00:00Z")[0] == 2
    assert run(*expire, "2026-01-15T12:15:00Z") == (0, "3 entries are gone\n")
    status, said = run("audit", "verify", "--database", url)
    assert status == 0
    assert "1 of them over entries past the log's period; 1 entries wait" in said
    who = pwd.getpwuid(os.getuid()).pw_name
    assert f"by {who}: our period (entry 5, which is not sealed yet)" in said
    assert run("audit", "expire", "--before", "2026-01-15T11:00:00Z", "--database", url)[0] == 2
