import httpx
import pytest
from callers import Clock
from squares import collection, feature, square

BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
LINE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0], [0, 0]]]}


async def keys(admin: httpx.AsyncClient, **params: str) -> list[str]:
    found = (await admin.get("/hotspots", params=params)).json()["features"]
    return [one["properties"]["id"] for one in found]


async def test_hot_spots_come_back_as_the_geojson_they_were(admin: httpx.AsyncClient) -> None:
    given = feature("HS1", square(), name="Market Place", buffer_m=20)
    answer = await admin.post("/hotspots", json=collection(given))
    assert (answer.status_code, answer.json()) == (201, {"imported": 1, "changed": 1, "notes": []})
    listed = await admin.get("/hotspots")
    assert listed.headers["content-type"] == "application/geo+json"
    (found,) = listed.json()["features"]
    assert found["geometry"] == given["geometry"]
    area_ha = found["properties"].pop("area_ha")
    assert 1 < area_ha < 2  # 66 by 111 metres, grown by 20 m
    assert found["properties"] == {
        "id": "HS1",
        "name": "Market Place",
        "buffer_m": 20,
        "valid_from": "2026-01-15",
        "valid_to": None,
    }
    alone = (await admin.get("/hotspots/HS1")).json()
    assert alone["geometry"] == given["geometry"]


async def test_the_same_again_changes_nothing(admin: httpx.AsyncClient, clock: Clock) -> None:
    await admin.post("/hotspots", json=feature("HS1"))
    clock.set("2026-01-20T12:00:00Z")
    again = await admin.post("/hotspots", json=feature("HS1"))
    assert again.json() == {"imported": 1, "changed": 0, "notes": []}
    found = (await admin.get("/hotspots/HS1")).json()
    assert found["properties"]["valid_from"] == "2026-01-15"


async def test_a_changed_shape_counts_from_its_day_and_its_past_stays(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    await admin.post("/hotspots", json=feature("HS1", square(side=0.001)))
    before = clock.now.isoformat()
    clock.set("2026-01-20T12:00:00Z")
    await admin.post("/hotspots?valid_from=2026-01-25", json=feature("HS1", square(side=0.002)))

    async def seen(**params: str) -> tuple[float, str, str | None]:
        found = (await admin.get("/hotspots/HS1", params=params)).json()
        coordinates, properties = found["geometry"]["coordinates"][0], found["properties"]
        side = round(coordinates[1][0] - coordinates[0][0], 6)
        return side, properties["valid_from"], properties["valid_to"]

    assert await seen() == (0.001, "2026-01-15", "2026-01-25")
    assert await seen(on="2026-01-24") == (0.001, "2026-01-15", "2026-01-25")
    assert await seen(on="2026-01-25") == (0.002, "2026-01-25", None)
    # As it was known before, the change is not there.
    assert await seen(on="2026-01-25", as_at=before) == (0.001, "2026-01-15", None)


async def test_the_small_hours_still_belong_to_the_day_before(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    clock.set("2026-01-16T02:00:00Z")
    await admin.post("/hotspots", json=feature("HS1"))
    found = (await admin.get("/hotspots/HS1")).json()
    assert found["properties"]["valid_from"] == "2026-01-15"


async def test_a_hot_spot_is_not_there_before_it_is_valid(admin: httpx.AsyncClient) -> None:
    await admin.post("/hotspots", json=feature("HS1", valid_from="2026-02-01"))
    assert await keys(admin) == []
    assert await keys(admin, on="2026-02-01") == ["HS1"]
    assert (await admin.get("/hotspots/HS1")).status_code == 404
    assert (await admin.get("/hotspots/HS2", params={"on": "2026-02-01"})).status_code == 404


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (feature("HS3", BOW_TIE), "hot spot HS3: crosses itself"),
        (feature("HS3", LINE), "hot spot HS3: has no area"),
        (feature("HS3", square(lon=190)), "outside WGS84"),
        (feature("HS3", square(lat=89.9995)), "too near a pole"),
        (feature("HS3", square(lat=90.5)), "outside WGS84"),
        (feature("HS3", square(side=0.05)), "one officer can see"),
        (feature("HS3", {"type": "Point", "coordinates": [0, 0]}), "is not a Polygon"),
        (feature("HS3") | {"geometry": None}, "is not a Polygon"),
        (feature(None), "feature 1: has no properties.id"),
        (feature(" "), "needs a properties.id"),
        (feature("a\x00b"), "has control characters in properties.id"),
        (feature(["x"]), "needs a properties.id"),
        (feature("HS1"), "hot spot HS1: comes twice in this collection"),
        (feature("HS3", name=7), "needs a properties.name"),
        (feature("HS3", buffer_m=-1), "has a buffer_m of -1"),
        (feature("HS3", buffer_m="20"), "has a buffer_m that is not a number"),
        (feature("HS3", valid_from="soon"), "has a valid_from that is not a day"),
        (feature("HS3", valid_from="0001-01-01"), "has a valid_from that is not from"),
        ("HS3", "feature 1: is not a GeoJSON Feature"),
    ],
)
async def test_a_bad_feature_is_named_and_costs_no_other(
    admin: httpx.AsyncClient, bad: object, said: str
) -> None:
    body = collection(feature("HS1"), bad, feature("HS2"))
    answer = await admin.post("/hotspots", json=body)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["imported"] == 2
    (error,) = problem["errors"]
    assert error["index"] == 1
    assert said in error["detail"]
    assert error["detail"] in problem["detail"]
    assert await keys(admin) == ["HS1", "HS2"]


async def test_the_size_of_what_is_too_large_is_told_in_hectares(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/hotspots", json=feature("HS3", square(side=0.05)))
    # 3.31 by 5.56 km.
    assert "hot spot HS3: covers 1 8" in answer.json()["detail"]
    assert " ha" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"type": "Polygon"}', b"\xff", b"[" * 100_000]
)
async def test_what_is_not_geojson_at_all_is_unreadable(
    admin: httpx.AsyncClient, body: bytes
) -> None:
    answer = await admin.post("/hotspots", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_numbers_and_foreign_members_are_ids_too(admin: httpx.AsyncClient) -> None:
    body = collection(feature(7), {**feature(None), "id": "outer"})
    assert (await admin.post("/hotspots", json=body)).status_code == 201
    assert await keys(admin) == ["7", "outer"]


async def test_a_list_of_hot_spots_comes_in_parts(admin: httpx.AsyncClient) -> None:
    await admin.post("/hotspots", json=collection(*(feature(f"HS{n}") for n in range(5))))
    first = (await admin.get("/hotspots", params={"limit": 3})).json()
    rest = (await admin.get("/hotspots", params={"limit": 3, "cursor": first["next"]})).json()
    assert [len(first["features"]), len(rest["features"])] == [3, 2]
    assert rest["next"] is None


async def test_tomorrow_cannot_be_asked_what_it_will_know(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/hotspots", params={"as_at": "2026-01-15T12:00:01Z"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "as_at: it lies in the future"


async def test_a_hot_spot_ends_and_its_history_stays(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    await admin.post("/hotspots?valid_from=2026-01-10", json=collection(feature("HS1")))
    before = clock.now.isoformat()
    clock.set("2026-01-17T12:00:00Z")
    assert (await admin.delete("/hotspots/HS1?from=2026-01-18")).json() == {"notes": []}

    async def there(**params: str) -> bool:
        return (await admin.get("/hotspots/HS1", params=params)).status_code == 200

    assert await there(on="2026-01-17")
    assert not await there(on="2026-01-18")
    assert await there(on="2026-01-18", as_at=before)
    # From a past day on, too: its visits since then are worked out anew.
    assert (await admin.delete("/hotspots/HS1?from=2026-01-12")).json() == {"notes": []}
    assert not await there(on="2026-01-12")
    assert await there(on="2026-01-11")
    assert await there(on="2026-01-12", as_at=before)
    assert (await admin.delete("/hotspots/HS1?from=2026-01-18")).status_code == 404
    assert (await admin.delete("/hotspots/HS9?from=2026-01-18")).status_code == 404
    assert (await admin.delete("/hotspots/HS1")).status_code == 422
