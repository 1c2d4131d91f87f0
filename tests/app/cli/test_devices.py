import asyncio
import csv
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import enrolling
from app.access.secrets import digest
from app.cli import cli
from app.storage import directory
from app.storage.engine import Database

TABLE = "name,kind,owntracks\nphone-03,phone,pc1234/phone\nradio-7,radio,\n"


def enrol(url: str, file: Path, out: Path) -> tuple[int, str, str]:
    command = ["devices", "enrol", str(file), "--out", str(out), "--database", url]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, command)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "devices.csv"
    file.write_text(TABLE)
    return file


async def names(url: str) -> dict[str, int]:
    database = Database(url)
    async with database.read() as reader:
        found = await directory.everybody(reader)
    await database.close()
    return found


def test_keys_are_in_a_new_file_that_only_its_owner_may_read(
    sqlite_url: str, file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "keys.csv"
    status, said, wrong = enrol(sqlite_url, file, out)
    assert (status, wrong) == (0, "")
    assert said == f"2 devices enrolled; their keys are in {out}, and nowhere else\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    heading, *rows = csv.reader(out.read_text().splitlines())
    assert [heading, *(row[:1] for row in rows)] == [["name", "key"], ["phone-03"], ["radio-7"]]
    assert not any(key in said + caplog.text for _, key in rows)


async def test_the_keys_open_the_doors(sqlite_url: str, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "keys.csv"
    await asyncio.to_thread(enrol, sqlite_url, file, out)
    _, *rows = csv.reader(out.read_text().splitlines())
    database = Database(sqlite_url)
    async with database.read() as reader:
        found = [await directory.by_key(reader, digest(key)) for _, key in rows]
    await database.close()
    assert [one.name for one in found if one] == ["phone-03", "radio-7"]


async def test_a_file_that_is_there_stays_and_nothing_is_stored(
    sqlite_url: str, file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "keys.csv"
    out.write_text("of last year\n")
    status, _, said = await asyncio.to_thread(enrol, sqlite_url, file, out)
    assert (status, "is there already" in said) == (1, True)
    assert out.read_text() == "of last year\n"
    assert await names(sqlite_url) == {}


async def test_keys_of_devices_that_may_be_stored_are_kept(
    sqlite_url: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = enrolling.take

    async def interrupted(*given: Any) -> int:  # noqa: ANN401 -- as it was called
        await real(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(enrolling, "take", interrupted)
    out = tmp_path / "keys.csv"
    status, _, said = await asyncio.to_thread(enrol, sqlite_url, file, out)
    assert (status, "these devices may be stored" in said) == (130, True)
    _, *rows = csv.reader(out.read_text().splitlines())
    assert {name for name, _ in rows} <= set(await names(sqlite_url))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name,kind\nphone/3,phone\nphone-4,drone\n", "2 problems; nothing was stored"),
        ("name\nphone-3\n", "1 problem; nothing was stored"),
        ("\0", "neither CSV nor XLSX"),
    ],
)
def test_what_is_wrong_leaves_no_device_and_no_file(
    sqlite_url: str, file: Path, tmp_path: Path, table: str, said: str
) -> None:
    file.write_text(table)
    out = tmp_path / "keys.csv"
    status, _, told = enrol(sqlite_url, file, out)
    assert (status != 0, said in told) == (True, True), told
    assert not out.exists()
    assert asyncio.run(names(sqlite_url)) == {}


async def test_keys_that_cannot_be_written_are_of_no_device(
    sqlite_url: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "keys.csv"
    status, _, told = await asyncio.to_thread(enrol, sqlite_url, file, out)
    assert (status, "No space left on device; nothing was stored" in told) == (1, True)
    assert not out.exists()
    assert await names(sqlite_url) == {}
