import asyncio
import datetime as dt

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.access.secrets import digest
from app.access.viewer import Role, Viewer
from app.cli import cli
from app.storage import tokens
from app.storage.engine import Database

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


def create(url: str, *args: str) -> Result:
    return CliRunner().invoke(cli, ["token", "create", "--database", url, *args])


def holder(url: str, secret: str) -> Viewer | None:
    async def read() -> Viewer | None:
        database = Database(url)
        async with database.read() as reader:
            found = await tokens.viewer_of(reader, digest(secret), NOW)
        await database.close()
        return found

    return asyncio.run(read())


def test_a_token_is_made_and_shown(database_url: str) -> None:
    result = create(database_url, "--name", "Analyst", "--role", "analyst")
    assert result.exit_code == 0
    assert holder(database_url, result.stdout.strip()) == Viewer("Analyst", Role.ANALYST)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--role", "officer"), "an officer's token names whose data it shows"),
        (("--role", "officer", "--officer", "9"), "there is no officer '9'"),
        (("--role", "supervisor"), "a supervisor's token names the teams it shows"),
        (("--role", "supervisor", "--team", "A"), "there is no team 'A'"),
    ],
)
def test_a_token_that_shows_nothing_is_refused_in_one_line(
    sqlite_url: str, args: tuple[str, ...], said: str
) -> None:
    result = create(sqlite_url, "--name", "x", *args)
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
