"""Tracks out of CSV and GPX files, and every line that cannot be read named."""

from pathlib import Path

import numpy as np
import pytest

from ingest.trackfiles import TrackFileError, read_tracks

MOMENT_US = 1_577_836_800_000_000  # 2020-01-01T00:00:00Z
GPX = """<?xml version="1.0"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="1" lon="1"><time>2020-01-01T00:00:00Z</time></wpt>
<trk><name>Evening</name><trkseg>{}</trkseg></trk></gpx>"""


def csv(folder: Path, text: str, name: str = "track.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_columns_come_in_any_order_and_times_in_three_forms(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "lon, TIME,lat,device,speed_mps,other,accuracy_m\n"
        "-2.5,2020-01-01T01:00:00.25+01:00,53.5,b,1.5,x,\n"
        "-2.5,2020-01-01 00:00:01z,53.5,a,,x,7\n"
        "-2.5,1577836802.5,53.5,b,,x,-1\n",
    )
    track = read_tracks([path])
    assert track.names == ["a", "b"]
    assert track.device.tolist() == [1, 0, 1]
    assert (track.time_us - MOMENT_US).tolist() == [250_000, 1_000_000, 2_500_000]
    assert track.lat.tolist() == [53.5] * 3
    np.testing.assert_array_equal(track.accuracy_m, [np.nan, 7.0, -1.0])
    np.testing.assert_array_equal(track.speed_mps, [1.5, np.nan, np.nan])
    assert track.bad == []


def test_lines_that_cannot_be_read_are_named_and_the_rest_is_used(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "device,time,lat,lon,accuracy_m\n"
        "a,0,51,0,\n"
        "a,0,91,0,\n"
        ",0,51,0,\n"
        "a,2020-01-01T00:00:00,51,0,\n"
        "a,2020-13-01T00:00:00Z,51,0,\n"
        "a,1e300,51,0,\n"
        "a,0,51,nan,\n"
        "a,0,51,0,good\n"
        "a,0\n"
        "a,1,51,0,5\n",
    )
    track = read_tracks([path])
    assert track.time_us.tolist() == [0, 1_000_000]
    unread = "is neither RFC 3339 with an offset nor epoch seconds"
    assert [str(line) for line in track.bad] == [
        f"{path}, line 3: lat '91' is not within -90 to 90",
        f"{path}, line 4: has no device",
        f"{path}, line 5: time '2020-01-01T00:00:00' {unread}",
        f"{path}, line 6: time '2020-13-01T00:00:00Z' {unread}",
        f"{path}, line 7: time '1e300' {unread}",
        f"{path}, line 8: lon 'nan' is not within -180 to 180",
        f"{path}, line 9: accuracy_m 'good' is not a number",
        f"{path}, line 10: has no lat",
    ]


def test_quotes_are_taken_off_and_a_stray_one_spoils_its_own_line_alone(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        '"device","time","lat","lon"\r\n"a","0","51","0"\r\na,"1,51,0\r\na,x,5"1,0\r\na,2,51,0\r\n',
    )
    track = read_tracks([path])
    assert track.names == ["a"]
    assert track.time_us.tolist() == [0, 1_000_000, 2_000_000]
    assert [line.place for line in track.bad] == ["line 4"]


def test_files_are_read_together_in_their_order(tmp_path: Path) -> None:
    one = csv(tmp_path, "device,time,lat,lon\nz,5,1,2\n", "one.csv")
    point = '<trkpt lat="3" lon="4"><time>1970-01-01T00:00:01Z</time></trkpt>'
    two = csv(tmp_path, GPX.format(point), "two.GPX")
    track = read_tracks([one, two])
    assert track.names == ["two", "z"]
    assert track.device.tolist() == [1, 0]
    assert track.time_us.tolist() == [5_000_000, 1_000_000]


def test_a_gpx_track_is_named_by_its_file_and_bad_points_by_number(tmp_path: Path) -> None:
    points = (
        '<trkpt lat="51" lon="0"><ele>3</ele><time>2020-01-01T00:00:00Z</time>'
        "<speed>1.5</speed></trkpt>"
        '<trkpt lat="51" lon="0"></trkpt>'
        '<trkpt lat="51" lon="200"><time>2020-01-01T00:00:01Z</time></trkpt>'
        '<trkpt lat="51" lon="0"><time>yesterday</time></trkpt>'
        '<trkpt lat="51" lon="0"><time>2020-01-01T00:00:02.5+00:00</time></trkpt>'
    )
    path = csv(tmp_path, GPX.format(points), "walk.gpx")
    track = read_tracks([path])
    assert track.names == ["walk"]
    assert (track.time_us - MOMENT_US).tolist() == [0, 2_500_000]
    np.testing.assert_array_equal(track.speed_mps, [1.5, np.nan])
    assert [str(line) for line in track.bad] == [
        f"{path}, track point 2: has no time",
        f"{path}, track point 3: lon '200' is not within -180 to 180",
        f"{path}, track point 4: time 'yesterday' is not RFC 3339 with an offset",
    ]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "device,time,lat,lon\n", "has no fixes"),
        ("a.csv", "device,when,lat\na,1,2\n", "has no column time, lon"),
        ("a.gpx", "", "is not GPX: no element found"),
        ("a.gpx", "<gpx><trk>", "is not GPX: no element found"),
        ("a.gpx", "<gpx></gpx>", "has no track points"),
        ("a.gpx", GPX.format('<trkpt lat="1" lon="1"/>'), "has track points, but none with a time"),
        ("a.gpx", '<!DOCTYPE g [<!ENTITY x "y">]><gpx>&x;</gpx>', "is not GPX: EntitiesForbidden"),
    ],
)
def test_a_file_without_a_track_is_refused_by_name(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    path = csv(tmp_path, text, name)
    with pytest.raises(TrackFileError) as refused:
        read_tracks([path])
    assert str(refused.value).startswith(f"{path} {why}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["none.csv", "none.gpx", ""])
def test_a_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(TrackFileError) as refused:
        read_tracks([path])
    assert str(refused.value).startswith(f"{path} cannot be read: ")
    assert "\n" not in str(refused.value)
