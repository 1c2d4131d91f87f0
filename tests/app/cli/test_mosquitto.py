"""The command that writes mosquitto's files; tests/live has a mosquitto read them."""

import asyncio
import datetime as dt
import grp
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.access.mosquitto import Files
from app.access.secrets import new_device_key
from app.cli import cli, mosquitto
from app.cli.mosquitto import _keep, _Writing
from app.storage import devices, directory
from app.storage.engine import Database, Reader

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
PASSWORD = "of-the-service-and-of-nobody-else"
SERVICE = f"mqtt://beatkeeper:{PASSWORD}@127.0.0.1"


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
    assert [line.partition(":$7$101$")[0] for line in lines] == ["beatkeeper", "radio-7"]
    assert PASSWORD not in (tmp_path / "passwords").read_text() + said
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


def test_a_password_that_could_be_guessed_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    status, _, wrong = run(
        sqlite_url, tmp_path, mqtt="mqtt://beatkeeper:" + 31 * "x" + "@127.0.0.1"
    )
    assert (status, "take 32 random ones, or a certificate" in wrong, "xxx" in wrong) == (
        2,
        True,
        False,
    )
    assert not (tmp_path / "acl").exists()


MADE = Files("radio-7:x\n", "", [])
LOCKED = Files("", "", [])


def test_a_mosquitto_that_could_not_be_told_is_told_at_the_next_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, there = tmp_path / "told", tmp_path / "there"
    there.touch()
    then = ("sh", "-c", f"test -e {there} && echo x >> {told}")
    writing = _Writing(tmp_path / "passwords", tmp_path / "acl", None, None, then)
    writing.put(MADE)
    there.unlink()
    for _ in range(3):
        writing.put(LOCKED)
    assert capsys.readouterr().err.count("has not been told") == 1
    there.touch()
    for _ in range(3):
        writing.put(LOCKED)
    assert told.read_text() == "x\nx\n"


def test_no_other_program_is_told_whose_number_is_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pid_file = tmp_path / "pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text(f"{other.pid}\n")
        _Writing(tmp_path / "passwords", tmp_path / "acl", None, pid_file, ()).put(MADE)
        assert "which is no mosquitto" in capsys.readouterr().err
        other.terminate()
    assert other.returncode == -signal.SIGTERM


async def test_a_watch_goes_on_where_the_files_cannot_be_written_for_a_while(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosquitto, "LOOK_EVERY_S", 0.01)
    folder, away = tmp_path / "files", tmp_path / "away"
    folder.mkdir()
    writing = _Writing(folder / "passwords", folder / "acl", None, None, ())

    async def read(reader: Reader) -> Files:
        return Files("".join(f"{name}:x\n" for name in await directory.everybody(reader)), "", [])

    database = Database(sqlite_url)
    watching = asyncio.create_task(_keep(database, read, writing, watch=True))
    try:
        async with asyncio.timeout(10):
            while writing._written is None:  # noqa: ASYNC110 -- another's work
                await asyncio.sleep(0.01)
            folder.rename(away)
            await enrol(sqlite_url, "radio-7")
            while "cannot write" not in writing._told:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            away.rename(folder)
            while "radio-7" not in (folder / "passwords").read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await database.close()


def test_a_folder_that_is_not_there_is_told_in_one_line(sqlite_url: str, tmp_path: Path) -> None:
    status, _, wrong = run(sqlite_url, tmp_path / "none")
    assert (status, wrong.count("\n")) == (1, 1)
    assert "cannot write" in wrong
