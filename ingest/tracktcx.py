"""Track points out of TCX files, the Garmin Training Center Database, version 2."""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from ingest.trackpoints import Found, Point, moment_of, number, place_fault
from ingest.tracksource import Source
from ingest.trackxml import parts, texts

WHOLE: Final = ("Trackpoint",)


def tcx_points(source: Source) -> Iterator[Found]:
    """Yield the track points of a TCX file; None for those without a place, as in a pause.

    Speed (m/s) is that of Garmin's extension, `TPX/Speed`. Raises TrackFileError where the file is
    not TCX, after the points before.
    """
    for part in parts(source, "TCX", WHOLE):
        yield _point(part.element)


def _point(element: Element) -> Found:
    said = texts(element)
    place = said.get("LatitudeDegrees", ""), said.get("LongitudeDegrees", "")
    if not any(place):
        return None
    lat, lon = number(place[0]), number(place[1])
    fault = place_fault(lat, lon, place)
    if fault:
        return fault
    time_us = moment_of(said.get("Time", ""), "TCX")
    if isinstance(time_us, str):
        return time_us
    speed, altitude = number(said.get("Speed")), number(said.get("AltitudeMeters"))
    return Point(time_us, lat, lon, speed_mps=speed, altitude_m=altitude)
