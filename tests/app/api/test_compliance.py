import csv
import datetime as dt
import io

import httpx
import pytest
from callers import Clock, TokenFor
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.storage import erasures
from app.storage.engine import Database

LATE = 15 * 60
PLAN = {
    "name": "Late turns",
    "windows": [{"name": "late", "start": "15:00", "end": "23:00"}],
    "first_day": "2026-01-15",
}
DAY = {"plan": "late", "from": "2026-01-15", "to": "2026-01-15"}


@pytest.fixture(autouse=True)
async def shift(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """Four hot spots and a plan known before the day, and what two radios did on it."""
    clock.set("2026-01-14T12:00:00Z")
    spots = (feature(f"HS{n}", square(lon=-3 + n / 100), name=f"Spot {n}") for n in range(1, 5))
    await admin.post("/hotspots", json=collection(*spots))
    assert (await admin.put("/plans/late", json=PLAN)).status_code == 200
    await admin.post("/officers", json={"number": "1", "name": "One"})
    for name in ("radio-1", "radio-2"):
        await admin.post("/devices", json={"name": name, "kind": "radio"})
        body = {"device": name, "officer": "1", "start": "2026-01-15T15:00:00Z"}
        await admin.post("/assignments", json=body)
    await store(
        database,
        StoredVisit("radio-1", "HS1", LATE + 10, LATE + 18),  # with the next, one patrol
        StoredVisit("radio-2", "HS1", LATE + 15, LATE + 22),
        StoredVisit("radio-1", "HS2", LATE + 60, LATE + 70.5),  # surely 9.5 minutes
        StoredVisit("radio-1", "HS3", LATE + 100, LATE + 108),
        StoredVisit("radio-1", "HS4", LATE + 150, LATE + 151),  # a pass-through
        StoredVisit("radio-1", "HS4", LATE - 30, LATE - 18),  # before the window
    )
    clock.set("2026-01-16T12:00:00Z")


async def compliance(client: httpx.AsyncClient, **params: str) -> dict:
    answer = await client.get("/compliance", params=DAY | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_coverage_and_compliance_by_hot_spot_and_in_total(admin: httpx.AsyncClient) -> None:
    answer = await compliance(admin)
    assert answer | {"total": 0, "rows": 0} == {
        "plan": "late",
        "from": "2026-01-15",
        "to": "2026-01-15",
        "as_at": "2026-01-16T12:00:00.000000Z",
        "by": "hotspot",
        "method": 1,
        "coverage_target": 0.9,
        "open_visits": 0,
        # No service runs here that would do what the hot spots ask for.
        "recomputing": True,
        "surveying": False,
        "erased": None,
        "retrospective": False,
        "folded": None,
        "abstractions": [],
        "total": 0,
        "rows": 0,
    }
    total = answer["total"]
    assert total["coverage"] == {"value": 0.5, "low": 0.25, "high": 0.5, "n": 4}
    assert total["compliance_patrols"] == {"value": 0.5, "low": 0.25, "high": 0.5, "n": 4}
    # 10 + 10 + 8 of 40, certainly 10 + 9.5 + 7, at most 10 + 10 + 9.
    assert total["compliance_minutes"] == {"value": 0.7, "low": 0.6625, "high": 0.725, "n": 40}
    assert total["mean_patrol_minutes"] == {"value": 11.25, "n": 2}
    assert total["cells_uncertain"] == 1
    assert total["pass_throughs"] == 1
    assert total["patrol_minutes"] == 12 + 10.5 + 8
    # Officer 1 had both radios: the double crew that they look like is one person.
    assert total["officer_minutes"] == 12 + 10.5 + 8
    assert [row["hotspot"] for row in answer["rows"]] == ["HS1", "HS2", "HS3", "HS4"]
    assert answer["rows"][0]["name"] == "Spot 1"
    assert [row["coverage"]["value"] for row in answer["rows"]] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("day", [{"day": "2026-01-15"}, {"day": "2026-01-16"}]),
        ("window", [{"window": "late"}]),
        ("total", []),
    ],
)
async def test_figures_come_by_day_and_window_too(
    admin: httpx.AsyncClient, by: str, rows: list[dict]
) -> None:
    answer = await compliance(admin, by=by, to="2026-01-16")
    assert answer["total"]["cells"] == 8
    assert answer["total"]["cells_unfinished"] == 4
    assert [{by: row[by]} for row in answer["rows"]] == rows


async def test_figures_come_as_csv_with_the_total_last(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/compliance", params=DAY | {"f": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["hotspot"] for row in rows] == ["HS1", "HS2", "HS3", "HS4", "total"]
    total = rows[-1]
    assert (total["coverage"], total["coverage_low"], total["coverage_n"]) == ("0.5", "0.25", "4")
    assert total["patrols_10_to_15"] == "2"
    assert total["mean_patrol_minutes_n"] == "2"
    assert rows[3]["mean_patrol_minutes"] == ""


async def test_days_without_required_cells_have_no_percentage(admin: httpx.AsyncClient) -> None:
    answer = await compliance(admin, **{"from": "2026-01-01", "to": "2026-01-02"})
    assert answer["total"]["coverage"] == {"value": None, "low": None, "high": None, "n": 0}
    assert answer["rows"] == []


async def test_the_figures_of_a_place_do_not_depend_on_who_asks(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    await admin.post("/teams", json={"name": "A"})
    await admin.post("/officers", json={"number": "2", "name": "Two"})
    for role, more in (("officer", {"officer": "2"}), ("supervisor", {"teams": ["A"]})):
        headers = await token_for(role, **more)
        answer = await stranger.get("/compliance", params=DAY, headers=headers)
        assert answer.json() == await compliance(admin)


async def test_a_plan_loaded_later_is_used_and_marked(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    await admin.put("/plans/other", json=PLAN)
    answer = await compliance(admin, plan="other")
    assert answer["retrospective"]
    assert answer["total"]["coverage"]["n"] == 4
    clock.set("2026-01-20T12:00:00Z")
    assert not (
        await compliance(admin, plan="other", **{"from": "2026-01-17", "to": "2026-01-18"})
    )["retrospective"]


async def test_a_plan_is_judged_by_what_it_was_when_the_day_began(
    admin: httpx.AsyncClient,
) -> None:
    await admin.put("/plans/late", json=PLAN | {"hotspots": ["HS1"], "minimum_minutes": 5})
    assert (await compliance(admin))["total"]["coverage"]["n"] == 4


async def test_late_data_change_the_figure_but_not_what_it_was(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    before = await compliance(admin)
    later = 36 * 60 + 1
    late = StoredVisit("radio-2", "HS3", LATE + 300, LATE + 312, known_from=later)
    await store(database, late)
    clock.set("2026-01-16T13:00:00Z")
    after = await compliance(admin)
    assert after["total"]["coverage"]["value"] == 0.75
    assert await compliance(admin, as_at=before["as_at"]) == before


async def test_it_says_how_many_visits_were_open(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    clock.set("2026-01-15T20:00:00Z")
    still = StoredVisit(
        "radio-2", "HS4", LATE + 285, LATE + 294, exit_seen=False, open=True, known_from=1195
    )
    await store(database, still)
    answer = await compliance(admin)
    assert answer["open_visits"] == 1
    # An end that was not seen may yet make it a patrol.
    assert answer["rows"][3]["coverage"] == {"value": 0, "low": 0, "high": 1, "n": 1}
    # As at a moment, only what was closed counts: how an open one stood is not kept.
    answer = await compliance(admin, as_at="2026-01-15T20:00:00Z")
    assert answer["open_visits"] == 1
    assert answer["rows"][3]["coverage"] == {"value": 0, "low": 0, "high": 0, "n": 1}


async def test_a_visit_that_was_opened_again_is_counted_by_what_it_was_at_each_moment(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    """Opened 15:55, closed 16:20 with 12 min, open again 16:40, closed 17:00 with 20 min."""
    times = {"opened": 955, "exit_seen": True}
    first = StoredVisit("radio-2", "HS3", 950, 962, known_from=980, known_to=1000, **times)
    again = StoredVisit("radio-2", "HS3", 950, 970, known_from=1020, **times)
    await store(database, first, again)

    async def at(time: str) -> tuple[int, float]:
        answer = await compliance(admin, as_at=f"2026-01-15T{time}:00Z")
        return answer["open_visits"], answer["rows"][2]["patrol_minutes"]

    earlier = (await at("15:54"))[1]
    assert [await at(time) for time in ("15:54", "15:55", "16:19", "16:20", "16:39")] == [
        (0, earlier),
        (1, earlier),
        (1, earlier),
        (0, earlier + 12),
        (0, earlier + 12),
    ]
    assert await at("16:40") == (1, earlier)
    # From 16:53 the fixture's own visit at HS3, of 8 minutes, is known too.
    assert await at("16:59") == (1, earlier + 8)
    assert await at("17:00") == (0, 20 + 8)


async def test_a_visit_that_is_open_again_leaves_the_past_as_it_was(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    times = {"opened": 955, "exit_seen": True}
    first = StoredVisit("radio-2", "HS2", 950, 958, known_from=970, known_to=1000, **times)
    again = StoredVisit("radio-2", "HS2", 950, 975, open=True, known_from=1010, **times)
    await store(database, first, again)
    counts = {
        time: (await compliance(admin, as_at=f"2026-01-15T{time}:00Z"))["open_visits"]
        for time in ("15:54", "16:00", "16:10", "16:39", "16:40", "16:50")
    }
    assert list(counts.values()) == [0, 1, 0, 0, 1, 1]
    assert (await compliance(admin))["open_visits"] == 1


async def test_a_plan_changed_on_friday_leaves_a_retrospective_monday_as_it_was(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    monday = {"plan": "week", "from": "2026-01-15", "to": "2026-01-15", "by": "total"}
    await admin.put("/plans/week", json=PLAN)
    before = await compliance(admin, **monday)
    clock.set("2026-01-20T12:00:00Z")
    windows = [PLAN["windows"][0] | {"patrols": 3}]
    await admin.put("/plans/week", json=PLAN | {"windows": windows})
    after = await compliance(admin, **monday)
    assert after["total"] == before["total"]
    assert after["retrospective"]
    assert after["total"]["compliance_patrols"]["n"] == 4


async def test_a_question_of_too_many_cells_is_refused(admin: httpx.AsyncClient) -> None:
    windows = [
        {"name": f"w{n}", "start": "15:00", "end": "23:00", "patrols": 1} for n in range(100)
    ]
    await admin.put("/plans/many", json=PLAN | {"windows": windows})
    spots = [feature(f"X{n}", square(lon=-3 + n / 100)) for n in range(60)]
    await admin.post("/hotspots", json=collection(*spots))
    answer = await admin.get(
        "/compliance", params={"plan": "many", "from": "2026-01-15", "to": "2027-02-14"}
    )
    assert answer.status_code == 422
    assert "2,000,000 cells" in answer.json()["detail"]


async def test_a_text_that_a_spreadsheet_would_run_comes_with_an_apostrophe(
    admin: httpx.AsyncClient,
) -> None:
    names = ["=1+1", "+44", "-1", "@x"]
    spots = (
        feature(f"HS{n}", square(lon=-3 + n / 100), name=name) for n, name in enumerate(names, 1)
    )
    await admin.post("/hotspots", json=collection(*spots))
    answer = await admin.get("/compliance", params=DAY | {"f": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows[:-1]] == ["'" + name for name in names]
    assert rows[0]["cells"] == "1"


async def test_a_day_is_the_same_in_whatever_period_it_is_asked_for(
    admin: httpx.AsyncClient, database: Database
) -> None:
    """A patrol at the edge of two days' windows belongs to one of them only."""
    windows = [{"name": "all day", "start": "06:00", "end": "05:59"}]
    await admin.put("/plans/round", json=PLAN | {"windows": windows})
    await store(database, StoredVisit("radio-1", "HS3", 30 * 60 - 4, 30 * 60 + 9))
    both = await compliance(admin, plan="round", by="day", to="2026-01-16")
    for row in both["rows"]:
        alone = await compliance(
            admin, plan="round", by="day", **{"from": row["day"], "to": row["day"]}
        )
        # Alone it has no row before it.
        assert alone["rows"] == [row | {"change": None}]
    assert [row["patrols"] for row in both["rows"]] == [4, 1]


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"plan": "none"}, 404, "there is no plan 'none'"),
        ({"from": "2026-01-16"}, 422, "from: it is after to"),
        ({"to": "2027-02-19"}, 422, "to: at most 400 days"),
        ({"from": "15/01/2026"}, 422, "query.from: give a day as YYYY-MM-DD"),
        ({"to": "2026-02-30"}, 422, "query.to: "),
        ({"by": "planet"}, 422, "query.by: "),
        ({"as_at": "2026-01-16T12:00:01Z"}, 422, "as_at: it lies in the future"),
        ({"as_at": "2026-01-14T11:59:59Z"}, 404, "the plan 'late' was not known then: it was"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    admin: httpx.AsyncClient, params: dict[str, str], status: int, said: str
) -> None:
    answer = await admin.get("/compliance", params=DAY | params)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


async def test_figures_of_days_of_which_something_was_erased_say_so(
    admin: httpx.AsyncClient, database: Database
) -> None:
    day = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    a_day, gone = dt.timedelta(days=1), {"visits": 3}
    async with database.write() as writer:
        await erasures.count(writer, "fixes", day + 9 * a_day, gone, day)
        await erasures.count(writer, "visits", day - 9 * a_day, gone, day)
    assert (await compliance(admin))["erased"] is None
    person = erasures.Erasure("person", "all", day + a_day, {}, start=day, officer_id=1)
    async with database.write() as writer:
        begun = await erasures.begin(writer, person, day + a_day)
        await erasures.add(writer, begun, gone, day + a_day, done=True)
    assert (await compliance(admin))["erased"] == "2026-01-16T00:00:00.000000Z"
