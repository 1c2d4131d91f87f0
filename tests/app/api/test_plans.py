import httpx
import pytest
from squares import collection, feature

PLAN = {
    "name": "Late turns",
    "hotspots": ["HS2", "HS1"],
    "windows": [
        {"name": "late", "start": "15:00", "end": "23:00", "patrols": 2},
        {"name": "night", "weekdays": ["sat", "fri"], "start": "22:00", "end": "02:00"},
    ],
    "first_day": "2026-01-01",
}
FULL = {
    "key": "late",
    "name": "Late turns",
    "hotspots": ["HS1", "HS2"],
    "windows": [
        {
            "name": "late",
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "start": "15:00",
            "end": "23:00",
            "patrols": 2,
        },
        {
            "name": "night",
            "weekdays": ["fri", "sat"],
            "start": "22:00",
            "end": "02:00",
            "patrols": 1,
        },
    ],
    "minimum_minutes": 10,
    "maximum_minutes": 15,
    "coverage_target": 0.9,
    "timezone": "Europe/London",
    "day_start": "06:00",
    "first_day": "2026-01-01",
    "last_day": None,
}


@pytest.fixture(autouse=True)
async def spots(admin: httpx.AsyncClient) -> None:
    await admin.post("/hotspots", json=collection(feature("HS1"), feature("HS2")))


async def test_a_plan_comes_back_as_it_was_given(admin: httpx.AsyncClient) -> None:
    assert (await admin.put("/plans/late", json=PLAN)).status_code == 200
    assert (await admin.get("/plans/late")).json() == FULL
    assert (await admin.get("/plans")).json() == {"items": [FULL], "next": None}


async def test_a_plan_for_all_hot_spots_says_so(admin: httpx.AsyncClient) -> None:
    await admin.put("/plans/late", json=PLAN | {"hotspots": "all"})
    assert (await admin.get("/plans/late")).json()["hotspots"] == "all"


async def test_a_plan_is_replaced_as_a_whole(admin: httpx.AsyncClient) -> None:
    await admin.put("/plans/late", json=PLAN)
    await admin.put("/plans/late", json=PLAN | {"minimum_minutes": 12, "hotspots": "all"})
    changed = FULL | {"minimum_minutes": 12, "hotspots": "all"}
    assert (await admin.get("/plans")).json()["items"] == [changed]


def window(**changes: object) -> dict[str, object]:
    return {"windows": [{"name": "late", "start": "15:00", "end": "23:00"} | changes]}


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"hotspots": ["HS9"]}, "hotspots", "there is no hot spot 'HS9'"),
        ({"hotspots": []}, "hotspots", "none is named"),
        ({"timezone": "Europe/Lodnon"}, "timezone", "no time zone is called 'Europe/Lodnon'"),
        ({"minimum_minutes": 20}, "maximum_minutes", "at least minimum_minutes, 20"),
        ({"minimum_minutes": 0}, "body.minimum_minutes", "greater than 0"),
        ({"coverage_target": 90}, "body.coverage_target", "less than or equal to 1"),
        ({"last_day": "2025-12-31"}, "last_day", "before first_day"),
        ({"first_day": "1.1.2026"}, "body.first_day", "YYYY-MM-DD"),
        ({"first_day": "20260101"}, "body.first_day", "YYYY-MM-DD"),
        ({"first_day": "0001-01-01"}, "body.first_day", "1970-01-03"),
        ({"day_start": "6am"}, "body.day_start", "HH:MM"),
        ({"windows": []}, "body.windows", "at least 1"),
        (window(end="15:00"), "windows[late]", "starts and ends at 15:00"),
        (window(end="24:00"), "body.windows.0.end", "HH:MM"),
        (window(weekdays=[]), "body.windows.0.weekdays", "at least 1"),
        (window(weekdays=["Monday"]), "body.windows.0.weekdays.0", "'mon'"),
        (window(patrols=0), "body.windows.0.patrols", "greater than or equal to 1"),
    ],
)
async def test_a_plan_that_cannot_be_meant_is_refused_by_field(
    admin: httpx.AsyncClient, changes: dict[str, object], where: str, said: str
) -> None:
    answer = await admin.put("/plans/late", json=PLAN | changes)
    assert answer.status_code == 422
    problem = answer.json()
    assert [error["where"] for error in problem["errors"]] == [where]
    assert said in problem["detail"]
    assert (await admin.get("/plans/late")).status_code == 404
