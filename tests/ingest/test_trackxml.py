"""Points of GPX, TCX and KML, and XML that would take memory without end."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trackmaking import BEGIN_US, WALK, gpx, kml, kml_track, stamps, tcx, tcx_point

from ingest.trackfiles import TrackFile, read_tracks
from ingest.trackread import read_blocks
from ingest.tracksource import TrackFileError, open_track

SECOND_US = 1_000_000


def read(folder: Path, text: str | bytes, name: str = "walk.xml") -> TrackFile:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_tracks([path])


def seconds(track: TrackFile) -> list[float]:
    return [(time_us - BEGIN_US) / SECOND_US for time_us in track.time_us.tolist()]


@pytest.mark.parametrize("make", [gpx, tcx, kml])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_walk_is_the_same_in_every_kind_whatever_its_name(
    tmp_path: Path, make: object, encoding: str
) -> None:
    assert callable(make)
    text = make().replace('encoding="UTF-8"', "")
    track = read(tmp_path, text.encode(encoding))
    assert track.names == ["walk"]
    assert seconds(track) == list(range(len(WALK)))
    assert list(zip(track.lat, track.lon, strict=True)) == WALK
    assert (track.bad, track.unread) == ([], [])


def test_speed_course_and_height_come_from_gpx_of_either_version_and_extensions(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.gpx"
    path.write_text(
        "<gpx><trk><trkseg>"
        '<trkpt lat="1" lon="2"><ele>7</ele><time>2020-01-01T00:00:00Z</time><speed>1.5</speed>'
        "<course>90</course></trkpt></trkseg><trkseg>"
        '<trkpt lat="1" lon="2"><time>2020-01-01T00:00:01Z</time><extensions>'
        '<x:TrackPointExtension xmlns:x="urn:x"><x:speed>2</x:speed><x:bearing>180</x:bearing>'
        "<x:time>yesterday</x:time></x:TrackPointExtension></extensions></trkpt>"
        "</trkseg></trk></gpx>"
    )
    with open_track(path) as source:
        (block,) = read_blocks(source, "a")
    columns = block.rows.select("speed_mps", "heading_deg", "altitude_m")
    np.testing.assert_array_equal(columns.to_numpy(), [[1.5, 90, 7], [2, 180, np.nan]])
    assert block.bad_count == 0


def test_a_pause_in_tcx_is_passed_over_and_times_need_an_offset(tmp_path: Path) -> None:
    speed = '<Extensions><n:TPX xmlns:n="urn:n"><n:Speed>1.25</n:Speed></n:TPX></Extensions>'
    points = [
        tcx_point("2020-01-01T00:00:00Z", (51.5, 0), speed),
        tcx_point("2020-01-01T00:00:01Z", None),
        tcx_point("2020-01-01T01:00:02.5+01:00", (51.5, 0)),
        tcx_point("2020-01-01T00:00:03", (51.5, 0)),
        tcx_point("", (51.5, 0)),
        tcx_point("2020-01-01T00:00:05Z", (151.5, 0)),
    ]
    track = read(tmp_path, tcx(points))
    assert seconds(track) == [0, 2.5]
    np.testing.assert_array_equal(track.speed_mps, [1.25, np.nan])
    assert [(line.place, line.reason) for line in track.bad] == [
        ("track point 4", "time '2020-01-01T00:00:03' has no offset from UTC"),
        ("track point 5", "has no time"),
        ("track point 6", "lat '151.5' is not within -90 to 90"),
    ]


@pytest.mark.parametrize("prefix", ["gx:", ""])
def test_times_and_places_of_a_kml_track_are_paired_and_what_is_left_over_told(
    tmp_path: Path, prefix: str
) -> None:
    whens = [*stamps(3), "2020-01", *stamps(6)[4:]]
    coords = ["1 51", "", "1 51 3", "1 51", "1 x", "200 51"]
    tracks = kml_track(whens, coords, prefix) + kml_track(stamps(2), ["2 52"], prefix)
    track = read(tmp_path, kml(f"<Placemark><gx:MultiTrack>{tracks}</gx:MultiTrack></Placemark>"))
    assert seconds(track) == [0, 2, 0]
    assert track.lat.tolist() == [51, 51, 52]
    assert [(line.place, line.reason) for line in track.bad] == [
        ("point 4", "time '2020-01' is not a date and time as KML has them"),
        ("point 5", "has a place that is no pair of numbers"),
        ("point 6", "lon 200 is not within -180 to 180"),
        ("point 8", "has a time, but the track has no place for it"),
    ]
    lone = read(tmp_path, kml(kml_track(stamps(1), ["1 51", "2 52"], prefix)))
    assert [line.reason for line in lone.bad] == ["has a place, but the track has no time for it"]


def test_points_of_kml_count_by_their_own_time_stamp_and_lines_do_not(tmp_path: Path) -> None:
    point = "<Point><coordinates>1,51,7</coordinates></Point>"
    view = "<LookAt><gx:TimeStamp><when>2001-01-01T00:00:00Z</when></gx:TimeStamp></LookAt>"
    stamp = "<TimeStamp><when>2020-01-01T00:00:07Z</when></TimeStamp>"
    line = "<LineString><coordinates>1,51 2,52</coordinates></LineString>"
    inside = [point, view + stamp + point, view + point, stamp + line, point + stamp]
    marks = "".join(f"<Placemark>{one}</Placemark>" for one in inside)
    track = read(tmp_path, kml(f"<Folder>{stamp}{marks}</Folder>"))
    assert seconds(track) == [7, 7]
    assert track.bad == []


BOMB = '<!DOCTYPE g [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("root", ["gpx", "TrainingCenterDatabase", "kml"])
@pytest.mark.parametrize(
    ("before", "inside", "why"),
    [
        (BOMB, "&b;", "it has a document type, which is not read"),
        ('<!DOCTYPE g SYSTEM "file:///etc/passwd">', "", "it has a document type"),
        ("", "<a>" * 200, "nested too deeply"),
        ("", "<trkpt><Trackpoint><Point>" + "<a/>" * 2000, "one has too many in it"),
        ("", "x" * (5 << 20), "are without a tag"),
        ("", f"<!--{'x' * (5 << 20)}-->", "are without a tag"),
        ("", "<a><b></a>", "mismatched tag"),
        ('<?xml version="1.0" encoding="klingon"?>', "", "unknown encoding"),
    ],
    ids=["entities", "outside", "deep", "parts", "text", "comment", "tags", "encoding"],
)
def test_xml_that_is_an_attack_or_none_is_refused(
    tmp_path: Path, root: str, before: str, inside: str, why: str
) -> None:
    with pytest.raises(TrackFileError, match=why):
        read(tmp_path, f"{before}<{root}>{inside}</{root}>")


def test_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.gpx"
    waypoint = '<wpt lat="1" lon="1"><name>x</name></wpt>' + "\n" * 50
    path.write_text(gpx().replace("<trk>", waypoint * 40_000 + "<trk>"))
    tracemalloc.start()
    try:
        with open_track(path) as source:
            found = sum(len(block.rows) for block in read_blocks(source, "a"))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert found == len(WALK)


SAMPLES = (gpx(), tcx(), kml())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(SAMPLES),
    st.floats(0, 1),
    st.one_of(
        st.binary(max_size=8), st.sampled_from([b"<", b">", b"&", b"NaN", b'"', b"</trkpt>"])
    ),
    st.integers(0, 40),
)
def test_xml_with_anything_in_it_is_no_other_error(
    tmp_path: Path, text: str, share: float, put: bytes, over: int
) -> None:
    at = round(share * len(text))
    content = text.encode()
    try:
        track = read(tmp_path, content[:at] + put + content[at + over :])
    except TrackFileError:
        return
    assert len(track.time_us) <= len(WALK) + 1
