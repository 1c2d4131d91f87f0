from hashlib import sha256

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
    "weights": {},
    "windows": [
        {
            "name": "late",
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "start": "15:00",
            "end": "23:00",
            "patrols": 2,
            "by_weight": False,
        },
        {
            "name": "night",
            "weekdays": ["fri", "sat"],
            "start": "22:00",
            "end": "02:00",
            "patrols": 1,
            "by_weight": False,
        },
    ],
    "minimum_minutes": 10,
    "maximum_minutes": 15,
    "coverage_target": 0.9,
    "least_observability": 0.8,
    "overdue_minutes": 60,
    "trial": None,
    "teams": None,
    "timezone": "Europe/London",
    "day_start": "06:00",
    "first_day": "2026-01-01",
    "last_day": None,
}


@pytest.fixture(autouse=True)
async def spots(admin: httpx.AsyncClient) -> None:
    later = feature("HS2", valid_from="2026-02-01")
    given = collection(feature("HS1"), later, feature("HS3"))
    assert (await admin.post("/hotspots", json=given)).status_code == 201


async def test_a_plan_is_shown_as_it_is_stored(admin: httpx.AsyncClient) -> None:
    asked = PLAN | {
        "hotspots": ["HS2", "HS1", "HS2"],
        "windows": [PLAN["windows"][0], PLAN["windows"][1] | {"weekdays": ["sat", "fri", "sat"]}],
        "weights": {"HS1": 1},
    }
    put = await admin.put("/plans/late", json=asked)
    assert put.json() == FULL | {
        "notes": [
            (
                "windows late, night: they overlap, and a patrol counts for one of them only, for "
                "the one that holds most of it"
            ),
            "HS1: valid from 2026-01-15 on, so that nothing is asked for there before",
            "HS2: valid from 2026-02-01 on, so that nothing is asked for there before",
        ],
    }
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


def trial(*place_days: tuple[str, str]) -> dict[str, object]:
    days = [{"hotspot": spot, "day": day, "treatment": True} for spot, day in place_days]
    return {"trial": {"days": days}}


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"hotspots": ["HS9"]}, "hotspots", "there is no hot spot 'HS9'"),
        ({"hotspots": []}, "hotspots", "none is named"),
        ({"timezone": "Europe/Lodnon"}, "timezone", "no time zone is called 'Europe/Lodnon'"),
        ({"minimum_minutes": 20}, "maximum_minutes", "not from minimum_minutes, 20, to 1440"),
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


REFUSED = [
    (window(by_weight=True) | {"hotspots": "all"}, "windows[late]", "name them"),
    ({"weights": {"HS1": 0}}, "weights", "0 for HS1 is not above 0"),
    ({"weights": {"HS3": 2}}, "weights", "HS3 is not named among hotspots"),
    ({"weights": {"HS3": 1}}, "weights", "HS3 is not named among hotspots"),
    ({"weights": {"HS9": 2}}, "weights", "there is no hot spot 'HS9'"),
    ({"teams": ["West"]}, "teams", "there is no team 'West'"),
    ({"teams": []}, "teams", "none is named"),
    ({"least_observability": 80}, "body.least_observability", "less than or equal to 1"),
    ({"overdue_minutes": 0}, "body.overdue_minutes", "greater than 0"),
    ({"trial": {"seed": 7, "treated": 1}, "hotspots": "all"}, "trial", "name them"),
    ({"trial": {"seed": 7, "treated": 3}}, "trial.treated", "3 of 2 hot spots"),
    ({"trial": {"seed": 2**63, "treated": 1}}, "trial.seed", "64 bits"),
    ({"trial": {"seed": 7}}, "body.trial.drawn.treated", "Field required"),
    (trial(("HS1", "2026-01-15"), ("HS9", "2026-01-15")), "trial.days[1]", "no hot spot"),
    (trial(("HS3", "2026-01-15")), "trial.days[0]", "not among the hot spots of the plan"),
    (trial(("HS1", "2025-12-31")), "trial.days[0]", "2025-12-31 is not a day of the plan"),
    (trial(*[("HS1", "2026-01-15")] * 2), "trial.days[1]", "listed on 2026-01-15 twice"),
    (
        trial(("HS1", "2026-01-15"), ("HS2", "2026-01-31")),
        "trial.days[1]",
        "HS2 is not valid on 2026-01-31: it is from 2026-02-01 on",
    ),
    (trial(), "body.trial.listed.days", "at least 1"),
]


async def test_a_trial_weights_and_teams_that_cannot_be_meant_are_refused_by_field(
    admin: httpx.AsyncClient,
) -> None:
    for changes, where, said in REFUSED:
        answer = await admin.put("/plans/late", json=PLAN | changes)
        assert answer.status_code == 422, changes
        problem = answer.json()
        assert [error["where"] for error in problem["errors"]] == [where]
        assert said in problem["detail"]
    assert (await admin.get("/plans/late")).status_code == 404


async def test_what_a_plan_asks_for_besides_comes_back(admin: httpx.AsyncClient) -> None:
    await admin.post("/teams", json={"name": "North"})
    more = {
        "weights": {"HS1": 2.5},
        "teams": ["North"],
        "least_observability": 0.7,
        "overdue_minutes": 45,
    }
    listed = [("HS1", "2026-01-16"), ("HS1", "2026-01-15")]
    for given, stored in (
        ({"seed": 7, "treated": 1}, {"seed": 7, "treated": 1}),
        (trial(*listed)["trial"], trial(*reversed(listed))["trial"]),
    ):
        put = await admin.put("/plans/late", json=PLAN | more | {"trial": given})
        expected = FULL | more | {"trial": stored}
        assert (await admin.get("/plans/late")).json() == expected
        assert put.json() == expected | {"notes": put.json()["notes"]}


async def cells(admin: httpx.AsyncClient, first: str, last: str, **more: str) -> httpx.Response:
    return await admin.get("/plans/late/cells", params={"from": first, "to": last, **more})


async def test_the_cells_show_patrols_shared_by_weight(admin: httpx.AsyncClient) -> None:
    asked = {"hotspots": ["HS1", "HS3"], "weights": {"HS3": 3}, "first_day": "2026-01-14"}
    await admin.put("/plans/late", json=PLAN | asked | window(by_weight=True, patrols=5))
    found = (await cells(admin, "2026-01-01", "2026-01-15")).json()
    # HS1 would get 1.25 of the five, HS3 3.75: the larger remainder gets what is left.
    assert found == {
        "items": [
            {
                "hotspot": spot,
                "window": "late",
                "day": "2026-01-15",
                "start": "2026-01-15T15:00:00.000000Z",
                "end": "2026-01-15T23:00:00.000000Z",
                "required": required,
                "arm": "treatment",
            }
            for spot, required in (("HS1", 1), ("HS3", 4))
        ],
        "next": None,
    }


async def test_anybody_can_draw_the_lots_of_a_trial_again(admin: httpx.AsyncClient) -> None:
    asked = {"hotspots": ["HS1", "HS3"], "trial": {"seed": 7, "treated": 1}}
    await admin.put("/plans/late", json=PLAN | asked | window(patrols=2))
    found = (await cells(admin, "2026-01-15", "2026-01-17")).json()["items"]
    for day in ("2026-01-15", "2026-01-16", "2026-01-17"):
        lots = {spot: sha256(f"7:{day}:{spot}".encode()).hexdigest() for spot in ("HS1", "HS3")}
        treated = min(lots, key=lots.__getitem__)
        shown = {one["hotspot"]: one for one in found if one["day"] == day}
        assert {spot: (one["arm"], one["required"]) for spot, one in shown.items()} == {
            spot: ("treatment", 2) if spot == treated else ("control", 0) for spot in lots
        }
    assert {one["arm"] for one in found} == {"treatment", "control"}
    table = (await cells(admin, "2026-01-15", "2026-01-17", f="csv")).text.splitlines()
    assert table[0] == "hotspot,window,day,start,end,required,arm"
    assert len(table) == 1 + len(found) == 7


async def test_of_a_listed_trial_only_what_is_listed_has_cells(admin: httpx.AsyncClient) -> None:
    days = [
        {"hotspot": "HS1", "day": "2026-01-15", "treatment": True},
        {"hotspot": "HS3", "day": "2026-01-15", "treatment": False},
        {"hotspot": "HS3", "day": "2026-01-16", "treatment": True},
    ]
    asked = {"hotspots": ["HS1", "HS3"], "trial": {"days": days}}
    await admin.put("/plans/late", json=PLAN | asked | window())
    found = (await cells(admin, "2026-01-15", "2026-01-17")).json()["items"]
    assert [(one["day"], one["hotspot"], one["arm"], one["required"]) for one in found] == [
        ("2026-01-15", "HS1", "treatment", 1),
        ("2026-01-15", "HS3", "control", 0),
        ("2026-01-16", "HS3", "treatment", 1),
    ]


async def test_cells_are_asked_for_in_order_of_known_plans_and_not_too_many(
    admin: httpx.AsyncClient,
) -> None:
    assert (await cells(admin, "2026-01-15", "2026-01-15")).status_code == 404
    await admin.put("/plans/late", json=PLAN)
    assert (await cells(admin, "2026-01-16", "2026-01-15")).status_code == 422
    long = await cells(admin, "2026-01-15", "2027-02-19")
    assert long.json()["detail"] == "to: at most 400 days can be asked for at once"
    windows = [{"name": f"w{n}", "start": "15:00", "end": "23:00"} for n in range(100)]
    await admin.put("/plans/late", json=PLAN | {"hotspots": "all", "windows": windows})
    many = await cells(admin, "2026-01-15", "2027-02-18")
    assert "more than 100,000 cells" in many.json()["detail"]
