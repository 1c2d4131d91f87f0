import asyncio
import datetime as dt

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.access.secrets import digest
from app.access.viewer import Right, Role, Viewer
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
    found = holder(database_url, result.stdout.strip())
    assert found is not None
    assert found.expires is not None
    expected = Viewer("Analyst", Role.ANALYST, expires=found.expires, authority="token 1")
    assert found == expected
    lasts = found.expires - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=364) < lasts <= dt.timedelta(days=365)


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


def test_a_token_is_for_its_scopes_and_until_the_end_of_its_last_day(sqlite_url: str) -> None:
    last = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    given = ("--name", "x", "--role", "analyst", "--expires", last.isoformat())
    result = create(sqlite_url, *given, "--scope", "read_visits", "--scope", "read_compliance")
    assert result.exit_code == 0, result.stderr
    found = holder(sqlite_url, result.stdout.strip())
    assert found is not None
    assert found.scopes == {Right.READ_VISITS, Right.READ_COMPLIANCE}
    midnight = dt.datetime.combine(last, dt.time(), dt.UTC)
    assert found.expires == midnight + dt.timedelta(days=1)
