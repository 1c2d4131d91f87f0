"""Packed track files: what is in them, and what is too much."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trackmaking import WALK, csv, fit, gpx, kml, tcx

from ingest.trackfiles import Tracks, read_tracks
from ingest.tracksource import MOST_LISTED, TrackFileError, open_track

Make = Callable[[], str | bytes]
KINDS = [("csv", lambda: csv(device="a")), ("gpx", gpx), ("fit", fit), ("tcx", tcx), ("kml", kml)]


def content(make: Make) -> bytes:
    made = make()
    return made.encode() if isinstance(made, str) else made


def archive(method: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, inside in files.items():
            packed.writestr(name.replace("_", "."), inside)
    return file.getvalue()


def put(folder: Path, inside: bytes, name: str = "walk") -> Path:
    path = folder / name
    path.write_bytes(inside)
    return path


@pytest.mark.parametrize(("kind", "make"), KINDS)
def test_each_kind_is_told_by_its_content_packed_or_not(
    tmp_path: Path, kind: str, make: Make
) -> None:
    plain = content(make)
    for number, inside in enumerate([plain, gzip.compress(plain), archive(**{f"a_{kind}": plain})]):
        path = put(tmp_path, inside, f"{number}.data")
        with open_track(path) as source:
            assert source.kind == kind
        tracks = Tracks([path])
        assert sum(map(len, tracks.blocks())) == len(WALK)
        assert tracks.names == ["a" if kind == "csv" else str(number)]
        assert tracks.bytes_read >= tracks.bytes_in_all


def test_a_kmz_holds_a_track_beside_pictures_wherever_it_says_that_is(tmp_path: Path) -> None:
    files = {"images/../../../etc/flag.png": b"\x89PNG", "/../doc.kml": kml().encode()}
    path = put(tmp_path, archive(**files), "walk.kmz")
    before = set(tmp_path.parent.iterdir())
    assert len(read_tracks([path]).time_us) == len(WALK)
    assert set(tmp_path.parent.iterdir()) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (archive(a_gpx=gpx().encode(), b_gpx=gpx().encode()), "with 2 track files: unpack it"),
        (archive(xl_xml=b"<a/>"), "with no track file \\(of a workbook, save the sheet as CSV\\)"),
        (archive(a_gpx=gpx().encode())[:100], "that cannot be read: File is not a zip file"),
        (archive(a_gpx=archive(b_gpx=b"")), "is packed twice"),
        (archive(zipfile.ZIP_BZIP2, a_gpx=b"<gpx/>"), "'a.gpx' is neither stored nor deflated"),
        (gzip.compress(gzip.compress(csv().encode())), "is packed twice"),
        (b"\x1f\x8bnothing of the kind", "cannot be unpacked to its end"),
        (gzip.compress(b""), "is empty"),
    ],
    ids=lambda part: part if isinstance(part, str) else "what",  # a packed file holds the time
)
def test_what_is_packed_otherwise_is_refused(tmp_path: Path, inside: bytes, why: str) -> None:
    with pytest.raises(TrackFileError, match=why):
        read_tracks([put(tmp_path, inside)])


def test_an_archive_under_a_password_is_refused(tmp_path: Path) -> None:
    inside = bytearray(archive(a_gpx=gpx().encode()))
    listed = inside.rindex(b"PK\x01\x02")
    inside[6] |= 1
    inside[listed + 8] |= 1
    with pytest.raises(TrackFileError, match="password required"):
        read_tracks([put(tmp_path, bytes(inside))])


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: archive(a_csv=text)])
def test_a_bomb_is_used_until_it_bursts(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    line = b"a,2020-01-01T00:00:00Z,51,0\n"
    path = put(tmp_path, pack(b"device,time,lat,lon\n" + line + (b" " * 999 + b"\n") * (64 << 10)))
    assert path.stat().st_size < 1 << 20
    track = read_tracks([path])
    assert len(track.time_us) == 1
    (told,) = track.unread
    assert str(told) == f"{path} unpacks to more than 100 times its size"


def test_what_is_unpacked_is_bounded_where_it_is_to_be(tmp_path: Path) -> None:
    path = put(tmp_path, gzip.compress(csv(device="a").encode()))
    with open_track(path, most_bytes=60) as source:
        assert source.file.read() == b""
        assert "unpacks to more than 60 bytes" in str(source.fault)


def test_an_archive_that_claims_an_endless_list_is_not_read_into_memory(tmp_path: Path) -> None:
    inside = bytearray(archive(a_gpx=gpx().encode()) + bytes(MOST_LISTED + 100))
    listed = inside.rindex(b"PK\x01\x02")
    end = inside.rindex(b"PK\x05\x06")
    tail = inside[end : end + 22]
    tail[12:16] = (len(inside) - listed).to_bytes(4, "little")
    with pytest.raises(TrackFileError, match="its list of files is too long"):
        read_tracks([put(tmp_path, bytes(inside[:end] + inside[end + 22 :] + tail))])


def test_of_a_packed_file_cut_off_what_comes_before_is_used(tmp_path: Path) -> None:
    rows = "".join(f"a,{second},51.{second % 7919:04d},0\n" for second in range(20_000))
    packed = gzip.compress(f"device,time,lat,lon\n{rows}".encode())
    track = read_tracks([put(tmp_path, packed[: len(packed) // 2])])
    assert 5_000 < len(track.time_us) < 15_000
    assert "cannot be unpacked to its end" in str(track.unread[0])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x0e\x10\xd9\x07\x0f\x00\x00\x00.FIT", b"<gpx>"]
    ),
    st.binary(max_size=300),
    st.sampled_from(["", ".gpx", ".fit", ".kmz", ".tcx"]),
)
def test_random_bytes_are_refused_and_nothing_else(
    tmp_path: Path, begin: bytes, rest: bytes, ending: str
) -> None:
    with pytest.raises(TrackFileError):
        read_tracks([put(tmp_path, begin + rest, f"walk{ending}")])


PACKED = (archive(a_gpx=gpx().encode()), gzip.compress(gpx().encode()))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PACKED), st.integers(0, 2000), st.integers(0, 255))
def test_a_packed_file_with_a_byte_turned_is_no_other_error(
    tmp_path: Path, packed: bytes, position: int, byte: int
) -> None:
    turned = bytearray(packed)
    turned[position % len(packed)] = byte
    try:
        read_tracks([put(tmp_path, bytes(turned))])
    except TrackFileError:
        return
