"""Kinds of files, told by how they begin, else by their names."""

import time

import pytest

from ingest.trackkinds import BEGIN_BYTES, kind_of, known_binary, known_text


@pytest.mark.parametrize(
    ("begin", "ending", "kind"),
    [
        (b"device,time,lat,lon\n", "", "csv"),
        (b"device,time,lat,lon\n", ".txt", "csv"),
        (b"", ".GPX", "gpx"),
        (b"", ".kmz", "kml"),
        (b"\x0e\x10\xd9\x07\x00\x00\x00\x00.FIT", ".csv", "fit"),
        (
            b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!-- > <kml> --><gpx version='1.1'>",
            ".csv",
            "gpx",
        ),
        (b'<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "b">]><x:kml>', "", "kml"),
        (b"<TrainingCenterDatabase xmlns=''>", ".xml", "tcx"),
        (b"<svg>", "", "csv"),
        ("<gpx>".encode("utf-16"), "", "gpx"),
    ],
)
def test_the_begin_says_it_and_else_the_name(begin: bytes, ending: str, kind: str) -> None:
    assert kind_of(begin, ending) == kind


@pytest.mark.parametrize("part", [b"<!a>", b"<!-- -->", b"<?a?>", b"<!DOCTYPE []>", b" ", b"<!--"])
def test_no_begin_takes_long_to_tell(part: bytes) -> None:
    begin = (part * BEGIN_BYTES)[:BEGIN_BYTES]
    started = time.perf_counter()
    assert kind_of(begin, "") == "csv"
    assert time.perf_counter() - started < 0.1


def test_what_people_send_by_mistake_is_called_by_its_name() -> None:
    assert known_binary(b"SQLite format 3\x00") == "is a SQLite database, not a track"
    assert known_binary(b"time,lat,lon") is None
    assert known_text(b"  <svg>") == "is XML, but neither GPX, TCX nor KML"
    assert known_text(b"time,lat,lon") is None
