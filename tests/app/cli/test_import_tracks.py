"""`beatkeeper import tracks`: files into the database, what is wrong with them, and stops."""

import asyncio
import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trackmaking import WALK, csv, gpx, tcx
from typer.testing import CliRunner

from app.cli import cli
from app.storage import devices
from app.storage.devices import Device
from app.storage.engine import Database

NOW = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def url(sqlite_url: str) -> str:
    """The address of a database with the devices h1 and h2."""

    async def make() -> None:
        database = Database(sqlite_url)
        async with database.write() as writer:
            for name in ("h1", "h2"):
                device = Device(name, "handheld", "handheld")
                await devices.create(writer, device, name.encode(), NOW)
        await database.close()

    asyncio.run(make())
    return sqlite_url


def run(url: str, *arguments: object) -> tuple[int, list[str], list[str]]:
    words = ["import", "tracks", *map(str, arguments), "--database", url]
    result = CliRunner().invoke(cli, words)
    return result.exit_code, result.stdout.splitlines(), result.stderr.splitlines()


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def count(url: str) -> int:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        return int(database.execute("SELECT count(*) FROM fixes").fetchone()[0])


def test_files_are_taken_once_whatever_their_kind(url: str, tmp_path: Path) -> None:
    files = [put(tmp_path, "a.gpx", gpx()), put(tmp_path, "b.tcx", tcx())]
    new, again = ("5 new, 0 there already", "0 new, 5 there already")
    status, out, err = run(url, *files, "--device", "h1")
    assert (status, err) == (0, [])
    assert out == [f"{files[0]}: {new}, 0 not taken", f"{files[1]}: {again}, 0 not taken"]
    of_both = csv(device="h1") + csv(device="h2").partition("\n")[2]
    path = put(tmp_path, "c.csv", of_both)
    assert run(url, path) == (0, [f"{path}: 5 new, 5 there already, 0 not taken"], [])
    assert count(url) == 2 * len(WALK)


def test_what_is_wrong_is_named_and_the_rest_is_taken(url: str, tmp_path: Path) -> None:
    bad = csv([*WALK, (91, 0), (92, 0)], "h1")
    strange = [csv(device=name).partition("\n")[2] for name in ("x", "y")]
    one = put(tmp_path, "one.csv", bad + "".join(strange))
    two = put(tmp_path, "two.gpx", gpx().partition("</trkseg>")[0])
    none = tmp_path / "none.gpx"
    status, out, err = run(url, one, two, none)
    assert status == 1
    assert out == [
        f"{one}: 5 new, 0 there already, 12 not taken",
        f"{two}: 0 new, 0 there already, 5 not taken",
    ]
    assert err[:6] == [
        f"beatkeeper: {one}, line 7: lat '91' is not within -90 to 90",
        f"beatkeeper: {one}, line 8: lat '92' is not within -90 to 90",
        f"beatkeeper: {one}, line 9: there is no device 'x'",
        f"beatkeeper: {one}, line 14: there is no device 'y'",
        f"beatkeeper: {one}: not taken: lines of 'x', 'y'",
        f"beatkeeper: {two}, track point 1: does not say whose it is: give --device NAME",
    ]
    assert err[6].startswith(f"beatkeeper: {two} breaks off in line ")
    assert err[7:] == [f"beatkeeper: {none} cannot be read: No such file or directory"]
    assert count(url) == len(WALK)


def test_of_a_file_that_names_another_device_the_words_are_those_of_the_command_line(
    url: str, tmp_path: Path
) -> None:
    path = put(tmp_path, "c.csv", "device,time,lat,lon,hdop\nh2,1577836800,51,0,1\n")
    status, out, err = run(url, path, "--device", "h1")
    assert (status, out) == (2, [f"{path}: 0 new, 0 there already, 1 not taken"])
    assert err == [
        f"beatkeeper: {path}, line 2: is of 'h2', and not of 'h1', as --device says",
        f"beatkeeper: {path}: nothing is read of its columns hdop",
    ]


def test_where_nothing_can_be_done_the_status_says_so(url: str, tmp_path: Path) -> None:
    notes = put(tmp_path, "notes.txt", "nothing of use")
    status, out, err = run(url, notes, "--device", "h1")
    assert (status, out) == (2, [])
    assert err == [
        f"beatkeeper: {notes} has no column time, lat, lon; its first line names: nothing of use"
    ]
    walk = put(tmp_path, "walk.gpx", gpx())
    assert run(url, walk, "--device", "h3") == (2, [], ["beatkeeper: there is no device 'h3'"])
    assert count(url) == 0


def test_stopped_in_the_middle_what_was_stored_stays(url: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "app", "import", "tracks", str(pipe), "--device", "h1"]
    process = subprocess.Popen(
        [*command, "--database", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    rows = "".join(f"{1_577_836_800 + second},51.5,-0.1\n" for second in range(30_000))
    with pipe.open("w") as file:
        file.write(f"time,lat,lon\n{rows}")
        file.flush()
        deadline = time.monotonic() + 60
        while not count(url) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[0] == "beatkeeper: stopped; what was stored so far stays"
    stored = count(url)
    assert 0 < stored < 30_000
    assert out.startswith(f"{pipe}: ")
    again = put(tmp_path, "whole.csv", f"time,lat,lon\n{rows}")
    status, out_again, _ = run(url, again, "--device", "h1")
    assert status == 0
    assert out_again == [f"{again}: {30_000 - stored} new, {stored} there already, 0 not taken"]
