"""Overland for iOS (https://github.com/aaronpk/Overland-iOS): batches of GeoJSON Features.

`{"locations": [...], "current": ..., "trip": ...}`; Overland for Android and GPSLogger's sender for
Dawarich post the same. Metres, m/s, degrees; a battery from 0 to 1; what is below 0 is unknown.
`current`, the newest point, comes beside a batch of older ones and is taken in like them: it comes
again in a later batch, and is a duplicate then. In its OwnTracks mode it posts OwnTracks' objects,
and still takes no other answer for a success than its own: so they are read here, too.
"""

from typing import Final

import msgspec

from ingest.decoders import fields, jsontext, owntracks, stamp
from ingest.decoders.elements import each
from ingest.decoders.staleness import stale
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

ANSWER: Final = b'{"result":"ok"}'
"""For any other body the app keeps its batch and sends it again, for ever."""


class _Geometry(msgspec.Struct):
    type: str
    coordinates: list[float | None]


class _Properties(msgspec.Struct):
    timestamp: str | int | float
    altitude: float | None = None
    speed: float | None = None
    course: float | None = None
    horizontal_accuracy: float | None = None
    vertical_accuracy: float | None = None
    battery_level: float | None = None
    device_id: str | int | None = None


class _Feature(msgspec.Struct):
    properties: dict[str, object]
    geometry: object = None


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read the points of a batch, then `current`; trips and what the app did are no fixes.

    Raises DecodeError where there is no list of locations.
    """
    batch = jsontext.parse(payload, "an Overland batch")
    if isinstance(batch, dict) and "_type" in batch:
        return owntracks.decode(payload, received_us)
    locations = batch.get("locations") if isinstance(batch, dict) else None
    if not isinstance(batch, dict) or not isinstance(locations, list):
        message = "locations: expected a list of Features"
        raise DecodeError(message)
    current = batch.get("current")
    return each(locations if current is None else [*locations, current], _fix)


def _fix(element: object) -> Fix | None:
    feature = jsontext.convert(element, _Feature)
    said = feature.properties
    if "action" in said or said.get("type") == "trip" or feature.geometry is None:
        return None
    lon, lat = _position(feature.geometry)
    point = jsontext.convert(said, _Properties)
    level = _known(point.battery_level)
    height_is_valid = point.vertical_accuracy is None or point.vertical_accuracy >= 0
    return Fix(
        time_us=stamp.read(point.timestamp),
        lat=lat,
        lon=lon,
        accuracy_m=_accuracy(point.horizontal_accuracy),
        speed_mps=_known(point.speed),
        heading_deg=_known(point.course),
        altitude_m=point.altitude if height_is_valid else None,
        battery_pct=None if level is None else level * 100,
        device=fields.text(said, "device_id"),
    )


def _position(element: object) -> tuple[float, float]:
    geometry = jsontext.convert(element, _Geometry)
    if geometry.type != "Point":
        message = f"geometry: expected a Point, got {geometry.type[:40]!r}"
        raise ValueError(message)
    match geometry.coordinates:
        case [float() as lon, float() as lat, *_]:
            return lon, lat
        case _:
            message = "geometry.coordinates: expected longitude and latitude"
            raise ValueError(message)


def _accuracy(metres: float | None) -> float | None:
    """Read a radius that the app rounded to a whole metre: 0 is no such radius, so unknown.

    Below 0 iOS says that the position is invalid (CLLocation, horizontalAccuracy).
    """
    if metres is not None and metres < 0:
        return stale(None)
    return metres or None


def _known(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None
