import asyncio
import datetime as dt
from dataclasses import replace

from people_given import staff
from shapely import box

from app.access.viewer import Role, Viewer
from app.compliance.calendar import Calendar, zone
from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window
from app.storage import hotspots, plans
from app.storage.engine import Database
from app.storage.errors import Conflict
from app.storage.hotspots import HotspotVersion
from app.storage.types import to_us

VIEWER = Viewer("x", Role.ANALYST)
NOW = dt.datetime(2026, 1, 15, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
PLAN = Plan(
    key="late",
    name="Late turns",
    windows=(
        Window("late", dt.time(15), dt.time(23), frozenset({4, 5}), 2),
        Window("early", dt.time(6, 30), dt.time(14)),
    ),
    first_day=dt.date(2026, 1, 1),
    last_day=dt.date(2026, 3, 1),
    minimum_minutes=12.5,
    coverage_target=0.8,
    calendar=Calendar(zone("America/New_York"), dt.time(5, 30)),
)


async def put(database: Database, plan: Plan, now: dt.datetime) -> None:
    async with database.write() as writer:
        await plans.put(writer, plan, now)


async def test_a_plan_and_what_it_was_before_come_back(database: Database) -> None:
    changed = replace(PLAN, name="Later turns", windows=PLAN.windows[:1])
    for hour, plan in enumerate((PLAN, PLAN, changed)):
        await put(database, plan, NOW + hour * HOUR)
    async with database.read() as reader:
        history = await plans.history(reader, VIEWER, "late", NOW + 9 * HOUR)
        early = await plans.history(reader, VIEWER, "late", NOW + HOUR)
        assert await plans.one(reader, VIEWER, "late") == changed
        assert await plans.one(reader, VIEWER, "other") is None
    assert [version.plan for version in history] == [PLAN, changed]
    assert history[0].known_to_us == history[1].known_from_us == to_us(NOW + 2 * HOUR)
    assert history[1].known_to_us is None
    assert [version.plan for version in early] == [PLAN]


async def test_all_that_a_plan_asks_for_comes_back(database: Database) -> None:
    await staff(database)
    spots = [HotspotVersion(key, key, box(0, 0, 1, 1), 0, NOW) for key in ("HS1", "HS2", "HS3")]
    async with database.write() as writer:
        await hotspots.put(writer, spots, NOW)
    named = replace(
        PLAN,
        hotspots=frozenset({1, 2, 3}),
        keys={1: "HS1", 2: "HS2", 3: "HS3"},
        windows=(replace(PLAN.windows[0], by_weight=True),),
        weights={2: 3.5},
        teams=frozenset({2}),
        least_observability=0.5,
        overdue_minutes=30.0,
    )
    day = PLAN.first_day
    listed = ListedTrial({(3, day): True, (1, day): False, (3, dt.date(2026, 1, 2)): False})
    given = [
        named,
        replace(named, trial=DrawnTrial(-(2**63), 2)),
        replace(named, trial=listed),
        replace(PLAN, keys={1: "HS1", 3: "HS3"}, trial=listed),
    ]
    for hour, plan in enumerate(given):
        await put(database, plan, NOW + hour * HOUR)
        await put(database, plan, NOW + hour * HOUR)
    async with database.read() as reader:
        history = await plans.history(reader, VIEWER, "late", NOW + 9 * HOUR)
    assert [version.plan for version in history] == given


async def test_of_changes_at_the_same_time_one_is_in_force(database: Database) -> None:
    answers = await asyncio.gather(
        *(put(database, replace(PLAN, name=f"{n}"), NOW + n * HOUR) for n in range(4)),
        return_exceptions=True,
    )
    assert all(answer is None or isinstance(answer, Conflict) for answer in answers)
    async with database.read() as reader:
        found = await plans.one(reader, VIEWER, "late")
    assert found is not None
    assert found.name in "0123"
