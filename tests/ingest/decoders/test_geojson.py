import json
from typing import Any

import pytest

from ingest.decoders import geojson
from ingest.errors import DecodeError
from ingest.fix import Fix
from ingest.message import Decoded

NOW = 1_772_399_045_000_000
TIME = "2026-03-01T21:04:05Z"
LATER = "2026-03-01T22:05:05+01:00"
POINT = {"type": "Point", "coordinates": [-0.12, 51.5]}
FIX = Fix(NOW, 51.5, -0.12)
SECOND = Fix(NOW + 60_000_000, 51.6, -0.13, altitude_m=35.5)
LINE = [[-0.12, 51.5], [-0.13, 51.6, 35.5]]


def feature(geometry: object = POINT, **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features: object) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def decode(whole: object) -> Decoded:
    return geojson.decode(json.dumps(whole).encode(), NOW)


@pytest.mark.parametrize(
    "whole",
    [
        feature(time=TIME),
        [feature(time=TIME)],
        collection(feature(time=TIME)),
        collection(feature(timestamp="2026-03-01T21:04:05+0000")),
        collection(feature(datetime="2026-03-01 21:04:05")),
        collection(feature(when=1772399045)),
        collection(feature(tst=1772399045.0)),
        collection(feature(time_long=1772399045000)),
        collection(feature(time_long="1772399045000")),
        feature({"type": "LineString", "coordinates": LINE[:1]}, coordTimes=[TIME]),
    ],
)
def test_longitude_comes_first_and_every_name_of_a_time_is_known(whole: object) -> None:
    assert decode(whole) == Decoded([FIX], [0], [])


def test_every_property_arrives_in_its_own_place_and_unit() -> None:
    # The properties of GPSLogger's own GeoJSON file, and our own device and event.
    said = {
        "time": TIME,
        "time_long": 1,
        "provider": "gps",
        "accuracy": 6,
        "altitude": 1,
        "bearing": 270,
        "speed": 1.5,
        "battery_pct": 80,
        "device": "pc7",
        "event": "emergency",
    }
    geometry = {"type": "Point", "coordinates": [-0.12, 51.5, 35.5]}
    (fix,) = decode(feature(geometry, **said)).fixes
    assert fix == Fix(NOW, 51.5, -0.12, 6.0, 1.5, 270.0, 35.5, 80.0, "pc7", "emergency")


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ({"accuracy_m": 6}, "accuracy_m", 6.0),
        ({"horizontal_accuracy": 6}, "accuracy_m", 6.0),
        ({"accuracy_m": 0, "accuracy": -1}, "accuracy_m", None),
        ({"speed_mps": 1.5}, "speed_mps", 1.5),
        ({"speed": -1}, "speed_mps", None),
        ({"heading_deg": 270}, "heading_deg", 270.0),
        ({"course": 270}, "heading_deg", 270.0),
        ({"heading": 270}, "heading_deg", 270.0),
        ({"altitude_m": 35.5}, "altitude_m", 35.5),
        ({"altitude": 35.5}, "altitude_m", 35.5),
        ({"device_id": 7}, "device", "7"),
    ],
)
def test_properties_have_several_names(
    said: dict[str, object], field: str, value: float | str | None
) -> None:
    (fix,) = decode(feature(time=TIME, **said)).fixes
    assert getattr(fix, field) == value


def test_a_fourth_coordinate_is_passed_over() -> None:
    geometry = {"type": "Point", "coordinates": [-0.12, 51.5, 35.5, 9]}
    assert decode(feature(geometry, time=TIME)).fixes[0].altitude_m == 35.5


@pytest.mark.parametrize(
    "line",
    [
        feature({"type": "LineString", "coordinates": LINE}, coordTimes=[TIME, LATER]),
        feature(
            {"type": "LineString", "coordinates": LINE},
            coordinateProperties={"times": [TIME, LATER]},
        ),
        feature(
            {"type": "LineString", "coordinates": LINE}, datetimes=[1772399045000, 1772399105000]
        ),
        feature({"type": "MultiPoint", "coordinates": LINE}, coordTimes=[TIME, LATER]),
        feature(
            {"type": "MultiLineString", "coordinates": [LINE[:1], LINE[1:]]},
            coordTimes=[[TIME], [LATER]],
        ),
        {
            "type": "Feature",
            "temporalGeometry": {
                "type": "MovingPoint",
                "datetimes": ["2026-03-01T21:04:05", LATER],
                "coordinates": LINE,
                "interpolation": "Linear",
            },
            "properties": None,
        },
    ],
)
def test_a_line_gives_a_fix_for_each_of_its_positions(line: dict[str, Any]) -> None:
    assert decode(line) == Decoded([FIX, SECOND], [0, 1], [])


def test_what_is_said_of_a_line_is_not_said_of_each_position_but_whose_it_is() -> None:
    line = feature({"type": "LineString", "coordinates": LINE}, coordTimes=[TIME, LATER], speed=9)
    for name in ("device", "device_id"):
        line["properties"][name] = "pc7"
        assert [(f.device, f.speed_mps) for f in decode(line).fixes] == [("pc7", None)] * 2
        del line["properties"][name]


def test_a_feature_without_geometry_is_no_fix_and_keeps_its_place() -> None:
    decoded = decode(collection(feature(None, time=TIME), feature(time=TIME)))
    assert decoded == Decoded([FIX], [1], [])


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (feature(), "time: missing"),
        (feature(time="soon"), "time: 'soon'"),
        (feature(time=None), "time: missing"),
        (feature({"type": "Point", "coordinates": []}, time=TIME), "expected longitude"),
        (feature({"type": "Point", "coordinates": ["1", "2"]}, time=TIME), "expected longitude"),
        (feature({"type": "Point", "coordinates": [None, 2]}, time=TIME), "expected longitude"),
        (feature({"type": "Point"}, time=TIME), "expected longitude"),
        (feature({"type": "Polygon", "coordinates": [[LINE]]}, time=TIME), "neither a point nor"),
        (feature({"type": "LineString", "coordinates": LINE}, time=TIME), "a time for each"),
        (feature({"type": "LineString", "coordinates": LINE}, coordTimes=[TIME]), "2 positions"),
        (
            feature({"type": "MultiLineString", "coordinates": [LINE]}, coordTimes=[]),
            "1 lines, but times for 0",
        ),
        (feature("x", time=TIME), "geometry: expected an object"),
        (feature() | {"properties": []}, "time: missing"),
        (feature() | {"properties": [1]}, "properties: expected an object"),
        ({"type": "Point", "coordinates": [1, 2]}, "expected a Feature"),
        (17, "expected a Feature"),
    ],
)
def test_a_bad_feature_costs_only_itself(bad: object, detail: str) -> None:
    decoded = decode(collection(feature(time=TIME), bad, feature(time=TIME)))
    assert (decoded.fixes, decoded.indexes) == ([FIX, FIX], [0, 2])
    assert [bad.index for bad in decoded.rejected] == [1]
    assert detail in decoded.rejected[0].detail


def test_a_bad_position_of_a_line_costs_only_itself() -> None:
    line = {"type": "LineString", "coordinates": [LINE[0], [None, None], None, LINE[1]]}
    decoded = decode(feature(line, coordTimes=[TIME, TIME, TIME, LATER]))
    assert (decoded.fixes, decoded.indexes) == ([FIX, SECOND], [0, 3])
    assert [bad.index for bad in decoded.rejected] == [1, 2]


@pytest.mark.parametrize(
    "payload", [b"", b"x", b"{}", b"17", b"null", b'{"type":"Point"}', b'{"a":' * 100_000]
)
def test_what_is_no_geojson_of_features_is_broken(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="GeoJSON"):
        geojson.decode(payload, NOW)
