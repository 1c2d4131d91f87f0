"""Hot spots out of a GeoJSON FeatureCollection (RFC 7946), every fault named by feature."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shapely import MultiPolygon, Polygon

from geofence.polygons import check, shown

LARGEST_BUFFER_M = 500.0  # more is no longer the place that was drawn


@dataclass(frozen=True, slots=True)
class Feature:
    """A hot spot as a file or a person gives it. `properties` is all of the feature's."""

    id: str
    geometry: Polygon | MultiPolygon
    buffer_m: float
    area_ha: float
    properties: Mapping[str, object] = field(repr=False)


def read_features(
    collection: object, *, max_area_ha: float = math.inf
) -> tuple[list[Feature], list[str]]:
    """Return the hot spots of a FeatureCollection (as `json.loads` gives it), and what is wrong.

    A hot spot's id is its feature's `properties.id`, text or a whole number; `properties.buffer_m`
    is optional, 0 to 500 metres. `max_area_ha` as in `polygons.check`.
    """
    if not isinstance(collection, Mapping) or collection.get("type") != "FeatureCollection":
        return [], ["is not a GeoJSON FeatureCollection"]
    entries = collection.get("features")
    if not isinstance(entries, list):
        return [], ["has no list of features"]
    features: list[Feature] = []
    faults: list[str] = []
    places: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        for found in _read(number, entry, max_area_ha):
            if isinstance(found, str):
                faults.append(found)
            elif found.id in places:
                other = f"feature {places[found.id]}"
                faults.append(f"feature {number}: id {shown(found.id)} is that of {other} too")
            else:
                places[found.id] = number
                features.append(found)
    return features, faults


def _read(number: int, entry: object, max_area_ha: float) -> Iterator[Feature | str]:
    """Yield the hot spot of a feature, or each of its faults."""
    name = f"feature {number}"
    if not isinstance(entry, Mapping) or entry.get("type") != "Feature":
        yield f"{name}: is not a GeoJSON Feature"
        return
    properties = entry.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    given = properties.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        yield f"{name}: has no properties.id (text or a whole number)"
        return
    name = f"{name} (id {shown(str(given))})"
    buffer_m = properties.get("buffer_m")
    buffer_m = 0.0 if buffer_m is None else buffer_m
    if not _is_length(buffer_m):
        most = f"{LARGEST_BUFFER_M:.0f} metres"
        yield f"{name}: buffer_m is not a length of 0 to {most}: {shown(buffer_m)}"
        return
    assert isinstance(buffer_m, int | float)  # noqa: S101 - for the type checker
    checked = check(entry.get("geometry"), buffer_m=buffer_m, max_area_ha=max_area_ha)
    if checked.geometry is None:
        for fault in checked.faults:
            yield f"{name}: {fault}"
        return
    yield Feature(str(given), checked.geometry, float(buffer_m), checked.area_ha, properties)


def _is_length(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0.0 <= value <= LARGEST_BUFFER_M
