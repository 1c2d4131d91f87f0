import datetime as dt
from collections.abc import Sequence

import httpx
import pytest
from callers import Clock
from sheets import Rows, moment, table, workbook
from squares import collection, feature

XLSX = {"content-type": "application/octet-stream"}
TEAMS: Rows = [["Name"], ["Late"]]
OFFICERS: Rows = [["Collar No", "Name", "Team"], [7, "A. Example", "Late"], ["0012", "B", None]]
KIT: Rows = [["Radio", "Collar No", "From", "To"], ["r1", 7, moment("2026-01-02 14:00"), None]]
DUTY: Rows = [["Collar No", "Date", "Start", "End"], [7, dt.date(2026, 1, 2), "22:00", "07:00"]]
ABSTRACTIONS: Rows = [
    ["Team", "Start", "End", "Reason"],
    ["Late", "02/01/2026 18:00", "02/01/2026 20:00", "football"],
]
PLANS: Rows = [
    ["Plan", "Name", "Window", "Days", "Start", "End", "Weighted", "First day", "Teams"],
    ["p", "Nights", "late", "Fri-Sat", "22:00", "02:00", "yes", dt.date(2026, 1, 2), "Late"],
    ["p", None, "day", None, "10:00", "14:00", None, None, None],
]
SPOTS: Rows = [
    ["Plan", "Hot spot", "Weight", "Task", "Note"],
    ["p", "HS1", 3, "Walk the arcade", "Talk to traders"],
    ["p", "HS2", None, None, None],
]
TRIAL: Rows = [["Plan", "Hot spot", "Day", "Arm"], ["p", "HS1", "03/01/2026", "control"]]
BOOK = {
    "Briefings": [["Hot spot", "Task"], ["HS2", "Stand at the corner"]],
    "Trial days": TRIAL,
    "Plan hot spots": SPOTS,
    "Plans": PLANS,
    "Abstractions": ABSTRACTIONS,
    "Duty": DUTY,
    "Kit log": KIT,
    "Officers": OFFICERS,
    "Teams": TEAMS,
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Both kinds of database are tried beside this, by tests/app/test_imports.py."""
    return sqlite_url


@pytest.fixture(autouse=True)
async def places(admin: httpx.AsyncClient) -> None:
    spots = collection(feature("HS1"), feature("HS2"))
    await admin.post("/hotspots", json=spots, params={"valid_from": "2026-01-01"})
    await admin.post("/devices", json={"name": "r1", "kind": "radio"})


async def post(admin: httpx.AsyncClient, data: bytes, **query: object) -> httpx.Response:
    return await admin.post("/import", content=data, headers=XLSX, params=query)


async def problems(admin: httpx.AsyncClient, **sheets: Rows) -> list[tuple[str, int, str, str]]:
    """What an import of sheets is refused for: sheet, row, column, and what is wrong."""
    answer = await post(admin, workbook({name.replace("_", " "): sheets[name] for name in sheets}))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [
        (one["sheet"], one["row"], one["column"], one["what"]) for one in answer.json()["errors"]
    ]


async def items(admin: httpx.AsyncClient, path: str) -> list[dict]:
    return (await admin.get(path)).json()["items"]


PATHS = ("teams", "officers", "assignments", "duty-times", "abstractions", "plans", "briefings")


async def held(admin: httpx.AsyncClient) -> dict[str, Sequence[dict]]:
    return {path: await items(admin, f"/{path}") for path in PATHS}


async def test_a_workbook_of_everything_is_taken_whatever_the_order_of_its_sheets(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    answer = await post(admin, workbook(BOOK))
    assert answer.status_code == 200, answer.text
    assert answer.json()["notes"] == []
    counts = {one.pop("table"): list(one.values()) for one in answer.json()["tables"]}
    assert counts == {
        "teams": [1, 1, 0, 0],
        "officers": [2, 2, 0, 0],
        "assignments": [1, 1, 0, 0],
        "duty": [1, 1, 0, 0],
        "abstractions": [1, 1, 0, 0],
        "plans": [2, 1, 0, 0],
        "plan_hotspots": [2, None, None, None],
        "trial_days": [1, None, None, None],
        "briefings": [2, 2, 0, 0],
    }
    stored = await held(admin)
    assert stored["officers"] == [
        {"number": "7", "name": "A. Example", "team": "Late", "organisation": "police"},
        {"number": "0012", "name": "B", "team": None, "organisation": "police"},
    ]
    (kit,) = stored["assignments"]
    assert (kit["device"], kit["officer"], kit["end"]) == ("r1", "7", None)
    assert kit["start"] == "2026-01-02T14:00:00.000000Z"
    (night,) = stored["duty-times"]
    assert night["end"] == "2026-01-03T07:00:00.000000Z"
    (plan,) = stored["plans"]
    assert (plan["name"], plan["hotspots"], plan["weights"]) == (
        "Nights",
        ["HS1", "HS2"],
        {"HS1": 3},
    )
    assert [(one["name"], one["by_weight"]) for one in plan["windows"]] == [
        ("late", True),
        ("day", False),
    ]
    assert plan["trial"] == {"days": [{"hotspot": "HS1", "day": "2026-01-03", "treatment": False}]}
    assert plan["teams"] == ["Late"]
    tasks = {one["hotspot"]: (one["task"], one["note"]) for one in stored["briefings"]}
    assert tasks["HS1"] == ("Walk the arcade", "Talk to traders")

    clock.set("2026-01-15T13:00:00Z")
    again = (await post(admin, workbook(BOOK))).json()["tables"]
    assert all(one["unchanged"] in {one["rows"], None} or one["table"] == "plans" for one in again)
    assert [one["unchanged"] for one in again if one["table"] == "plans"] == [1]
    assert await held(admin) == stored


async def test_a_dry_run_says_what_would_become_of_it_and_stores_nothing(
    admin: httpx.AsyncClient,
) -> None:
    before = await held(admin)
    answer = await post(admin, workbook(BOOK), dry_run=True)
    assert answer.status_code == 200
    assert answer.json()["dry_run"] is True
    assert answer.json()["tables"][0]["created"] == 1
    assert await held(admin) == before


async def test_nothing_is_imported_where_anything_is_wrong(admin: httpx.AsyncClient) -> None:
    before = await held(admin)
    late = [*DUTY, [9, dt.date(2026, 1, 2), "22:00", "07:00"]]
    found = await problems(admin, **{**BOOK, "Duty": late})
    assert found == [("Duty", 3, "A (Collar No)", "there is no officer '9'")]
    assert await held(admin) == before


async def test_a_table_that_says_less_leaves_the_rest_as_it_is(admin: httpx.AsyncClient) -> None:
    await post(admin, workbook(BOOK))
    lean = {
        "Officers": [["Number", "Name"], [7, "C. Example"]],
        "Plans": [["Plan", "Window", "Start", "End"], ["p", "late", "23:00", "03:00"]],
    }
    answer = await post(admin, workbook(lean))
    assert [one["changed"] for one in answer.json()["tables"]] == [1, 1]
    stored = await held(admin)
    assert stored["officers"][0]["name"] == "C. Example"
    assert stored["officers"][0]["team"] == "Late"
    (plan,) = stored["plans"]
    assert (plan["name"], plan["first_day"], plan["hotspots"]) == (
        "Nights",
        "2026-01-02",
        ["HS1", "HS2"],
    )
    assert [one["start"] for one in plan["windows"]] == ["23:00"]


async def test_the_places_of_a_plan_and_the_days_of_its_trial_change_together(
    admin: httpx.AsyncClient,
) -> None:
    await post(admin, workbook(BOOK))
    only = [["Plan", "Hot spot"], ["p", "HS2"]]
    found = await problems(admin, Plan_hot_spots=only)
    assert [(row, what) for _, row, _, what in found] == [
        (2, "trial.days[0]: HS1 is not among the hot spots of the plan")
    ]
    days = [TRIAL[0], ["p", "HS2", "04/01/2026", "treatment"]]
    answer = await post(admin, workbook({"Plan hot spots": only, "Trial days": days}))
    assert answer.status_code == 200, answer.text
    (plan,) = await items(admin, "/plans")
    assert (plan["hotspots"], plan["weights"]) == (["HS2"], {})
    assert plan["trial"] == {"days": [{"hotspot": "HS2", "day": "2026-01-04", "treatment": True}]}


async def test_an_assignment_given_again_with_its_end_is_ended(admin: httpx.AsyncClient) -> None:
    await post(admin, workbook(BOOK))
    ended = [KIT[0], [*KIT[1][:3], moment("2026-01-02 22:00")]]
    after = ["r1", "0012", moment("2026-01-02 22:00"), None]
    answer = await post(admin, workbook({"Kit log": [*ended, after]}))
    (count,) = answer.json()["tables"]
    assert (count["created"], count["changed"]) == (1, 1)
    ends = [one["end"] for one in await items(admin, "/assignments")]
    assert sorted(ends, key=str) == ["2026-01-02T22:00:00.000000Z", None]


async def test_overlapping_assignments_of_a_device_are_named_both(admin: httpx.AsyncClient) -> None:
    people = {"Teams": TEAMS, "Officers": OFFICERS}
    rows = [*KIT, ["r1", "0012", "02/01/2026 15:00", "02/01/2026 16:00"]]
    found = await problems(admin, **people, Kit_log=rows)
    stretch = "from 2026-01-02T14:00:00Z on"
    assert found == [
        ("Kit log", 3, "C (From)", f"'r1' is with officer '7' {stretch} (row 2), which overlaps")
    ]
    await post(admin, workbook({**people, "Kit log": KIT}))
    found = await problems(admin, Kit_log=[rows[0], rows[2]])
    assert [one[3] for one in found] == [
        f"'r1' is with officer '7' {stretch} (as is stored), which overlaps"
    ]


async def test_what_there_is_not_is_named_and_what_may_be_meant(admin: httpx.AsyncClient) -> None:
    found = await problems(
        admin,
        Officers=[*OFFICERS, [8, "D", "Lates"]],
        Teams=TEAMS,
        Duty=[*DUTY, [12, "02/01/2026", "06:00", "14:00"]],
        Abstractions=[ABSTRACTIONS[0], ["late", *ABSTRACTIONS[1][1:]]],
        Kit_log=[KIT[0], ["r9", 7, "02/01/2026 15:00", None]],
        Plans=[*PLANS, ["q", None, "x", None, "10:00", "11:00", None, "02/01/2026", "North"]],
        Plan_hot_spots=[*SPOTS, ["p", "HS9", None, None, None], ["z", "HS1", None, None, None]],
        Briefings=[["Hot spot", "Task"], ["hs-1", "Walk"]],
    )
    assert sorted((sheet, row, what) for sheet, row, _, what in found) == [
        ("Abstractions", 2, "there is no team 'late'; is 'Late' meant?"),
        ("Briefings", 2, "there is no hot spot 'hs-1'; is 'HS1' meant?"),
        ("Duty", 3, "there is no officer '12'; is '0012' meant?"),
        ("Kit log", 2, "there is no device 'r9'"),
        ("Officers", 4, "there is no team 'Lates'"),
        ("Plan hot spots", 4, "there is no hot spot 'HS9'"),
        ("Plan hot spots", 5, "there is no plan 'z', stored or in a table of plans"),
        ("Plans", 4, "there is no team 'North'"),
    ]


async def test_a_row_that_says_something_again_is_named_with_the_first(
    admin: httpx.AsyncClient,
) -> None:
    found = await problems(
        admin,
        Teams=[*TEAMS, ["Late"]],
        Officers=[*OFFICERS, ["7", "E", None], OFFICERS[1]],
        Duty=[*DUTY, DUTY[1]],
        Plans=[*PLANS, PLANS[1]],
        Plan_hot_spots=[*SPOTS, ["p", "HS1", 4, "Stand still", None]],
        Trial_days=[*TRIAL, ["p", "HS1", "03/01/2026", "treatment"]],
    )
    assert sorted((sheet, row, what) for sheet, row, _, what in found) == [
        ("Duty", 3, "it says the same as row 2"),
        ("Officers", 4, "it contradicts row 2"),
        ("Officers", 5, "it says the same as row 2"),
        ("Plan hot spots", 4, "it contradicts row 2"),
        ("Plan hot spots", 4, "the briefing of 'HS1' is another than in row 2"),
        ("Plans", 4, "it says the same as row 2"),
        ("Teams", 3, "it says the same as row 2"),
        ("Trial days", 3, "it contradicts row 2"),
    ]


PLAN_HEAD = ["Plan", "Window", "Start", "End", "Min", "Max", "First day", "Last day", "Time zone"]


async def test_plans_that_cannot_be_meant_are_named_by_row_and_column(
    admin: httpx.AsyncClient,
) -> None:
    rows = [
        PLAN_HEAD,
        ["a", "late", "22:00", "22:00", None, None, "02/01/2026", None, None],
        ["b", "late", "22:00", "02:00", 20, 15, "02/01/2026", "01/01/2026", None],
        ["c", "late", "22:00", "02:00", None, None, None, None, "Europe/Lodnon"],
        ["d", "late", "22:00", "02:00", 10, None, "02/01/2026", None, None],
        ["d", "day", "10:00", "12:00", 12, None, None, None, None],
        ["e", "late", "22:00", None, 0, None, "01/02/26", None, None],
    ]
    found = await problems(admin, Plans=rows)
    assert [(row, column) for _, row, column, _ in found] == [
        (2, "D (End)"),
        (3, "F (Max)"),
        (3, "H (Last day)"),
        (4, "G (First day)"),
        (4, "I (Time zone)"),
        (6, "E (Min)"),
        (7, "D (End)"),
        (7, "E (Min)"),
        (7, "G (First day)"),
    ]
    said = [what for *_, what in found]
    assert said[0] == "it starts and ends at 22:00"
    assert said[1] == "15 is not from minimum_minutes, 20, to 1440"
    assert said[2] == "2026-01-01 is before first_day, 2026-01-02"
    assert said[3] == "it is empty, and 'c' is a new plan"
    assert said[5] == "it is of the whole plan, and another in row 5"
    assert "a year of four digits" in said[8]


async def test_a_place_that_is_not_valid_when_it_is_asked_for_is_named(
    admin: httpx.AsyncClient,
) -> None:
    later = collection(feature("HS3"))
    await admin.post("/hotspots", json=later, params={"valid_from": "2026-02-01"})
    found = await problems(
        admin,
        Plans=[PLANS[0], PLANS[1][:8]],
        Teams=TEAMS,
        Plan_hot_spots=[*SPOTS, ["p", "HS3", None, None, None]],
        Trial_days=[*TRIAL, ["p", "HS3", "31/01/2026", "control"], ["p", "HS1", "01/01/2026", "T"]],
    )
    late = "'HS3' is not valid on 2026-01-15: it is from 2026-02-01 on"
    asked = f"the plan asks for it from 2026-01-15 on, and {late}"
    assert sorted(found) == [
        ("Plan hot spots", 4, "B (Hot spot)", asked),
        ("Trial days", 3, "C (Day)", "'HS3' is not valid on 2026-01-31: it is from 2026-02-01 on"),
        ("Trial days", 4, "C (Day)", "2026-01-01 is not a day of the plan"),
    ]


async def test_a_row_with_a_cell_that_is_wrong_is_held_against_the_rest_all_the_same(
    admin: httpx.AsyncClient,
) -> None:
    found = await problems(
        admin,
        Officers=[["Number", "Name", "Team"], [None, "A", "West"]],
        Kit_log=[KIT[0], ["r9", 9, "soon", None]],
        Duty=[DUTY[0], [8, "soon", "22:00", "07:00"]],
        Abstractions=[["Officer", "Team", *ABSTRACTIONS[0][1:]], [9, "North", "x", "y", "z"]],
        Plan_hot_spots=[SPOTS[0], ["z", "HS9", "heavy", None, None]],
        Trial_days=[TRIAL[0], ["z", "HS9", "soon", "control"]],
        Briefings=[["Hot spot", "Task"], ["HS9", None]],
    )
    assert [(sheet, column) for sheet, _, column, what in found if what.startswith("there is")] == [
        ("Officers", "C (Team)"),
        ("Kit log", "A (Radio)"),
        ("Kit log", "B (Collar No)"),
        ("Duty", "A (Collar No)"),
        ("Abstractions", "A (Officer)"),
        ("Abstractions", "B (Team)"),
        ("Plan hot spots", "A (Plan)"),
        ("Plan hot spots", "B (Hot spot)"),
        ("Trial days", "A (Plan)"),
        ("Trial days", "B (Hot spot)"),
        ("Briefings", "A (Hot spot)"),
    ]


async def test_of_many_problems_those_of_the_first_rows_are_told(admin: httpx.AsyncClient) -> None:
    # What is read to be wrong is found before what names nobody.
    rows = [
        ["9", "02/01/2026", "06:00", "14:00"],
        *(["9", "x", "06:00", "14:00"] for _ in "x" * 999),
    ]
    lines = "\n".join(",".join(row) for row in rows)
    answer = await post(admin, f"officer,date,start,end\n{lines}\n".encode())
    told = [(one["row"], one["column"]) for one in answer.json()["errors"]]
    assert told[:3] == [(2, "A (officer)"), (3, "A (officer)"), (3, "B (date)")]
    assert (told[-1], answer.json()["more"]) == ((502, "A (officer)"), 999)


async def test_a_plan_whose_only_place_there_is_not_is_not_said_to_be_for_all(
    admin: httpx.AsyncClient,
) -> None:
    book = {"Teams": TEAMS, "Plans": [PLANS[0], [*PLANS[1][:6], None, *PLANS[1][7:]]]}
    wrong = {**book, "Plan hot spots": [SPOTS[0], ["p", "HS9", None, None, None]]}
    assert (await post(admin, workbook(wrong))).json()["notes"] == []
    everywhere = (await post(admin, workbook(book))).json()["notes"]
    assert everywhere == ["plan p is for all hot spots: no table lists any"]


def _plan(windows: int = 1, **values: object) -> dict[str, Rows]:
    given = {"First day": "02/01/2026", **values}
    rows = [["p", f"w{n}", "10:00", "11:00"] for n in range(windows)]
    return {
        "Plans": [
            ["Plan", "Window", "Start", "End", *given],
            [*rows[0], *given.values()],
            *rows[1:],
        ]
    }


def _briefing(task: str, note: str) -> dict[str, Rows]:
    return {"Briefings": [["Hot spot", "Task", "Note"], ["HS1", task, note]]}


def _duty(start: str, end: str) -> dict[str, Rows]:
    return {
        "Officers": [["Number", "Name"], ["7", "A"]],
        "Duty": [["Officer", "Start", "End"], ["7", start, end]],
    }


# What is least, and most, that may be said, and what is past it.
LIMITS = [
    (_briefing("t", ""), _briefing("t" * 200, "n" * 4_000), _briefing("t" * 201, "n")),
    (_briefing("t", "a\nb"), _briefing("t", "n" * 4_000), _briefing("t", "n" * 4_001)),
    (_plan(1), _plan(100), _plan(101)),
    (_plan(patrols=1), _plan(patrols=1_000), _plan(patrols=1_001)),
    (_plan(min=1, max=1), _plan(min=1_440, max=1_440), _plan(max=1_441)),
    (_plan(overdue=1), _plan(overdue=10_080), _plan(overdue=10_081)),
    (_plan(observability=0), _plan(observability=1), _plan(observability=1.01)),
    (_plan(target=0.01), _plan(target=1), _plan(target=1.01)),
    (_plan(name="n"), _plan(name="n" * 200), _plan(name="n" * 201)),
    (
        _duty("03/01/1970 01:00", "03/01/1970 02:00"),
        _duty("28/12/2199 22:00", "28/12/2199 23:00"),
        _duty("28/12/2199 22:00", "28/12/2199 24:00"),
    ),
    (
        _duty("03/01/1970 01:00", "03/01/1970 24:00"),
        _duty("27/12/2199 22:00", "27/12/2199 24:00"),
        _duty("03/01/1970 00:30", "03/01/1970 02:00"),
    ),
]


async def test_what_can_be_imported_can_be_shown(admin: httpx.AsyncClient) -> None:
    for limit in LIMITS:
        answers = [(await post(admin, workbook(book))).status_code for book in limit]
        assert answers == [200, 200, 422], limit
        for path in ("plans", "briefings", "duty-times"):
            assert (await admin.get(f"/{path}")).status_code == 200, limit


async def test_lots_are_drawn_with_a_seed_and_a_number(admin: httpx.AsyncClient) -> None:
    head = ["Plan", "Window", "Start", "End", "First day", "Seed", "Treated"]
    row = ["p", "late", "22:00", "02:00", "02/01/2026", "9007199254740993"]
    found = await problems(admin, Plans=[head, [*row, None]], Plan_hot_spots=SPOTS)
    assert [(one[2], one[3]) for one in found] == [
        ("G (Treated)", "it is empty; lots are drawn with it and 'seed'")
    ]
    found = await problems(admin, Plans=[head, [*row, 3]], Plan_hot_spots=SPOTS)
    assert [one[2] for one in found] == ["G (Treated)"]
    both = {"Plans": [head, [*row, 1]], "Plan hot spots": SPOTS}
    found = await problems(admin, **both, Trial_days=TRIAL)
    assert [(one[2], one[3]) for one in found] == [
        ("F (Seed)", "a table lists the trial's days, too: leave one out")
    ]
    answer = await post(admin, workbook(both))
    assert answer.status_code == 200
    (plan,) = await items(admin, "/plans")
    assert plan["trial"] == {"seed": 9007199254740993, "treated": 1}


async def test_several_files_may_come_as_a_form_and_are_known_by_name_or_heading(
    admin: httpx.AsyncClient,
) -> None:
    files = [
        ("file", ("teams.csv", table("name\nLate"))),
        ("file", ("week.csv", table("collar no;name\n7;A"))),
    ]
    answer = await admin.post("/import", files=files)
    assert [one["table"] for one in answer.json()["tables"]] == ["teams", "officers"]


async def test_local_times_are_of_the_zone_that_is_named(admin: httpx.AsyncClient) -> None:
    await post(admin, workbook({"Teams": TEAMS, "Officers": OFFICERS}))
    await post(admin, workbook({"Duty": DUTY}), timezone="America/New_York")
    (night,) = await items(admin, "/duty-times")
    assert night["start"] == "2026-01-03T03:00:00.000000Z"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"table": "rosters"}, 422, "tables are teams, officers"),
        ({"timezone": "Europe/Lodnon"}, 422, "no time zone is called 'Europe/Lodnon'"),
        ({}, 400, "the file is empty"),
    ],
)
async def test_a_request_that_cannot_be_meant_is_told(
    admin: httpx.AsyncClient, query: dict[str, str], status: int, said: str
) -> None:
    answer = await post(admin, b"", **query)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
