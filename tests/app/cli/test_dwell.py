"""`beatkeeper dwell` on files."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
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


def test_the_kinds_that_handhelds_write_give_the_visits_of_their_tracks(
    shared_data: Path,
) -> None:
    hotspots = shared_data / "tracks" / "handhelds.hotspots.geojson"
    files = sorted((shared_data / "raw" / "fit").glob("*.fit"))
    result = call(*files, "--hotspots", hotspots)
    assert (result.exit_code, result.stderr) == (0, "")
    found = list(csv.DictReader(result.stdout.splitlines()))
    known = json.loads((shared_data / "tracks" / "handhelds.visits.json").read_text())
    mine = [visit for visit in known if visit["device"] in {file.stem for file in files}]
    assert [(row["device"], row["hotspot"]) for row in found] == [
        (visit["device"], visit["hotspot"]) for visit in mine
    ]
    for row, visit in zip(found, mine, strict=True):
        # The tracks beside them have places in ten millionths of a degree: a centimetre.
        assert float(row["dwell_s"]) == pytest.approx(visit["dwell_s"], abs=0.05)
        assert int(row["fixes"]) == visit["fixes"]


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
    missing, folder = tmp_path / "missing", tmp_path / "folder.csv"
    folder.mkdir()
    for arguments in (
        (missing, "--hotspots", hotspots),
        (track, "--hotspots", missing),
        (track, "--hotspots", hotspots, "--out", tmp_path / "visits.xls"),
        (track, "--hotspots", hotspots, "--out", missing / "visits.csv"),
        (track, "--hotspots", hotspots, "--out", folder),
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


@pytest.mark.parametrize("link", ["itself", "symbolic", "hard"])
@pytest.mark.parametrize("which", ["track", "hotspots"])
def test_what_is_read_is_never_written_over(
    track: Path, hotspots: Path, tmp_path: Path, which: str, link: str
) -> None:
    areas = hotspots.rename(tmp_path / "hotspots.json")
    target = track if which == "track" else areas
    out = target if link == "itself" else tmp_path / "visits.csv"
    if link == "symbolic":
        out.symlink_to(target)
    elif link == "hard":
        out.hardlink_to(target)
    before = target.read_bytes()
    result = call(track, "--hotspots", areas, "--out", out)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"beatkeeper dwell: --out {out} is {target}, which is to be read: name another file\n"
    )
    assert target.read_bytes() == before


def test_a_track_that_is_named_twice_is_told_and_changes_nothing(
    track: Path, hotspots: Path
) -> None:
    result = call(track, track, "--hotspots", hotspots)
    assert result.exit_code == 0
    assert result.stdout == call(track, "--hotspots", hotspots).stdout
    assert result.stderr == (
        f"beatkeeper dwell: {track} is named more than once; it is read once\n"
    )


def test_times_that_go_backwards_are_a_note_and_change_nothing(track: Path, hotspots: Path) -> None:
    header, *lines = TRACK.splitlines()
    whole = call(track, "--hotspots", hotspots)
    assert whole.stderr == ""
    track.write_text("\n".join([header, *lines[::-1]]))
    result = call(track, "--hotspots", hotspots)
    assert (result.exit_code, result.stdout) == (0, whole.stdout)
    assert result.stderr == (
        f"beatkeeper dwell: {track}, line 3: time goes backwards here, and 7 more after it;"
        " all is used, in order of time\n"
    )


def test_a_track_broken_off_is_used_so_far_and_the_status_says_so(
    tmp_path: Path, hotspots: Path
) -> None:
    point = '<trkpt lat="0" lon="0"><time>2020-01-01T00:0{}:00Z</time></trkpt>'
    path = tmp_path / "walk.gpx"
    path.write_text("<gpx><trk><trkseg>" + "".join(point.format(minute) for minute in range(4)))
    result = call(path, "--hotspots", hotspots)
    assert result.exit_code == 1
    assert [row.split(",")[4] for row in result.stdout.splitlines()[1:]] == ["180.000000"] * 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"beatkeeper dwell: {path} breaks off in line 1")
    assert line.endswith("(what comes before is used)")


def test_an_output_file_keeps_its_mode_and_the_link_to_it(
    track: Path, hotspots: Path, tmp_path: Path
) -> None:
    out, link = tmp_path / "real.csv", tmp_path / "visits.csv"
    out.touch(mode=0o640)
    link.symlink_to(out)
    assert call(track, "--hotspots", hotspots, "--out", link).exit_code == 0
    assert link.is_symlink()
    assert out.stat().st_mode & 0o777 == 0o640
    assert out.read_text().startswith(HEADER)


def program(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "app", "dwell", *map(str, arguments)]


def test_stopped_in_the_middle_it_says_so_and_leaves_what_was_there(
    hotspots: Path, tmp_path: Path
) -> None:
    pipe, out = tmp_path / "track.csv", tmp_path / "visits.csv"
    os.mkfifo(pipe)
    out.write_text("of yesterday")
    command = program(pipe, "--hotspots", hotspots, "--out", out)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        with pipe.open("w") as track:  # which waits until somebody reads
            track.write(TRACK)
            track.flush()
            process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "beatkeeper dwell: stopped; nothing is written\n")
    assert out.read_text() == "of yesterday"
    assert {path.name for path in tmp_path.iterdir()} == {pipe.name, hotspots.name, out.name}


@pytest.fixture
def long_track(tmp_path: Path) -> Path:
    """Thousands of visits, which take a moment to write."""
    path = tmp_path / "long.csv"
    rows = (f"a,{600 * step},{step % 2},0\n" for step in range(200_000))
    path.write_text("device,time,lat,lon\n" + "".join(rows))
    return path


def test_where_nobody_reads_on_it_ends_as_other_programs_do(
    long_track: Path, hotspots: Path
) -> None:
    command = " ".join(program(long_track, "--hotspots", hotspots))
    shell = ["bash", "-c", f"{command} | head -n 1; echo ${{PIPESTATUS[0]}}"]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == (f"{HEADER}\n141\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_prints_it_says_that_the_table_is_not_whole(
    long_track: Path, hotspots: Path, number: signal.Signals
) -> None:
    command = program(long_track, "--hotspots", hotspots)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == HEADER + "\n"
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert told == "beatkeeper dwell: stopped; the table is not whole\n"


def test_told_to_stop_while_it_writes_it_leaves_nothing_behind(
    long_track: Path, hotspots: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    command = program(long_track, "--hotspots", hotspots, "--out", folder / "visits.json")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(folder.glob("*/visits.json")):
            assert process.poll() is None
            time.sleep(0.001)
        process.terminate()
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (143, "beatkeeper dwell: stopped; nothing is written\n")
    assert list(folder.iterdir()) == []


def test_a_bar_shows_how_far_it_is_where_somebody_looks_on(track: Path, hotspots: Path) -> None:
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        program(track, "--hotspots", hotspots), stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        table, _ = process.communicate(timeout=60)
    shown = os.read(screen, 1 << 16).decode()
    os.close(screen)
    assert "Reading" in shown
    assert "Measuring" in shown
    assert table.decode() == call(track, "--hotspots", hotspots).stdout
