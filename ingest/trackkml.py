"""Timed points out of KML files: tracks (gx:Track, Track of KML 2.3) and points with a time stamp.

https://developers.google.com/kml/documentation/kmlreference
"""

from array import array
from collections.abc import Iterator, Sequence
from math import inf, isinf, isnan
from typing import Final

from ingest.tracklines import SHOWN
from ingest.trackpoints import NAN, Found, Point, moment_of, number, place_fault
from ingest.tracksource import Source, TrackFileError
from ingest.trackxml import Part, parts, texts

# A view has a time stamp of its own, which is not when the device was there.
WHOLE: Final = ("when", "coord", "Point", "TimeStamp", "LookAt", "Camera")
ENDS: Final = ("Track", "Placemark")
MOST_WAITING: Final = 2_000_000  # times of one track before their places: weeks at one a second
AXES: Final = 3  # longitude, latitude, altitude


def kml_points(source: Source) -> Iterator[Found]:
    """Yield the points of a KML file that have a time, and what is wrong with some.

    A track's times and places are paired by their order; where it has more of one than of the
    other, each that is left over is wrong, and a place that is empty is none. Lines and points
    without a time are no fixes. Raises TrackFileError where the file is not KML, after the points
    before.
    """
    track, placemark = _Track(), _Placemark()
    for part in parts(source, "KML", WHOLE, ENDS):
        if part.parent == "Track" and part.name in {"when", "coord"}:
            track.add(part)
            if track.waiting > MOST_WAITING:
                message = f"{source.path} has a track of more than {MOST_WAITING} points"
                raise TrackFileError(message)
        elif part.name == "Track":
            yield from track.points()
            track = _Track()
        elif part.name == "Placemark":
            yield from placemark.points()
            placemark = _Placemark()
        else:
            placemark.add(part)


class _Track:
    """Times and places, kept narrow: all times may come before the first place."""

    def __init__(self) -> None:
        self._times = array("q")  # microseconds
        self._faults: dict[int, str] = {}  # by position in `_times`
        self._places = array("d")  # longitude, latitude, altitude

    @property
    def waiting(self) -> int:
        return max(len(self._times), len(self._places) // AXES)

    def add(self, part: Part) -> None:
        text = (part.element.text or "").strip()
        if part.name == "when":
            time_us = moment_of(text, "KML")
            if isinstance(time_us, str):
                # What is told one by one is quoted; what is only counted need not be.
                many = len(self._faults) >= SHOWN
                self._faults[len(self._times)] = "has no time that can be read" if many else time_us
                time_us = 0
            self._times.append(time_us)
        else:
            self._places.extend(_axes(text.split()))

    def points(self) -> Iterator[Found]:
        for position in range(self.waiting):
            yield self._point(position)

    def _point(self, position: int) -> Found:
        place = self._places[AXES * position : AXES * (position + 1)]
        if position >= len(self._times):
            return "has a place, but the track has no time for it"
        if not place:
            return "has a time, but the track has no place for it"
        return _found(self._faults.get(position) or self._times[position], place)


class _Placemark:
    """A point and the time that it is stamped with."""

    def __init__(self) -> None:
        self._when = ""
        self._place = ""

    def add(self, part: Part) -> None:
        if part.name == "TimeStamp" and part.parent == "Placemark":  # folders may have one, too
            self._when = texts(part.element).get("when", "")
        elif part.name == "Point":
            self._place = texts(part.element).get("coordinates", "")

    def points(self) -> Iterator[Found]:
        if self._when and self._place:
            yield _found(moment_of(self._when, "KML"), _axes(self._place.split(",")))


def _axes(said: Sequence[str]) -> list[float]:
    """Give longitude, latitude and altitude: all NaN where nothing is said, inf what is wrong."""
    if not said:
        return [NAN] * AXES
    place = [number(axis) for axis in said[:AXES]]
    return [inf if isnan(axis) else axis for axis in place] + [inf, inf, NAN][len(place) :]


def _found(time_us: int | str, place: Sequence[float]) -> Found:
    lon, lat, altitude_m = place
    if isnan(lon):
        return None
    if isinf(lon) or isinf(lat):
        return "has a place that is no pair of numbers"
    if fault := place_fault(lat, lon):
        return fault
    if isinstance(time_us, str):
        return time_us
    return Point(time_us, lat, lon, altitude_m=altitude_m)
