import asyncio
import csv
import io
import json
import resource
import subprocess
import sys
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from planted import Planted, draw, plant, square
from stored_visits import StoredVisit, store
from typer.testing import CliRunner

from app.cli import cli
from app.cli.export_options import TABLES
from app.reports.formats import Format
from app.reports.people_export import PEOPLE
from app.reports.place_export import PLACES
from app.storage.engine import Database

DAYS = ("--from", "2026-01-15", "--to", "2026-01-15")


def filled(url: str) -> str:
    """A database with two visits of one device at two hot spots, and its three fixes."""

    async def fill() -> None:
        database = Database(url)
        noon = StoredVisit("", "", 0, 0).at(12 * 60)
        await plant(database, [Planted("radio", hours=0.0125)], noon)
        await draw(database, {"HS1": square(50), "HS2": square(50, 500)})
        await store(
            database, StoredVisit("radio", "HS1", 600, 612), StoredVisit("radio", "HS2", 700, 705)
        )
        await database.close()

    asyncio.run(fill())
    return url


@pytest.fixture
def url(sqlite_url: str) -> str:
    return filled(sqlite_url)


def run(*args: str, url: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, ["export", *args, "--database", url])
    return result.exit_code, result.stdout, result.stderr


def rows(*args: str, url: str) -> list[dict[str, str]]:
    status, out, err = run(*args, url=url)
    assert status == 0, err
    return list(csv.DictReader(io.StringIO(out, newline="")))


def test_a_table_comes_as_csv_where_no_file_is_named(database_url: str) -> None:
    url = filled(database_url)
    found = rows("visits", url=url)
    assert [(row["device"], row["hotspot"], row["officer"]) for row in found] == [
        ("radio", "HS1", "PC1"),
        ("radio", "HS2", "PC1"),
    ]
    assert run("visits", url=url)[2] == "2 rows of visits\n"


def test_a_day_is_an_operational_day_and_a_time_is_meant_to_the_microsecond(url: str) -> None:
    assert len(rows("visits", *DAYS, url=url)) == 2
    assert rows("visits", "--to", "2026-01-14", url=url) == []
    assert rows("visits", "--from", "2026-01-16", url=url) == []
    late = "2026-01-15T11:40:00.000001Z"
    assert rows("visits", "--from", late, url=url) == []
    assert len(rows("visits", "--to", late, "--hotspot", "HS2", url=url)) == 1
    assert len(rows("pings", *DAYS, "--device", "radio", url=url)) == 3


def test_visits_are_those_that_are_open_or_those_that_are_not(url: str) -> None:
    assert rows("visits", "--open", url=url) == []
    assert len(rows("visits", "--closed", url=url)) == 2


@pytest.mark.parametrize("form", list(Format))
def test_the_ending_says_the_format(url: str, tmp_path: Path, form: Format) -> None:
    out = tmp_path / f"taken.{form.upper()}"
    status, told, err = run("visits", "--out", str(out), url=url)
    assert (status, told, err) == (0, "", f"2 rows of visits in {out}\n")
    match form:
        case Format.CSV:
            assert out.read_bytes().count(b"\r\n") == 3
        case Format.PARQUET:
            assert pl.read_parquet(out).height == 2
        case Format.XLSX:
            assert openpyxl.load_workbook(out)["Visits"].max_row == 3
        case Format.JSON:
            assert len(json.loads(out.read_text())["items"]) == 2
        case Format.GEOJSON:
            feature = json.loads(out.read_text())["features"][0]
            assert feature["geometry"]["type"] == "Polygon"
    assert not list(tmp_path.glob(".beatkeeper*"))


def test_pseudonyms_are_given_to_who_asks_for_them(url: str) -> None:
    one, other = (rows("visits", "--pseudonyms", url=url)[0]["device"] for _ in range(2))
    assert one.startswith("device-")
    assert one != other
    tables = [("visits",), ("visits",), ("pings", *DAYS)]
    studied = {rows(*table, "--study", "s", url=url)[0]["device"] for table in tables}
    assert len(studied) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["crimes"], "there is no table 'crimes': take one of visits, pings, patrols,"),
        (["cells", *DAYS], "the table cells needs --plan"),
        (["pings"], "the table pings needs --from"),
        (["visits", "--plan", "p"], "the table visits does not take --plan"),
        (["cells", *DAYS, "--plan", "p", "--study", "s"], "does not take --study"),
        (["pings", *DAYS, "--open"], "the table pings does not take --open"),
        (["cells", *DAYS, "--plan", "p", "--pseudonyms"], "does not take --pseudonyms"),
        (["visits", "--from", "yesterday"], "--from yesterday: give an operational day"),
        (["visits", "--from", "2026-01-15T10:00:00"], "give a time with an offset"),
        (["visits", "--from", "2026-01-16", "--to", "2026-01-14"], "is after --to 2026-01-14"),
        (["visits", "--as-at", "2190-01-01T00:00:00Z"], "lies in the future"),
        (["visits", "--out", "taken.doc"], "must end in .json, .csv, .xlsx, .parquet, .geojson"),
        (["cells", "--plan", "none", *DAYS], "there is no plan 'none'"),
        (["visits", "--study", "s", "--officer", "PC1"], "officer: asked for by name"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(sqlite_url: str, args: list[str], said: str) -> None:
    status, out, err = run(*args, url=sqlite_url)
    assert (status in {1, 2}, out, err.count("\n")) == (True, "", 1)
    assert said in err


def test_where_nothing_can_be_written_nothing_is_left(sqlite_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    status, _, err = run("visits", "--out", str(folder / "no" / "a.csv"), url=sqlite_url)
    assert status == 1
    assert "cannot be written: No such file or directory; nothing is written" in err
    old = folder / "cells.csv"
    old.write_text("as it was")
    assert run("cells", "--plan", "none", *DAYS, "--out", str(old), url=sqlite_url)[0] == 1
    assert (old.read_text(), list(folder.iterdir())) == ("as it was", [old])


def test_of_a_table_that_is_not_whole_nothing_comes_on_standard_output(url: str) -> None:
    async def many() -> None:
        database = Database(url)
        times = range(0, 600, 2)
        await store(database, *(StoredVisit("radio", "HS1", at, at + 1) for at in times))
        await database.close()

    asyncio.run(many())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Less than the table, and more than what SQLite keeps beside its file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (33_000, hard))
    try:
        status, out, err = run("visits", url=url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (status, out) == (1, "")
    assert "a temporary file cannot be written: File too large" in err


def test_a_full_disk_is_told_as_such(sqlite_url: str) -> None:
    command = [sys.executable, "-m", "app", "export", "visits", "--database", sqlite_url]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert "standard output cannot be written: No space left on device" in ended.stderr


def test_it_takes_the_tables_that_there_are() -> None:
    assert set(TABLES) == PEOPLE.keys() | PLACES.keys()


def test_visits_are_taken_out_without_the_engine_and_its_compiler() -> None:
    loaded = "import sys, app.cli.export; print('numba' in sys.modules, 'fastapi' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert told.stdout == "False False\n"
