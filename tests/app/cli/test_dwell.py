"""`beatkeeper dwell` on files."""

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.dwell import dwell

HEADER = (
    "device,hotspot,enter,exit,dwell_s,inside_s,bridged_s,low_s,high_s,"
    "enter_seen,exit_seen,fixes,mean_speed_mps,pass_through"
)
# Two degrees of latitude of a second each: in at -0.001, out at 0.001, at 1/60 of that a second.
TRACK = "device,time,lat,lon\n" + "".join(
    f"{device},{1_577_836_800 + 60 * step}.5,{-0.002 + 0.001 * step:.4f},0\n"
    for device in ("b", "a")
    for step in range(5)
)


def hotspot(name: object, half: float = 0.0005) -> dict[str, object]:
    corners = [[-half, -half], [half, -half], [half, half], [-half, half], [-half, -half]]
    geometry = {"type": "Polygon", "coordinates": [corners]}
    return {"type": "Feature", "properties": {"id": name}, "geometry": geometry}


@pytest.fixture
def hotspots(tmp_path: Path) -> Path:
    return features(tmp_path, hotspot("H2"), hotspot("H1"))


def features(folder: Path, *entries: dict[str, object]) -> Path:
    path = folder / "hotspots.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": entries}))
    return path


@pytest.fixture
def track(tmp_path: Path) -> Path:
    path = tmp_path / "track.csv"
    path.write_text(TRACK)
    return path


def call(*arguments: object) -> Result:
    program = typer.Typer()
    program.command()(dwell)
    return CliRunner().invoke(program, [str(argument) for argument in arguments])


def test_visits_come_as_csv_by_device_enter_and_hotspot(track: Path, hotspots: Path) -> None:
    result = call(track, "--hotspots", hotspots)
    assert result.exit_code == 0
    header, *rows = result.stdout.splitlines()
    assert header == HEADER
    assert [row.split(",")[:2] for row in rows] == [[d, h] for d in "ab" for h in ("H1", "H2")]
    assert rows[0] == (
        "a,H1,2020-01-01T00:01:30.500000Z,2020-01-01T00:02:30.500000Z,60.000000,60.000000,"
        "0.000000,0.000000,120.000000,true,true,1,0.000000,true"
    )


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_the_output_follows_the_ending_of_its_file(
    track: Path, hotspots: Path, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"visits.{ending}"
    assert call(track, "--hotspots", hotspots, "--out", out).exit_code == 0
    read = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}[ending]
    table = read(out)
    assert ",".join(table.columns) == HEADER
    assert table["dwell_s"].to_list() == [60.0] * 4
    enter = table["enter"].cast(pl.String).str.replace(" ", "T").to_list()
    assert enter[0].startswith("2020-01-01T00:01:30.500000")


def test_options_change_the_profile(track: Path, hotspots: Path) -> None:
    lone = call(track, "--hotspots", hotspots, "--max-gap", "30", "--assumed-accuracy", "5")
    rows = lone.stdout.splitlines()[1:]
    assert [row.split(",")[4] for row in rows] == ["0.000000"] * 4


def test_bad_lines_are_named_the_rest_is_used_and_the_status_says_so(
    track: Path, hotspots: Path
) -> None:
    whole = call(track, "--hotspots", hotspots).stdout
    with track.open("a") as file:
        file.write("a,noon,0,0\n")
    result = call(track, "--hotspots", hotspots)
    assert result.exit_code == 1
    assert result.stdout == whole
    assert f"{track}, line 12: time 'noon' is neither" in result.stderr


def test_a_file_that_is_no_use_is_named_and_the_status_says_so(
    tmp_path: Path, track: Path, hotspots: Path
) -> None:
    whole = call(track, "--hotspots", hotspots).stdout
    bad = tmp_path / "bad.csv"
    bad.write_text("device,time,lat,lon\na,noon,0,0\na,x,0,0\n")
    result = call(bad, track, "--hotspots", hotspots)
    assert (result.exit_code, result.stdout) == (1, whole)
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"beatkeeper dwell: {bad}: none of its 2 lines can be read; line 2: ")
    alone = call(bad, "--hotspots", hotspots)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert len(alone.stderr.splitlines()) == 1


def test_no_visits_are_a_header(tmp_path: Path, track: Path) -> None:
    far = hotspot("H1")
    far["geometry"] = {
        "type": "Polygon",
        "coordinates": [[[9, 9], [9.001, 9], [9.001, 9.001], [9, 9]]],
    }
    result = call(track, "--hotspots", features(tmp_path, far))
    assert (result.exit_code, result.stdout) == (0, HEADER + "\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is nested too deeply to be read"),
        (f'{{"a": {"9" * 5000}}}', "is not JSON"),
        ("[]", "is not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "has no hot spots"),
        (
            json.dumps({"type": "FeatureCollection", "features": [hotspot("A"), hotspot("A")]}),
            "feature 2: id 'A' is that of feature 1 too",
        ),
        (
            json.dumps({"type": "FeatureCollection", "features": [hotspot(None)]}),
            "feature 1: has no properties.id",
        ),
    ],
)
def test_bad_hot_spots_are_one_clear_message(
    tmp_path: Path, track: Path, content: str, why: str
) -> None:
    path = tmp_path / "bad.geojson"
    path.write_text(content)
    result = call(track, "--hotspots", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("beatkeeper dwell: ")
    assert f"{path}" in result.stderr
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_missing_file_or_unknown_ending_is_one_line(
    tmp_path: Path, track: Path, hotspots: Path
) -> None:
    missing = tmp_path / "missing"
    for arguments in (
        (missing, "--hotspots", hotspots),
        (track, "--hotspots", missing),
        (track, "--hotspots", hotspots, "--out", tmp_path / "visits.xls"),
        (track, "--hotspots", hotspots, "--out", missing / "visits.csv"),
        (track, "--hotspots", hotspots, "--interval", "nan"),
        (track, "--hotspots", hotspots, "--interval", "1e300"),
        (track, "--hotspots", hotspots, "--max-gap", "9e12"),
        (track, "--hotspots", hotspots, "--max-gap", "0"),
        (track, "--hotspots", hotspots, "--merge-gap", "-1"),
        (track, "--hotspots", hotspots, "--merge-gap", "inf"),
        (track, "--hotspots", hotspots, "--assumed-accuracy", "10001"),
    ):
        result = call(*arguments)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("beatkeeper dwell: ")
