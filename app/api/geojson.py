"""Hot spots as GeoJSON (RFC 7946): each feature judged alone, so that a bad one costs no other."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shapely.geometry import mapping

from app.api.errors import Unreadable
from app.compliance.calendar import FIRST_DAY, LAST_DAY, Calendar
from app.storage.hotspots import HotspotVersion
from app.storage.types import from_us, to_us
from geofence import polygons
from geofence.features import LARGEST_BUFFER_M

# What one officer can see; the hot spots of the studies cover 2 to 12 ha.
LARGEST_HA = 100.0
LONGEST_TEXT = 200
# Hot spot versions begin with an operational day, of which there is only one for all plans.
CALENDAR = Calendar()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a feature: its place in the collection, its id if it has one."""

    index: int
    id: str | None
    detail: str


class _Bad(Exception):
    """Its text says what is wrong with a feature."""


def read(document: object, valid_from: dt.date) -> tuple[Sequence[HotspotVersion], Sequence[Fault]]:
    """The hot spots of a FeatureCollection or Feature, and the faults of those that are none.

    `valid_from` is the operational day from which a feature counts that names no other.
    Raises Unreadable for what is not GeoJSON features at all.
    """
    good: dict[str, HotspotVersion] = {}
    faults: list[Fault] = []
    for index, feature in enumerate(_features(document)):
        key = None
        try:
            properties = _properties(feature)
            key = _key(feature, properties)
            _refuse_repeated(key, good)
            good[key] = _version(key, feature, properties, valid_from)
        except _Bad as exc:
            name = f"feature {index}" if key is None else f"hot spot {key}"
            faults.append(Fault(index, key, f"{name}: {exc}"))
    return list(good.values()), faults


def feature(version: HotspotVersion) -> dict[str, object]:
    """A hot spot as a GeoJSON feature; days are the first one it counts on and the first not."""
    day_of = CALENDAR.day_of
    return {
        "type": "Feature",
        "id": version.key,
        "geometry": mapping(version.geometry),
        "properties": {
            "id": version.key,
            "name": version.name,
            "buffer_m": version.buffer_m,
            "valid_from": day_of(to_us(version.valid_from)).isoformat(),
            "valid_to": None
            if version.valid_to is None
            else day_of(to_us(version.valid_to)).isoformat(),
            "area_ha": round(polygons.area_ha(version.geometry, buffer_m=version.buffer_m), 4),
        },
    }


def today(now: dt.datetime) -> dt.date:
    """The operational day of a moment."""
    return CALENDAR.day_of(to_us(now))


def start_of(day: dt.date) -> dt.datetime:
    """The moment from which on a version of that operational day counts."""
    return from_us(CALENDAR.start_of(day))


def _features(document: object) -> Sequence[object]:
    kind = document.get("type") if isinstance(document, Mapping) else None
    if isinstance(document, Mapping) and kind == "Feature":
        return [document]
    features = document.get("features") if isinstance(document, Mapping) else None
    if kind != "FeatureCollection" or not isinstance(features, list):
        msg = "this is not a GeoJSON FeatureCollection or Feature (RFC 7946)"
        raise Unreadable(msg)
    return features


def _properties(feature: object) -> Mapping[str, object]:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        msg = "is not a GeoJSON Feature"
        raise _Bad(msg)
    properties = feature.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _key(feature: object, properties: Mapping[str, object]) -> str:
    key = properties.get("id")
    if key is None and isinstance(feature, Mapping):
        key = feature.get("id")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if key is None:
        msg = "has no properties.id"
        raise _Bad(msg)
    return _text("properties.id", key)


def _refuse_repeated(key: str, good: Mapping[str, object]) -> None:
    if key in good:
        msg = "comes twice in this collection"
        raise _Bad(msg)


def _version(
    key: str, feature: object, properties: Mapping[str, object], valid_from: dt.date
) -> HotspotVersion:
    buffer_m = _buffer(properties.get("buffer_m"))
    geometry = feature.get("geometry") if isinstance(feature, Mapping) else None
    found = polygons.check(geometry, buffer_m=buffer_m, max_area_ha=LARGEST_HA)
    if found.geometry is None:
        raise _Bad("; ".join(found.faults))
    name = properties.get("name")
    return HotspotVersion(
        key=key,
        name=key if name is None else _text("properties.name", name),
        geometry=found.geometry,
        buffer_m=buffer_m,
        valid_from=start_of(_day(properties.get("valid_from")) or valid_from),
    )


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_TEXT:
        msg = f"needs a {where} that is a text of 1 to {LONGEST_TEXT} characters"
        raise _Bad(msg)
    if not value.isprintable():
        msg = f"has control characters in {where}"
        raise _Bad(msg)
    return value.strip()


def _buffer(value: object) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = "has a buffer_m that is not a number of metres"
        raise _Bad(msg)
    if not (math.isfinite(value) and 0 <= value <= LARGEST_BUFFER_M):
        msg = f"has a buffer_m of {value}; 0 to {LARGEST_BUFFER_M:g} metres make sense"
        raise _Bad(msg)
    return float(value)


def _day(value: object) -> dt.date | None:
    if value is None:
        return None
    try:
        day = dt.date.fromisoformat(str(value))
    except ValueError as exc:
        msg = "has a valid_from that is not a day, YYYY-MM-DD"
        raise _Bad(msg) from exc
    if not FIRST_DAY <= day <= LAST_DAY:
        msg = f"has a valid_from that is not from {FIRST_DAY} to {LAST_DAY}"
        raise _Bad(msg)
    return day
