import json

import pytest
from squares import collection, feature

from app.importing.choices import stations, weights
from app.importing.problems import NoTables


def test_weights_are_by_category_whatever_its_case() -> None:
    assert weights("w.csv", b"Category,Days\nRobbery,365\nTheft,0\n") == {
        "robbery": 365.0,
        "theft": 0.0,
    }
    assert weights("w.csv", b"Crime type;Weight\nRobbery;1.5\n") == {"robbery": 1.5}


def test_every_weight_that_is_wrong_is_named() -> None:
    rows = "category,weight\nA,1\nB,-1\nC,\nA,2\nD,x\n"
    with pytest.raises(NoTables) as excinfo:
        weights("w.csv", rows.encode())
    said = str(excinfo.value)
    assert "w.csv, row 3, column B (weight): '-1' is not a weight" in said
    assert "w.csv, row 4, column B (weight): it is empty" in said
    assert "w.csv, row 5, column B (weight): 'A' has another weight above" in said
    assert "w.csv, row 6, column B (weight): 'x' is not a number" in said
    with pytest.raises(NoTables, match="needs a column weight"):
        weights("w.csv", b"category,points\nA,1\n")


def test_stations_are_points_of_geojson_or_rows() -> None:
    point = {"type": "Point", "coordinates": [-2.98, 53.4]}
    given = json.dumps(collection(feature("1", point, name="St Anne Street"), feature("2", point)))
    found = stations("s.geojson", given.encode())
    assert list(found.called) == ["a police station (St Anne Street)", "a police station"]
    assert (found.lon.tolist(), found.lat.tolist()) == ([-2.98, -2.98], [53.4, 53.4])
    rows = stations("s.csv", b"name,lat,lon\nSt Anne Street,53.4,-2.98\nnowhere,,\n")
    assert list(rows.called) == ["a police station (St Anne Street)"]
    assert (rows.lon.tolist(), rows.lat.tolist()) == ([-2.98], [53.4])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"type": "Feature"}', "no GeoJSON FeatureCollection"),
        (b'{"features": [{"geometry": null}]}', "no GeoJSON FeatureCollection|without a place"),
        (b'{"features": [{"geometry": {"type": "Point", "coordinates": [334567, 9]}}]}', "degrees"),
        (b"lat,lon\n53.4,abc\n", "row 2, column B .lon.: 'abc' is not a number"),
    ],
)
def test_stations_that_are_nowhere_are_told(data: bytes, said: str) -> None:
    with pytest.raises(NoTables, match=said):
        stations("s", data)
