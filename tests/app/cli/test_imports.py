import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest
from squares import collection, feature, square
from typer.testing import CliRunner

from app.access.viewer import Role, Viewer
from app.cli import cli
from app.storage import hotspots
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion
from app.storage.pages import Slice

VIEWER = Viewer("x", Role.ANALYST)
LATER = dt.datetime(2198, 1, 1, tzinfo=dt.UTC)


def stored(url: str) -> list[HotspotVersion]:
    async def read() -> list[HotspotVersion]:
        database = Database(url)
        async with database.read() as reader:
            page = await hotspots.page(reader, VIEWER, Slice(100), LATER, LATER)
        await database.close()
        return list(page.items)

    return asyncio.run(read())


def _apart(count: int) -> list[dict[str, object]]:
    return [feature(f"HS{n}", square(lon=-2.98 + 0.01 * n)) for n in range(count)]


def run(file: Path, url: str, *more: str) -> tuple[int, str, str]:
    args = ["import", "hotspots", str(file), "--database", url, *more]
    result = CliRunner().invoke(cli, args)
    return result.exit_code, result.stdout, result.stderr


def test_hot_spots_are_imported_from_a_file(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps(collection(*_apart(20))))
    answer = run(file, database_url, "--valid-from", "2026-01-15")
    assert answer == (0, "20 hot spots imported\n", "")
    found = stored(database_url)
    assert len(found) == 20
    assert found[0].valid_from == dt.datetime(2026, 1, 15, 6, tzinfo=dt.UTC)


def test_each_bad_feature_is_named_and_the_others_are_imported(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "spots.geojson"
    bad = feature("HS2", square(side=0.1))
    file.write_text(json.dumps(collection(feature("HS1"), bad, feature(None))))
    status, out, err = run(file, sqlite_url)
    assert (status, out) == (1, "1 hot spot imported\n")
    assert "hot spot HS2: covers" in err
    assert "feature 2: has no properties.id" in err
    assert [one.key for one in stored(sqlite_url)] == ["HS1"]


def test_a_dry_run_says_what_would_be_taken_and_stores_nothing(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps(feature("HS0", square())))
    day = "--valid-from", "2026-01-15"
    run(file, database_url, *day)
    file.write_text(json.dumps(collection(feature("HS0", square()), *_apart(3)[1:], feature(None))))
    status, out, err = run(file, database_url, *day, "--dry-run")
    assert status == 1
    assert out == "3 hot spots, 2 of them new or changed\na dry run: nothing was stored\n"
    assert "has no properties.id" in err
    assert [one.key for one in stored(database_url)] == ["HS0"]


def test_a_version_that_another_ends_is_told_until_when_it_holds(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps(feature("HS1")))
    run(file, sqlite_url, "--valid-from", "2026-01-15")
    file.write_text(json.dumps(feature("HS1", square(side=0.002))))
    status, out, err = run(file, sqlite_url, "--valid-from", "2026-01-10")
    assert (status, out) == (0, "1 hot spot imported\n")
    assert err.endswith("hot spot HS1 holds until 2026-01-15, when a later version begins\n")


def test_what_is_to_be_looked_at_is_said_and_forbids_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps(feature("HS1")))
    assert run(file, sqlite_url) == (0, "1 hot spot imported\n", "")
    thin = square(lon=-2.9805, lat=53.4002, side=0.0002)
    large = square(lon=-2.9, side=0.005)
    file.write_text(json.dumps(collection(feature("HS2", thin), feature("HS3", large))))
    status, out, err = run(file, sqlite_url)
    assert (status, out) == (0, "2 hot spots imported\n")
    assert [line.partition(": ")[2] for line in err.splitlines()] == [
        "HS3 covers 18.4 ha and is 647 m long: one officer sees 7 ha and 400 m at most",
        (
            "HS2 is 13 m wide where it is widest: with GPS good to 15 m no fix in it is surely"
            " inside; give it a buffer, or draw it wider"
        ),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "this is not JSON"), ("[]", "not a GeoJSON FeatureCollection"), (None, "cannot read")],
)
def test_a_file_that_holds_no_hot_spots_is_told_in_one_line(
    sqlite_url: str, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "spots.geojson"
    if content is not None:
        file.write_text(content)
    status, out, err = run(file, sqlite_url)
    assert (status, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_database_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps(feature("HS1")))
    status, _, err = run(file, str(tmp_path / "none.db"))
    assert status == 1
    assert "beatkeeper migrate" in err
    assert len(err.splitlines()) == 1
