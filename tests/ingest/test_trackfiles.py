"""Tracks out of CSV and GPX files, and every line that cannot be read named."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.trackfiles import TrackFixes, Tracks, read_tracks
from ingest.trackread import read_blocks
from ingest.tracksource import TrackFileError, open_track

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


def test_course_and_height_are_read_and_none_too_bad_to_cost_its_line(tmp_path: Path) -> None:
    path = csv(tmp_path, "altitude_m,time,lat,lon,heading_deg\nhigh,0,51,0,90\n7,1,51,0,\n")
    with open_track(path) as source:
        (block,) = read_blocks(source, "a")
    assert (block.bad_count, block.rows["device"].to_list()) == (0, ["a", "a"])
    columns = block.rows.select("heading_deg", "altitude_m").to_numpy()
    np.testing.assert_array_equal(columns, [[90.0, np.nan], [np.nan, 7.0]])


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
    unread = "is neither RFC 3339 with an offset nor seconds or milliseconds since 1970"
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
        f"{path}, track point 4: time 'yesterday' is not a date and time as GPX has them",
    ]


def test_gpx_times_without_an_offset_are_utc_and_a_date_alone_is_none(tmp_path: Path) -> None:
    point = '<trkpt lat="51" lon="0"><time>{}</time></trkpt>'
    times = ("2020-01-01T00:00:01", "2020-01-01T02:00:02+02:00", "2020-01-01")
    path = csv(tmp_path, GPX.format("".join(map(point.format, times))), "walk.gpx")
    track = read_tracks([path])
    assert (track.time_us - MOMENT_US).tolist() == [1_000_000, 2_000_000]
    assert [line.place for line in track.bad] == ["track point 3"]


def test_gpx_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    point = '<trkpt lat="51" lon="0"><time>2020-01-01T00:00:00Z</time></trkpt>'
    paths = []
    for name in ("mon/late/walk.gpx", "tue/late/walk.gpx", "tue/early/walk.gpx", "tue/ride.gpx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        paths.append(csv(tmp_path, GPX.format(point), name))
    track = read_tracks(paths)
    assert [track.names[i] for i in track.device] == [
        "mon/late/walk",
        "tue/late/walk",
        "early/walk",
        "ride",
    ]


def test_a_file_that_is_named_twice_is_read_once_and_told(tmp_path: Path) -> None:
    one, two = csv(tmp_path, GOOD, "one.csv"), csv(tmp_path, GOOD, "two.csv")
    again = tmp_path / "folder" / ".." / "one.csv"
    tracks, fixes = in_blocks([one, two, again], 1000)
    assert tracks.twice == [one]
    assert len(fixes) == 4
    assert tracks.backwards == []
    assert tracks.bytes_read == tracks.bytes_in_all


def test_names_that_are_not_utf_8_never_become_one(tmp_path: Path) -> None:
    path = tmp_path / "track.csv"
    path.write_bytes(
        "device,time,lat,lon,größe\nJörg,0,51,0,\n".encode("latin-1")
        + b"J\xfcrg,1,51,0,\na,2,51,0,\nJ\xf6rg,noon,51,0,\na,x,51,0,\n"
    )
    for block_bytes in (10, 1000):
        tracks, fixes = in_blocks([path], block_bytes)
        assert (tracks.names, fixes["time_us"].tolist()) == (["a"], [2_000_000])
        assert [(line.place, line.reason) for line in tracks.bad.shown[:3]] == [
            (f"line {line}", "is not UTF-8") for line in (2, 3, 5)
        ]
        assert [line.place for line in tracks.bad.shown[3:]] == ["line 6"]
        assert tracks.bad.count == 4


def test_gpx_files_whose_names_are_not_utf_8_are_told_apart(tmp_path: Path) -> None:
    point = '<trkpt lat="51" lon="0"><time>2020-01-01T00:00:00Z</time></trkpt>'
    names = [b"J\xf6rg.gpx", b"J\xfcrg.gpx", "J\u00f6rg.gpx".encode()]
    paths = [csv(tmp_path, GPX.format(point), os.fsdecode(name)) for name in names]
    assert sorted(read_tracks(paths).names) == ["J\\xf6rg", "J\\xfcrg", "J\u00f6rg"]


@pytest.mark.parametrize("rows", [10, 100_000])
def test_of_a_line_too_long_the_neighbours_are_used_wherever_it_lies(
    tmp_path: Path, rows: int
) -> None:
    good = "".join(f"a,{second},51,0\n" for second in range(rows))
    long = f"a,{rows},51,{'x' * (2 << 20)}\n"
    path = csv(tmp_path, f"device,time,lat,lon\n{good}{long}{good}")
    for block_bytes in (1 << 20, 4 << 20):
        tracks, fixes = in_blocks([path], block_bytes)
        assert len(fixes) == 2 * rows
        assert [str(line) for line in tracks.bad.shown] == [
            f"{path}, line {rows + 2}: is longer than 1 MiB"
        ]


def test_a_first_line_too_long_is_told(tmp_path: Path) -> None:
    path = csv(tmp_path, "x" * (2 << 20) + "\n" + GOOD)
    with pytest.raises(TrackFileError, match=f"{path}, line 1: is longer than 1 MiB"):
        read_tracks([path])


def test_values_are_quoted_no_longer_than_they_help(tmp_path: Path) -> None:
    long, shown = "9" * 5000, "9" * 60 + "\u2026"
    path = csv(
        tmp_path,
        "device,time,lat,lon,accuracy_m\na,0,51,0,\n"
        f"a,{long},51,0,\na,0,{long},0,\na,0,51,0,x{long}\n",
    )
    points = (
        '<trkpt lat="51" lon="0"><time>2020-01-01T00:00:00Z</time></trkpt>'
        f'<trkpt lat="51" lon="0"><time>{long}</time></trkpt><trkpt lat="51" lon="{long}"/>'
    )
    other = csv(tmp_path, GPX.format(points), "walk.gpx")
    reasons = [line.reason for line in read_tracks([path, other]).bad]
    assert [reason.partition(" is ")[0] for reason in reasons] == [
        f"time '{shown}'",
        f"lat '{shown}'",
        f"accuracy_m 'x{shown[1:]}'",
        f"time '{shown}'",
        f"lon '{shown}'",
    ]


def test_milliseconds_are_told_from_seconds_by_how_many_they_are(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "device,time,lat,lon\na,1577836800125,51,0\na,1577836801,51,0\na,99999999999,51,0\n"
        "a,1577836800125000,51,0\n",
    )
    track = read_tracks([path])
    assert (track.time_us - MOMENT_US).tolist()[:2] == [125_000, 1_000_000]
    assert track.time_us[2] == 99_999_999_999_000_000
    assert [line.place for line in track.bad] == ["line 5"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_numbers_with_a_decimal_comma_are_read_where_no_comma_parts_the_fields(
    tmp_path: Path, separator: str
) -> None:
    lines = (
        "device;time;lat;lon;accuracy_m",
        "a;0,25;53,4;-2,9;7,5",
        'a;1;"53,5";-2.9;',
        "a;2;5,3,4;-2,9;",
        "a;3;91,5;-2,9;",
    )
    path = csv(tmp_path, "\n".join(lines).replace(";", separator))
    track = read_tracks([path])
    assert track.time_us.tolist() == [250_000, 1_000_000]
    assert (track.lat.tolist(), track.lon.tolist()) == ([53.4, 53.5], [-2.9, -2.9])
    np.testing.assert_array_equal(track.accuracy_m, [7.5, np.nan])
    assert [line.reason for line in track.bad] == [
        "lat '5,3,4' is not a number",
        "lat '91,5' is not within -90 to 90",
    ]


def test_a_quoted_decimal_comma_between_commas_is_told_as_no_number(tmp_path: Path) -> None:
    path = csv(tmp_path, 'device,time,lat,lon\na,0,"53,4","-2,9"\na,1,53.4,-2.9\n')
    assert [line.reason for line in read_tracks([path]).bad] == ["lat '53,4' is not a number"]


def test_gpsloggers_own_columns_are_read_and_those_of_nobody_named(tmp_path: Path) -> None:
    logger = "time,lat,lon,elevation,accuracy,bearing,speed,satellites,provider,hdop"
    row = "2020-01-01T00:00:01.000Z,51,0,42.5,7,90,1.5,9,gps,"
    wanted = ("accuracy_m", "speed_mps", "heading_deg", "altitude_m")
    unknown = logger.replace("provider", "source")  # of such a speed nobody knows the unit
    for header, values, passed_over in (
        (logger, [7, 1.5, 90, 42.5], ["satellites", "provider", "hdop"]),
        (unknown, [np.nan] * 4, unknown.split(",")[3:]),
    ):
        path = csv(tmp_path, f"{header}\n{row}\n")
        with open_track(path) as source:
            (block,) = read_blocks(source, "a")
        np.testing.assert_array_equal(block.rows.select(wanted).row(0), values)
        assert source.passed_over == passed_over


def test_gpx_files_whose_names_differ_in_the_ending_alone_are_told_apart(tmp_path: Path) -> None:
    point = '<trkpt lat="51" lon="0"><time>2020-01-01T00:00:00Z</time></trkpt>'
    paths = [csv(tmp_path, GPX.format(point), name) for name in ("a.gpx", "a.GPX")]
    assert read_tracks(paths).names == ["a.GPX", "a.gpx"]


def test_quoted_fields_may_hold_separators_and_quotes(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        'device,time,lat,lon\n"Smith, J",0,51,0\n"Anne ""Q"" Ray", 1,"51",0\n'
        '"Smith, J,2,51,0\n"Smith, J",3,51,0\n',
    )
    track = read_tracks([path])
    assert track.names == ['Anne "Q" Ray', "Smith, J"]
    assert track.time_us.tolist() == [0, 1_000_000, 3_000_000]
    assert [line.place for line in track.bad] == ["line 4"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_of_many_programs_are_read(
    tmp_path: Path, separator: str, ending: str
) -> None:
    lines = ["\ufeffdevice,time,lat,lon,accuracy_m", "a,0,51,-1,", "a,1,51,-1,5", "a,x,51,-1,5", ""]
    path = tmp_path / "track.csv"
    path.write_bytes(ending.join(lines).replace(",", separator).encode())
    track = read_tracks([path])
    assert track.time_us.tolist() == [0, 1_000_000]
    np.testing.assert_array_equal(track.accuracy_m, [np.nan, 5.0])
    assert [line.place for line in track.bad] == ["line 4"]


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = csv(tmp_path, "device,time,lat,lon\n\na,0,51,0\n , ,,\n,,,\n\na,x,51,0\na,1,51,0\n\n")
    track = read_tracks([path])
    assert track.time_us.tolist() == [0, 1_000_000]
    assert [line.place for line in track.bad] == ["line 7"]


def test_a_line_with_more_fields_than_the_header_is_bad(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "device,time,lat,lon,accuracy_m\na,0,53,4,-2,9,5\na,1,53.4,-2.9,5\na,2,53,4,-2,\n",
    )
    track = read_tracks([path])
    assert track.time_us.tolist() == [1_000_000]
    assert [line.reason for line in track.bad] == [
        "has 7 fields, but the header only 5",
        "has 6 fields, but the header only 5",
    ]


def test_a_file_that_is_no_use_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    good = csv(tmp_path, "device,time,lat,lon\na,0,51,0\n", "good.csv")
    empty = csv(tmp_path, "", "empty.csv")
    bad = csv(tmp_path, "device,time,lat,lon\na,x,51,0\na,y,51,0\n", "bad.csv")
    track = read_tracks([empty, good, bad, tmp_path / "none.gpx"])
    unread = "is neither RFC 3339 with an offset nor seconds or milliseconds since 1970"
    assert track.names == ["a"]
    assert track.bad == []
    assert [str(file).partition(tmp_path.name)[2] for file in track.unread] == [
        "/empty.csv is empty",
        f"/bad.csv: none of its 2 lines can be read; line 2: time 'x' {unread}",
        "/none.gpx cannot be read: No such file or directory",
    ]
    with pytest.raises(TrackFileError, match=r"empty\.csv is empty\n.*none of its 2 lines"):
        read_tracks([empty, bad])


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "device,time,lat,lon\n", "has no fixes"),
        ("a.csv", "device,time,lat,lon\n\n,,,\n", "has no fixes"),
        (
            "a.csv",
            "device,when,lat\na,1,2\n",
            "has no column time, lon; its first line names: device, when, lat",
        ),
        ("a.gpx", "PK\x03\x04", "is a ZIP archive that cannot be read"),
        ("a.csv", "device,time,lat,lon,lat\na,1,2,3,4\n", "has more than one column lat"),
        ("a.csv", "device,time,lat,lon, LAT\na,1,2,3,4\n", "has more than one column lat"),
        ("a.csv", "device,time,lat,lon\na,1,2,x\n", "its only line cannot be read; line 2: "),
        ("a.gpx", "", "is not GPX: no element found"),
        ("a.gpx", "<gpx><trk>", "breaks off in line 1"),
        ("a.gpx", "<gpx><trk>\n</gpx>", "is not GPX: mismatched tag"),
        ("a.gpx", "<gpx></gpx>", "has no track points"),
        ("a.gpx", GPX.format('<trkpt lat="1" lon="1"/>'), "its only track point cannot be read"),
        ("a.gpx", GPX.format('<trkpt lat="1" lon="x"/>'), "its only track point cannot be read"),
        (
            "a.gpx",
            '<!DOCTYPE g [<!ENTITY x "y">]><gpx>&x;</gpx>',
            "is not GPX: it has a document type",
        ),
    ],
)
def test_a_file_without_a_track_is_refused_by_name(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    path = csv(tmp_path, text, name)
    with pytest.raises(TrackFileError) as refused:
        read_tracks([path])
    assert str(refused.value).removeprefix(str(path)).lstrip(": ").startswith(why)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["none.csv", "none.gpx", ""])
def test_a_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(TrackFileError) as refused:
        read_tracks([path])
    assert str(refused.value).startswith(f"{path} cannot be read: ")
    assert "\n" not in str(refused.value)


def in_blocks(paths: list[Path], block_bytes: int) -> tuple[Tracks, TrackFixes]:
    tracks = Tracks(paths, block_bytes)
    return tracks, np.concatenate(list(tracks.blocks()))


GOOD = 'device,time,lat,lon\na,0,1,2\n"b",1,1,2\n'
TEXTS = ["", "a", '"a"', '"a;b"', '"a""b"', 'a"b', '"', " 7", "51", "1e3", "x", "\u20ac"]
TIMES = ["2020-01-01T00:00:00Z", '"2020-01-01 00:00:01.5+01:00"', "2020-01-01t00:00:00z"]
FIELDS = st.sampled_from([*TEXTS, *TIMES])
LINES = st.lists(FIELDS, max_size=6).map(";".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 60))
def test_files_say_the_same_in_blocks_of_any_size(
    tmp_path: Path, lines: list[str], ending: str, block_bytes: int
) -> None:
    path = tmp_path / "track.csv"
    text = ending.join(["device;time;lat;lon;accuracy_m", "a;0;51;0;5", *lines])
    path.write_bytes(text.encode())
    whole, fixes = in_blocks([path], len(text.encode()) + 1)
    found, same = in_blocks([path], block_bytes)
    assert found.names == whole.names
    assert repr(same.tolist()) == repr(fixes.tolist())
    assert (found.bad, found.backwards) == (whole.bad, whole.backwards)
    assert found.bytes_read == found.bytes_in_all == path.stat().st_size


def test_times_that_go_backwards_are_told_by_file_and_first_line(tmp_path: Path) -> None:
    one = csv(
        tmp_path,
        "device,time,lat,lon\na,5,1,2\nb,1,1,2\nc,x,1,2\na,4,1,2\n\na,3,1,2\nb,1,1,2\n",
        "one.csv",
    )
    two = csv(tmp_path, GOOD, "two.csv")
    points = "".join(
        f'<trkpt lat="3" lon="4"><time>1970-01-01T00:00:0{s}Z</time></trkpt>' for s in (3, 4, 2)
    )
    three = csv(tmp_path, GPX.format(points), "three.gpx")
    tracks, fixes = in_blocks([one, two, three], 20)
    assert [str(file) for file in tracks.backwards] == [
        f"{one}, line 5: time goes backwards here, and 1 more after it",
        f"{three}, track point 3: time goes backwards here",
    ]
    assert len(fixes) == 5 + 2 + 3


def test_of_a_file_broken_off_what_comes_before_is_used(tmp_path: Path) -> None:
    good = csv(tmp_path, GOOD, "good.csv")
    point = '<trkpt lat="3" lon="4"><time>1970-01-01T00:00:01Z</time></trkpt>'
    cut = csv(tmp_path, GPX.format(point * 3 + '<trkpt lat="3"').partition("</trkseg>")[0], "a.gpx")
    tracks, fixes = in_blocks([cut, good], 1000)
    assert fixes["time_us"].tolist() == [1_000_000] * 3 + [0, 1_000_000]
    assert tracks.unread == []
    (broken,) = tracks.broken
    assert str(broken) == f"{cut} breaks off in line 4"
    assert tracks.bytes_read == tracks.bytes_in_all
    assert [str(file) for file in read_tracks([cut, good]).unread] == [str(broken)]


def test_a_hopeless_file_is_counted_and_its_first_lines_are_kept(tmp_path: Path) -> None:
    rows = "".join(f"a,noon,51,{i}\n" for i in range(500))
    path = csv(tmp_path, f"device,time,lat,lon\na,0,51,0\n{rows}")
    tracks, _ = in_blocks([path], 100)
    assert tracks.bad.count == 500
    assert [line.place for line in tracks.bad.shown] == [f"line {i}" for i in range(3, 103)]
