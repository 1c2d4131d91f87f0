"""Hot spots out of a FeatureCollection, and every fault named by feature."""

import pytest

from geofence.features import read_features

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [0.001, 0], [0.001, 0.001], [0, 0.001], [0, 0]]],
}

GOOGOLS = f"1{'0' * 27}...{'0' * 29}"


def feature(**properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": SQUARE}


def collection(*features: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_ids_are_text_and_buffers_are_optional() -> None:
    found, faults = read_features(
        collection(feature(id="H1", name="Bold Street"), feature(id=2, buffer_m=20))
    )
    assert faults == []
    assert [(f.id, f.buffer_m) for f in found] == [("H1", 0.0), ("2", 20.0)]
    assert found[0].properties["name"] == "Bold Street"
    assert found[1].area_ha > found[0].area_ha


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (feature(), "feature 2: has no properties.id (text or a whole number)"),
        (feature(id=True), "feature 2: has no properties.id (text or a whole number)"),
        (feature(id="A"), "feature 2: id 'A' is that of feature 1 too"),
        (
            feature(id=3, buffer_m="wide"),
            "feature 2 (id '3'): buffer_m is not a length of 0 to 500 metres: 'wide'",
        ),
        (
            feature(id=3, buffer_m=-5),
            "feature 2 (id '3'): buffer_m is not a length of 0 to 500 metres: -5",
        ),
        (
            feature(id=3, buffer_m=10**400),
            f"feature 2 (id '3'): buffer_m is not a length of 0 to 500 metres: {GOOGOLS}",
        ),
        (
            feature(id=3, buffer_m=float("nan")),
            "feature 2 (id '3'): buffer_m is not a length of 0 to 500 metres: nan",
        ),
        (
            {"type": "Feature", "properties": {"id": 3}, "geometry": {"type": [1]}},
            "feature 2 (id '3'): is not a Polygon or MultiPolygon but [1]",
        ),
        (
            {"type": "Feature", "properties": {"id": 3}, "geometry": None},
            "feature 2 (id '3'): is not a Polygon or MultiPolygon but nothing",
        ),
        (5, "feature 2: is not a GeoJSON Feature"),
    ],
)
def test_a_bad_feature_is_named_and_the_others_are_read(entry: object, fault: str) -> None:
    found, faults = read_features(collection(feature(id="A"), entry))
    assert [f.id for f in found] == ["A"]
    assert faults == [fault]


@pytest.mark.parametrize("content", [None, [], {"type": "Feature"}, {"type": "FeatureCollection"}])
def test_what_is_no_collection_is_refused(content: object) -> None:
    found, faults = read_features(content)
    assert found == []
    assert len(faults) == 1
