"""Track points out of GPX files of any version (https://www.topografix.com/GPX/1/1/)."""

from collections.abc import Iterator
from datetime import UTC
from typing import Final
from xml.etree.ElementTree import Element

from ingest.trackpoints import Found, Point, moment_of, number, place_fault
from ingest.tracksource import Source
from ingest.trackxml import parts, texts

# Kept whole, and so forgotten whole: the times of waypoints are not those of a track.
WHOLE: Final = ("trkpt", "rtept", "wpt")


def gpx_points(source: Source) -> Iterator[Found]:
    """Yield the track points of a GPX file, and what is wrong with some.

    Times without an offset are UTC, as GPX 1.1 has all times (schema, `wptType`). Speed (m/s) and
    course are those of GPX 1.0, or of extensions by whatever prefix. Where one segment ends and the
    next begins is not told: what happened between two fixes is judged by the time between them.
    Raises TrackFileError where the file is not GPX, after the points before.
    """
    for part in parts(source, "GPX", WHOLE):
        if part.name == "trkpt":
            yield _point(part.element)


def _point(element: Element) -> Found:
    place = element.get("lat", ""), element.get("lon", "")
    lat, lon = number(place[0]), number(place[1])
    fault = place_fault(lat, lon, place)
    if fault:
        return fault
    said = texts(element)
    time_us = moment_of(said.get("time", ""), "GPX", UTC)
    if isinstance(time_us, str):
        return time_us
    return Point(
        time_us,
        lat,
        lon,
        speed_mps=number(said.get("speed")),
        heading_deg=number(said.get("course") or said.get("bearing")),
        altitude_m=number(said.get("ele")),
    )
