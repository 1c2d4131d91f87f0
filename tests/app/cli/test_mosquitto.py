"""The command that writes mosquitto's files; tests/live has a mosquitto read them."""

import asyncio
import datetime as dt
import grp
import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.access.secrets import new_device_key
from app.cli import cli
from app.storage import devices
from app.storage.engine import Database

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
SERVICE = "mqtt://beatkeeper:of-the-service@127.0.0.1"


def run(url: str, folder: Path, *more: str, mqtt: str = SERVICE) -> tuple[int, str, str]:
    command = ["mosquitto", "--passwords", f"{folder}/passwords", "--acl", f"{folder}/acl"]
    result = CliRunner().invoke(cli, [*command, "--database", url, "--mqtt", mqtt, *more])
    return result.exit_code, result.stdout, result.stderr


async def enrol(url: str, *names: str) -> None:
    database = Database(url)
    async with database.write() as writer:
        for name in names:
            key, device = new_device_key(), devices.Device(name, "radio", "radio")
            await devices.create(writer, device, key.digest, NOW, mqtt_hash=key.mqtt_hash)
    await database.close()


def test_the_files_are_for_their_owner_alone_whatever_was_there_before(
    sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "passwords").write_text("of last year\n")
    (tmp_path / "passwords").chmod(0o644)
    asyncio.run(enrol(sqlite_url, "radio-7"))
    status, said, wrong = run(sqlite_url, tmp_path)
    assert (status, wrong) == (0, "")
    assert said.endswith("are written: 2 users with a password\n")
    for name in ("passwords", "acl"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    lines = (tmp_path / "passwords").read_text().splitlines()
    assert [line.partition(":$7$")[0] for line in lines] == ["beatkeeper", "radio-7"]
    assert "of-the-service" not in (tmp_path / "passwords").read_text() + said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acl", "beatkeeper.db", "passwords"]


def test_a_group_may_read_them_too(sqlite_url: str, tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    assert run(sqlite_url, tmp_path, "--group", group)[0] == 0
    assert stat.S_IMODE((tmp_path / "acl").stat().st_mode) == 0o640


def test_a_command_is_run_once_they_are_written_and_one_that_fails_is_told(
    sqlite_url: str, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    assert run(sqlite_url, tmp_path, "--then", f"cp {tmp_path}/acl {told}")[0] == 0
    assert told.read_text() == (tmp_path / "acl").read_text()
    status, _, wrong = run(sqlite_url, tmp_path, "--then", "false")
    assert (status, "has not been told to read them anew" in wrong) == (0, True)
    status, _, wrong = run(sqlite_url, tmp_path, "--pid-file", f"{tmp_path}/nothing")
    assert (status, "has not been told to read them anew" in wrong) == (0, True)


@pytest.mark.parametrize("mqtt", ["mqtt://127.0.0.1", "mqtt://:secret@127.0.0.1"])
def test_without_the_services_own_user_nothing_is_written(
    sqlite_url: str, tmp_path: Path, mqtt: str
) -> None:
    status, _, wrong = run(sqlite_url, tmp_path, mqtt=mqtt)
    assert (status, "the service's own user" in wrong, "secret" in wrong) == (2, True, False)
    assert not (tmp_path / "acl").exists()


def test_a_folder_that_is_not_there_is_told_in_one_line(sqlite_url: str, tmp_path: Path) -> None:
    status, _, wrong = run(sqlite_url, tmp_path / "none")
    assert (status, wrong.count("\n")) == (1, 1)
    assert "cannot write" in wrong
