import asyncio
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from shapely import box
from squares import collection, feature, square
from typer.testing import CliRunner, Result

from app.cli import cli
from app.compliance.plan import DrawnTrial, Plan, Window
from app.storage import hotspots, plans
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATE = Window("late", dt.time(15), dt.time(23), patrols=2)
NIGHT = Window("night", dt.time(23), dt.time(5), weekdays=frozenset({4}))
PLAN = Plan("summer", "Summer", (LATE, NIGHT), dt.date(2026, 1, 1), coverage_target=0.8)
FRIDAY, MONDAY = "2026-03-06", "2026-03-09"


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["capacity", *map(str, args)])


def answer(*args: object) -> dict[str, list[dict[str, float]]]:
    result = run(*args, "--json", "--runs", 50)
    assert result.exit_code == 0, result.output
    found: dict[str, list[dict[str, float]]] = json.loads(result.stdout)
    return found


@pytest.fixture
def spots(tmp_path: Path) -> Path:
    """Twenty-five squares in a row; what is first in the file is last in rank."""
    features = [
        feature(f"HS{25 - i}", square(-2.98 + 0.004 * i), rank=25 - i, name=str(i))
        for i in range(25)
    ]
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps(collection(*features)))
    return file


def planned(url: str, *given: Plan) -> None:
    """Stores nine hot spots, and plans."""

    async def store() -> None:
        database = Database(url)
        versions = [
            HotspotVersion(
                f"HS{i}", f"Square {i}", box(lon, 53.4, lon + 0.001, 53.401), 0, LONG_AGO
            )
            for i in range(1, 10)
            for lon in [-2.98 + 0.005 * i]
        ]
        async with database.write() as writer:
            await hotspots.put(writer, versions, LONG_AGO)
            for plan in given:
                await plans.put(writer, plan, LONG_AGO)
        await database.close()

    asyncio.run(store())


def test_hot_spots_of_a_file_are_answered_for_in_a_table_and_in_words(spots: Path) -> None:
    result = run("--officers", 4, "--hotspots", spots, "--window", "15:00-23:00", "--runs", 100)
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert {row[0] for row in rows if row and row[0].isdigit()} == {"25", "20"}
    assert "With 4 officers in crews of 2, expect this coverage by number of hot spots:" in (
        " ".join(result.stdout.split())
    )
    assert run(
        "--officers", 4, "--hotspots", spots, "--window", "15:00-23:00", "--runs", 100
    ).stdout == result.stdout  # fmt: skip


def test_the_first_hot_spots_by_rank_are_those_that_stay(spots: Path) -> None:
    # Rank 1 is at the far end of the row; the station by the last one is far from it.
    alone = ("--calls-per-hour", 0, "--other-minutes", 0, "--abstraction", 0, "--speed", 5)
    asked = ("--officers", 2, "--hotspots", spots, "--window", "15:00-16:00", *alone)
    near = answer(*asked, "--hotspots-counts", "3", "--station", "53.4005,-2.8835")
    far = answer(*asked, "--hotspots-counts", "3", "--station", "53.4005,-2.98")
    assert near["forecasts"][0]["coverage"] > far["forecasts"][0]["coverage"]
    assert near["forecasts"][0]["hotspots"] == 3


def test_what_is_said_of_so_many_hot_spots_does_not_hang_on_what_else_is_asked(
    spots: Path,
) -> None:
    asked = ("--officers", 4, "--hotspots", spots, "--window", "15:00-23:00", "--hotspots-counts")
    assert answer(*asked, "20")["forecasts"] == answer(*asked, "25,20")["forecasts"][1:]


def test_windows_of_a_file_are_each_to_be_covered_even_past_midnight(spots: Path) -> None:
    windows = ("--window", "20:00-23:00", "--window", "00:30-02:00")
    found = answer("--officers", 40, "--hotspots", spots, *windows)["forecasts"]
    assert [one["cells"] for one in found] == [50, 40]
    assert found[0]["coverage"] > 0.9


def test_a_plan_of_the_database_is_asked_by_its_windows_and_its_target(database_url: str) -> None:
    planned(database_url, PLAN)
    asked = ("--officers", 6, "--plan", "summer", "--database", database_url)
    [found] = answer(*asked, "--day", MONDAY)["forecasts"]
    assert (found["hotspots"], found["cells"], found["required"]) == (9, 9, 18)
    assert found["target"] == 0.8
    [night] = answer(*asked, "--day", FRIDAY, "--window", "night")["forecasts"]
    assert (night["cells"], night["required"]) == (9, 9)


def test_of_a_trial_those_under_treatment_are_asked_for_and_the_heaviest_first(
    sqlite_url: str,
) -> None:
    named = replace(
        PLAN,
        windows=(replace(LATE, patrols=18, by_weight=True),),
        hotspots=frozenset(range(1, 10)),
        keys={i: f"HS{i}" for i in range(1, 10)},
        weights={9: 10.0},
    )
    drawn = replace(named, key="trial", windows=(LATE,), trial=DrawnTrial(1, 4), weights={})
    planned(sqlite_url, named, drawn)
    asked = ("--officers", 6, "--database", sqlite_url, "--day", MONDAY)
    [first] = answer(*asked, "--plan", "summer", "--hotspots-counts", "1")["forecasts"]
    assert first["required"] == 10
    [trial] = answer(*asked, "--plan", "trial")["forecasts"]
    assert (trial["hotspots"], trial["required"]) == (4, 8)


def test_a_plan_is_asked_on_the_next_day_that_it_runs(sqlite_url: str) -> None:
    planned(sqlite_url, replace(PLAN, windows=(NIGHT,), first_day=dt.date(2031, 1, 1)))
    [found] = answer("--officers", 6, "--plan", "summer", "--database", sqlite_url)["forecasts"]
    assert found["cells"] == 9


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--plan", "winter"), "plan: there is no plan 'winter'"),
        (("--plan", "summer", "--window", "x"), "window: plan 'summer' has no window 'x'"),
        (("--plan", "summer", "--day", "2025-01-01"), "plan: plan 'summer' requires nothing on"),
        (("--plan", "summer", "--day", FRIDAY), "window: the windows reach over 14 hours"),
        (("--plan", "summer", "--day", MONDAY, "--minutes", 9), "minutes: patrols of 9 minutes"),
        ((), "plan: give one, --plan KEY, or else --hotspots FILE"),
    ],
)
def test_a_plan_that_cannot_be_asked_is_told_of_in_one_line(
    args: tuple[object, ...], said: str, sqlite_url: str
) -> None:
    planned(sqlite_url, PLAN)
    result = run("--officers", 4, "--database", sqlite_url, *args)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"beatkeeper: {said}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--officers", 0), "officers: there are none: nobody can patrol"),
        (("--officers", 1), "crew: a crew is 2 officers, and there are 1"),
        (("--speed", 0), "speed: 0 km/h is not above 0"),
        (("--abstraction", 1), "abstraction: 1 is not a share from 0 to below 1"),
        (("--patrols", 0), "patrols: nothing is required"),
        (("--minutes", 600), "minutes: patrols of 600 minutes do not fit into a window of 480"),
        (("--hotspots-counts", "40,20"), "hotspots-counts: there are 25 hot spots: 40 cannot"),
        (("--hotspots-counts", "many"), "hotspots-counts: 'many' is not like 40,30,20"),
        (("--station", "Leeds"), "station: 'Leeds' is not LAT,LON"),
        (("--station", "153.4,-2.9"), "station: '153.4,-2.9' is nowhere on Earth"),
        (("--window", "late"), "window: 'late' is not two times such as 15:00-23:00"),
        (("--runs", 0), "runs: 0 is not from 1 to 20000"),
        (("--plan", "summer"), "plan: give one, --plan KEY, or else --hotspots FILE"),
    ],
)
def test_what_nobody_could_answer_is_told_in_one_line(
    args: tuple[object, ...], said: str, spots: Path
) -> None:
    result = run("--officers", 4, "--hotspots", spots, "--window", "15:00-23:00", *args)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"beatkeeper: {said}")
    assert result.stderr.count("\n") == 1


def test_a_file_without_hot_spots_or_a_window_is_told_of_in_one_line(
    spots: Path, tmp_path: Path
) -> None:
    bad = {"absent": "cannot be read", "{": "is not JSON", json.dumps(collection()): "has no hot"}
    for content, said in bad.items():
        file = tmp_path / "bad.geojson"
        if content != "absent":
            file.write_text(content)
        result = run("--officers", 4, "--hotspots", file, "--window", "15:00-23:00")
        assert result.exit_code == 2
        assert said in result.stderr
    unasked = run("--officers", 4, "--hotspots", spots)
    assert "window: a file's hot spots need one: 15:00-23:00" in unasked.stderr
