"""Each fault of a hot spot's geometry is named, with its place."""

from typing import Any

import pytest

from geofence.polygons import check

KM = 1 / 111.195  # in degrees, at the equator


def polygon(*corners: tuple[Any, Any]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [[list(c) for c in (*corners, corners[0])]]}


SQUARE = polygon((0, 0), (KM, 0), (KM, KM), (0, KM))


def test_a_sound_polygon_comes_back_with_its_area_in_hectares() -> None:
    checked = check(SQUARE)
    assert checked.geometry is not None
    assert checked.geometry.geom_type == "Polygon"
    assert checked.area_ha == pytest.approx(100, rel=1e-4)
    assert check(SQUARE, buffer_m=100).area_ha == pytest.approx(100 + 40 + 3.14, rel=1e-2)


def test_a_multipolygon_with_heights_comes_back_flat() -> None:
    rings = [[[[0, 0, 9], [KM, 0, 9], [KM, KM, 9], [0, 0, 9]]]]
    checked = check({"type": "MultiPolygon", "coordinates": rings})
    assert checked.geometry is not None
    assert not checked.geometry.has_z
    assert checked.area_ha == pytest.approx(50, rel=1e-4)


@pytest.mark.parametrize(
    "geometry",
    [
        polygon((179.999, 0), (-179.999, 0), (-179.999, 0.002), (179.999, 0.002)),
        {
            "type": "MultiPolygon",
            "coordinates": [
                polygon((179.999, 0), (180, 0), (180, 0.002), (179.999, 0.002))["coordinates"],
                polygon((-180, 0), (-179.999, 0), (-179.999, 0.002), (-180, 0.002))["coordinates"],
            ],
        },
    ],
)
def test_a_polygon_across_the_antimeridian_is_small(geometry: dict[str, object]) -> None:
    assert check(geometry).area_ha == pytest.approx(0.002**2 * 111.195**2 * 100, rel=1e-3)


@pytest.mark.parametrize(
    ("geometry", "fault"),
    [
        (
            polygon((0, 0), (KM, KM), (KM, 0), (0, KM)),
            "crosses itself at longitude 0.004497, latitude 0.004497",
        ),
        (polygon((0, 0), (KM, KM), (2 * KM, 2 * KM)), "has no area"),
        (polygon((0, 0), (0, 0), (0, 0)), "has no area"),
        (
            polygon((0, 0), (181, 0), (KM, KM)),
            "ring 1, position 2 has longitude 181, outside WGS84 (-180 to 180)",
        ),
        (
            polygon((0, 0), (KM, 91.5), (KM, KM)),
            "ring 1, position 2 has latitude 91.5, outside WGS84 (-90 to 90)",
        ),
        (
            polygon((0, 0), (KM, 86), (KM, KM)),
            "ring 1, position 2 has latitude 86, beyond 85 degrees, too near a pole",
        ),
        (polygon((0, 0), ("x", 0), (KM, KM)), "ring 1, position 2 is not made of numbers: 'x'"),
        (polygon((0, 0), (True, 0), (KM, KM)), "ring 1, position 2 is not made of numbers: True"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]},
            "ring 1 is not closed: its last position is not its first",
        ),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]},
            "ring 1 has fewer than 4 positions",
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1], [1, 1], [0, 0]]]]},
            "part 1, ring 1, position 2 is not a longitude and a latitude",
        ),
        ({"type": "Polygon", "coordinates": 7}, "has no rings of coordinates"),
        ({"type": "MultiPolygon", "coordinates": [7]}, "part 1 has no rings of coordinates"),
        ({"type": "MultiPolygon", "coordinates": []}, "has no coordinates"),
        ({"type": "Point", "coordinates": [0, 0]}, "is not a Polygon or MultiPolygon but Point"),
        (None, "is not a Polygon or MultiPolygon but nothing"),
    ],
)
def test_a_bad_geometry_is_refused_with_what_is_wrong_and_where(
    geometry: object, fault: str
) -> None:
    checked = check(geometry)
    assert checked.geometry is None
    assert checked.faults == (fault,)


def test_a_polygon_over_the_limit_is_refused_with_its_size() -> None:
    checked = check(polygon((0, 0), (4 * KM, 0), (4 * KM, 4 * KM), (0, 4 * KM)), max_area_ha=100)
    assert checked.geometry is None
    assert checked.faults == (
        "covers 1 600 ha; a hot spot is what one officer can see, 100 ha at most",
    )
