"""GeoJSON (RFC 7946) with times: points, and lines with a time for each of their positions.

GeoJSON itself has no time. A Point's is looked for in its properties under TIME_NAMES; those of a
LineString in `coordTimes` or `coordinateProperties.times` (togeojson) or in `datetimes` (OGC
MF-JSON Trajectory), those of an MF-JSON MovingPoint in its `temporalGeometry`. Positions are
longitude, latitude and perhaps altitude; other properties in metres, m/s, degrees, percent.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ingest.decoders import fields, jsontext, stamp
from ingest.decoders.elements import each
from ingest.decoders.fields import Fields
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

TIME_NAMES: Final = ("time", "timestamp", "datetime", "when", "tst", "time_long")
"""Properties that may hold a Point's time, in this order: ISO 8601, seconds or milliseconds."""

_NOTHING: Final[Fields] = {}


class _Row(NamedTuple):
    """One position with its time, as found; `fault` instead where there is none to be found."""

    position: object
    time: object
    properties: Fields
    fault: str | None = None


_NO_PLACE: Final = _Row(None, None, _NOTHING)
"""What a Feature whose geometry is null gives, as RFC 7946 allows (3.2): no fix, and no fault."""


def decode(payload: bytes, received_us: int) -> Decoded:  # noqa: ARG001 (every position has its time)
    """Read the positions of a Feature, a list of Features or a FeatureCollection.

    Their index counts positions: a line has one for each of its own, a Feature without geometry
    one. Raises DecodeError for what is no GeoJSON of Features.
    """
    rows = (row for feature in _features(payload) for row in _rows(feature))
    return each(rows, _fix)


def _features(payload: bytes) -> Sequence[object]:
    whole = jsontext.parse(payload, "GeoJSON")
    if isinstance(whole, list):
        return whole
    if isinstance(whole, dict):
        features = whole.get("features")
        if isinstance(features, list):
            return features
        if whole.get("type") == "Feature":
            return [whole]
    message = "the message is not a GeoJSON Feature or FeatureCollection"
    raise DecodeError(message)


def _rows(feature: object) -> Iterator[_Row]:
    """Yield the positions of one Feature, or one row that says what is wrong with it."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        yield _fault("expected a Feature")
        return
    properties = feature.get("properties") or _NOTHING
    if not isinstance(properties, dict):
        yield _fault("properties: expected an object")
        return
    moving = feature.get("temporalGeometry")
    if isinstance(moving, dict) and moving.get("type") == "MovingPoint":
        yield from _paired(moving.get("coordinates"), moving.get("datetimes"), properties)
        return
    yield from _placed(feature.get("geometry"), properties)


def _placed(geometry: object, properties: Fields) -> Iterator[_Row]:
    if geometry is None:
        yield _NO_PLACE
        return
    if not isinstance(geometry, dict):
        yield _fault("geometry: expected an object")
        return
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Point":
            time = next((properties[name] for name in TIME_NAMES if name in properties), None)
            yield _Row(coordinates, time, properties)
        case "LineString" | "MultiPoint":
            yield from _paired(coordinates, _times(properties), properties)
        case "MultiLineString":
            yield from _lines(coordinates, _times(properties), properties)
        case _:
            yield _fault("geometry: neither a point nor a line")


def _times(properties: Fields) -> object:
    of_coordinates = properties.get("coordinateProperties")
    if isinstance(of_coordinates, dict) and "times" in of_coordinates:
        return of_coordinates["times"]
    return next((properties[n] for n in ("coordTimes", "datetimes") if n in properties), None)


def _lines(coordinates: object, times: object, properties: Fields) -> Iterator[_Row]:
    """Yield the positions of several lines, of which each has its own list of times."""
    if not isinstance(coordinates, list) or not isinstance(times, list):
        yield _fault("a line needs a time for each of its positions, as coordTimes")
    elif len(coordinates) != len(times):
        yield _fault(f"{len(coordinates)} lines, but times for {len(times)}")
    else:
        for line, of_line in zip(coordinates, times, strict=True):
            yield from _paired(line, of_line, properties)


def _paired(coordinates: object, times: object, properties: Fields) -> Iterator[_Row]:
    """Yield positions with their times; none if the two differ in number: all would be doubtful."""
    if not isinstance(coordinates, list) or not isinstance(times, list):
        yield _fault("a line needs a time for each of its positions, as coordTimes")
    elif len(coordinates) != len(times):
        yield _fault(f"{len(coordinates)} positions, but {len(times)} times")
    else:
        # A speed or an accuracy beside a line is not that of each of its positions.
        shared = {name: properties[name] for name in ("device", "device_id") if name in properties}
        for position, time in zip(coordinates, times, strict=True):
            yield _Row(position, time, shared)


def _fault(sentence: str) -> _Row:
    return _Row(None, None, _NOTHING, sentence)


def _fix(row: _Row) -> Fix | None:
    if row is _NO_PLACE:
        return None
    if row.fault is not None:
        raise ValueError(row.fault)
    lon, lat, height = _position(row.position)
    if row.time is None:
        message = f"time: missing; expected one of the properties {', '.join(TIME_NAMES)}"
        raise ValueError(message)
    said = row.properties
    return Fix(
        time_us=stamp.read(row.time),
        lat=lat,
        lon=lon,
        accuracy_m=fields.positive(said, "accuracy_m", "accuracy", "horizontal_accuracy"),
        speed_mps=fields.unsigned(said, "speed_mps", "speed"),
        heading_deg=fields.unsigned(said, "heading_deg", "bearing", "course", "heading"),
        altitude_m=height if height is not None else fields.number(said, "altitude_m", "altitude"),
        battery_pct=fields.unsigned(said, "battery_pct"),
        device=fields.text(said, "device", "device_id"),
        event=fields.text(said, "event"),
    )


def _position(coordinates: object) -> tuple[float, float, float | None]:
    """Give longitude, latitude and, where it is there, altitude; text is no coordinate here."""
    if isinstance(coordinates, list) and not any(isinstance(c, str) for c in coordinates[:2]):
        numbers = [fields.as_number(value) for value in coordinates[:3]]
        match numbers:
            case [float() as lon, float() as lat]:
                return lon, lat, None
            case [float() as lon, float() as lat, height]:
                return lon, lat, height
    message = "coordinates: expected longitude and latitude"
    raise ValueError(message)
