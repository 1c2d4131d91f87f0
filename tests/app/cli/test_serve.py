import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from services import Postgres, free_port
from typer.testing import CliRunner

from app.cli import cli
from app.cli.patience import Crowd
from app.cli.serve import _listen
from ingest.rates import EACH_MINUTE, Rates


def beatkeeper(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that is expected to end by itself."""
    named = {f"BEATKEEPER_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"} | named,
        check=False,
    )


def one_line(ended: subprocess.CompletedProcess[str], *said: str) -> None:
    assert ended.returncode != 0
    [line] = ended.stderr.strip().splitlines()
    for words in said:
        assert words in line


@pytest.mark.parametrize("host", ["::", "127.0.0.1"])
def test_it_listens_on_addresses_of_either_kind(host: str) -> None:
    with _listen(host, 0) as listener:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        assert (listener.family, listener.getsockname()[0]) == (family, host)


def test_that_there_is_no_room_for_connections_is_told_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s = 1000.0
    crowd = Crowd(3, 2, Rates(EACH_MINUTE, lambda: now_s))
    assert [crowd.enter("192.0.2.1") for _ in range(5)] == [True] * 2 + [False] * 3
    assert [crowd.enter("192.0.2.2") for _ in range(2)] == [True, False]
    [line] = [record.getMessage() for record in caplog.records]
    assert line == "no room for more connections, such as one of '192.0.2.1': 2 are open"
    now_s += 60
    assert not crowd.enter("192.0.2.1")
    assert len(caplog.records) == 2


def test_a_folder_that_is_not_there_is_said_in_one_line() -> None:
    ended = beatkeeper("serve", "--port", "0", "--database", "/nowhere/at/all/beatkeeper.db")
    one_line(ended, "/nowhere/at/all/beatkeeper.db", "unable to open", "See that its folder exists")


def test_a_database_of_another_kind_is_said_in_one_line() -> None:
    one_line(beatkeeper("serve", "--port", "0", "--database", "mysql://db/beatkeeper"), "mysql")


def test_a_locked_file_is_said_in_one_line(sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    try:
        ended = beatkeeper("serve", "--port", "0", "--database", sqlite_url)
    finally:
        other.close()
    one_line(ended, "locked", "Another program is writing to it")


def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    url = f"postgresql://somebody:secret@127.0.0.1:{free_port()}/beatkeeper"
    ended = beatkeeper("serve", "--port", "0", "--database", url)
    one_line(ended, "See that the server runs")
    assert "secret" not in ended.stderr


def test_a_database_that_is_not_there_is_said_in_one_line(postgis_url: str) -> None:
    url = postgis_url.rsplit("/", 1)[0] + "/no_such_database"
    one_line(beatkeeper("serve", "--port", "0", "--database", url), "Create it first")


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("this is no database at all, but a note of some length\n" * 100)
    one_line(beatkeeper("serve", "--port", "0", "--database", str(file)), "not a database")


def test_a_database_of_a_newer_version_is_said_in_one_line(sqlite_url: str) -> None:
    newer = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    newer.close()
    one_line(beatkeeper("serve", "--port", "0", "--database", sqlite_url), "9999", "newer version")


def test_a_port_in_use_is_said_in_one_line_and_costs_no_token(tmp_path: Path) -> None:
    file = tmp_path / "beatkeeper.db"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = beatkeeper("serve", "--port", port, "--database", str(file))
    one_line(ended, f"127.0.0.1:{port}", "--port")
    assert not file.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_body_bytes": "a lot"}, "BEATKEEPER_MAX_BODY_BYTES"),
        ({"mqtt": "http://broker"}, "mqtt://HOST"),
        ({"mqtt": "mqtts://broker", "mqtt_ca": "/no/such/file.pem"}, "BEATKEEPER_MQTT_CA"),
        ({"admin_token": "x" * 31}, "BEATKEEPER_ADMIN_TOKEN is wrong: it is shorter than 32"),
    ],
)
def test_a_wrong_setting_is_said_in_one_line(settings: dict[str, str], said: str) -> None:
    named = {f"BEATKEEPER_{name.upper()}": value for name, value in settings.items()}
    ended = CliRunner().invoke(cli, ["serve", "--port", "0"], env=named)
    assert ended.exit_code == 2
    [line] = ended.stderr.splitlines()
    assert said in line


def test_a_file_that_is_not_there_is_not_made_by_a_command_that_reads(tmp_path: Path) -> None:
    file = tmp_path / "beatkeeper.db"
    squares = tmp_path / "squares.geojson"
    squares.write_text('{"type": "FeatureCollection", "features": []}')
    ended = beatkeeper("import", "hotspots", str(squares), "--database", str(file))
    one_line(ended, "beatkeeper migrate")
    assert not file.exists()


def test_migrate_makes_a_database(tmp_path: Path) -> None:
    file = tmp_path / "beatkeeper.db"
    assert beatkeeper("migrate", "--database", str(file)).returncode == 0
    assert beatkeeper("migrate", "--database", str(file)).returncode == 0
    assert file.exists()


def execute(url: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def test_a_role_that_may_not_add_postgis_is_said_in_one_line(postgres: Postgres) -> None:
    execute(
        postgres.url("postgres"), "CREATE ROLE plain LOGIN", "CREATE DATABASE plain OWNER plain"
    )
    url = postgres.url("plain")
    plain = url.replace("postgres@", "plain@")
    one_line(beatkeeper("serve", "--port", "0", "--database", plain), "CREATE EXTENSION postgis")
    execute(url, "CREATE EXTENSION postgis")
    assert beatkeeper("migrate", "--database", plain).returncode == 0


def test_a_locked_database_is_said_in_one_line_within_seconds(postgis_url: str) -> None:
    async def held() -> subprocess.CompletedProcess[str]:
        connection = await asyncpg.connect(postgis_url)
        async with connection.transaction():
            await connection.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
            ended = await asyncio.to_thread(
                beatkeeper, "serve", "--port", "0", "--database", postgis_url
            )
        await connection.close()
        return ended

    one_line(asyncio.run(held()), "lock timeout", "Somebody holds a lock on it")


@pytest.mark.parametrize("kind", ["sqlite", "postgis"])
def test_of_several_first_starts_at_once_all_serve_and_one_shows_the_token(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(tmp_path / "new.db")
    if kind == "postgis":
        cluster: Postgres = request.getfixturevalue("postgres")
        execute(cluster.url("postgres"), "CREATE DATABASE first_starts")
        url = cluster.url("first_starts")
    arguments = [sys.executable, "-m", "app", "serve", "--port", "0", "--database", url]
    environment = {key: os.environ[key] for key in ("PATH",)} | {"PYTHONUNBUFFERED": "1"}
    started = [
        subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(3)
    ]
    said = [_until_listening(process) for process in started]
    for process in started:
        process.terminate()
    ends = [process.communicate(timeout=30) for process in started]
    assert all("listens on" in text for text in said), (said, ends)
    assert sum("token" in text for text in said) == 1


STOPPED_AS_IT_STARTS = """
import gc, signal, socket
from app.cli import serve
from app.settings import Settings

class Garbage:
    def __init__(self):
        self.itself = self

    def __del__(self):  # what is raised in here, Python drops
        signal.raise_signal(signal.SIGTERM)

gc.disable()
Garbage()
serve.run(Settings(), socket.create_server(("127.0.0.1", 0)))
"""


def test_a_stop_that_comes_as_garbage_is_cleared_up_stops_a_start(sqlite_url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED_AS_IT_STARTS],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "BEATKEEPER_DATABASE": sqlite_url},
        check=False,
    )
    assert "SystemExit" in ended.stderr, "it was not dropped"
    assert ended.returncode == 0


def _until_listening(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "listens on" in line:
            break
    return "".join(lines)
