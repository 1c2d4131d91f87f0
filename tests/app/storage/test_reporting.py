"""The views that other programs read: they say what the service says, and come and go whole."""

import datetime as dt
from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest
import sqlalchemy as sa
from stored_visits import StoredVisit, store
from wandering import SQUARES, degrees, enrol

from app.access.viewer import SERVICE
from app.compliance.groups import Period
from app.compliance.plan import Plan, Window
from app.reports.place_export import PLACES, of_places
from app.reports.table import OfPlan
from app.storage import migrate, plans, schema
from app.storage.engine import Database
from app.storage.errors import SchemaMismatch

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
DAYS = Period(dt.date(2026, 1, 15), dt.date(2026, 1, 16))
PLAN = Plan("late", "Late turns", (Window("late", dt.time(15), dt.time(23)),), DAYS.first)


@pytest.fixture
async def connection(postgis_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(postgis_url)
    yield opened
    await opened.close()


async def carried(database: Database) -> None:
    """Devices 1 and 2 are with officer 1, then 2 is with officer 2; nobody has the third."""
    later = LONG_AGO + dt.timedelta(days=14, hours=19)
    held = ((1, 1, LONG_AGO, None), (2, 1, LONG_AGO, later), (2, 2, later, None))
    people = [{"id": n, "number": str(n), "name": f"O{n}"} for n in (1, 2)]
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.officers), people)
        names = ("device_id", "officer_id", "start", "end")
        rows = [dict(zip(names, one, strict=True)) | {"known_from": LONG_AGO} for one in held]
        await writer.execute(sa.insert(schema.assignments), rows)


def busy(random: Random) -> list[StoredVisit]:
    """By the half minute, so that much meets; no device is twice at one hot spot at one time."""
    made: list[StoredVisit] = []
    for _ in range(150):
        start = 15 * 60 + random.randint(0, 600) / 2
        length = random.choice((1, 1.5, 2, 2.5, 5, 10, 12, 30))
        one = StoredVisit(
            f"d{random.randint(1, 3)}", f"h{random.randint(1, 3)}", start, start + length
        )
        same = [
            other for other in made if (other.device, other.hotspot) == (one.device, one.hotspot)
        ]
        if all(other.exit < one.enter or one.exit < other.enter for other in same):
            made.append(one)
    return made


@pytest.mark.parametrize("seed", range(3))
async def test_patrols_are_those_that_a_plan_has_for_the_same_visits(
    postgis_url: str, connection: asyncpg.Connection, seed: int
) -> None:
    database = Database(postgis_url)
    await enrol(database)
    await carried(database)
    await store(database, *busy(Random(seed)))
    async with database.write() as writer:
        await plans.put(writer, PLAN, LONG_AGO)
    async with database.read() as reader:
        asked = OfPlan("late", DAYS, None, NOW)
        export = await of_places(reader, SERVICE, PLACES["patrols"], asked, drawn=False)
        (said,) = [part async for part in export.batches]
    await database.close()
    columns = ("hotspot", "start", "end", "minutes", "devices", "officers", "open")
    found = await connection.fetch(
        "SELECT hotspot, started, ended, minutes, devices, officers, open FROM reporting.patrols"
        " ORDER BY started, hotspot"
    )
    assert len(found) > 20
    assert [tuple(row) for row in found] == said.select(columns).rows()


async def test_lengths_are_in_seconds_and_superseded_visits_are_not_shown(
    postgis_url: str, connection: asyncpg.Connection
) -> None:
    database = Database(postgis_url)
    await enrol(database)
    await store(
        database,
        StoredVisit("d1", "h1", 0, 12),
        StoredVisit("d1", "h1", 0.5, 11, known_to=20),
        StoredVisit("d2", "h3", 360, 361),
        StoredVisit("d2", "h3", 362, 366),
    )
    await database.close()
    visits = await connection.fetch(
        "SELECT device, hotspot, dwell_s, low_s, high_s, inside_s, pass_through"
        " FROM reporting.visits ORDER BY enter"
    )
    assert [tuple(row) for row in visits] == [
        (1, "h1", 720.0, 660.0, 780.0, 720.0, False),
        (2, "h3", 60.0, 0.0, 120.0, 60.0, True),
        (2, "h3", 240.0, 180.0, 300.0, 240.0, False),
    ]
    # 00:00 is still the day before; 06:00 begins the next.
    days = await connection.fetch("SELECT * FROM reporting.hotspot_days ORDER BY day")
    assert [tuple(row)[1:] for row in days] == [
        ("h1", dt.date(2026, 1, 14), 1, 0, 1, 1, 12.0),
        ("h3", dt.date(2026, 1, 15), 1, 1, 1, 0, 4.0),
    ]
    assert len({row["id"] for row in days}) == 2


async def test_hot_spots_are_todays_and_grown_by_their_buffers(
    postgis_url: str, connection: asyncpg.Connection
) -> None:
    database = Database(postgis_url)
    await enrol(database)
    old = {"hotspot_id": 3, "name": "old", "geom": degrees(SQUARES[3]), "buffer_m": 0.0}
    known = {"valid_from": LONG_AGO - dt.timedelta(days=9), "valid_to": LONG_AGO}
    async with database.write() as writer:
        versions = schema.hotspot_versions
        await writer.execute(sa.insert(versions), old | known | {"known_from": LONG_AGO})
        await writer.execute(sa.update(versions).where(versions.c.id == 1).values(buffer_m=20.0))
    await database.close()
    drawn = await connection.fetch("SELECT hotspot, name FROM reporting.hotspots ORDER BY id")
    assert [tuple(row) for row in drawn] == [("h1", "h1"), ("h2", "h2"), ("h3", "h3")]
    assert await connection.fetchval("SELECT count(*) FROM reporting.hotspot_versions") == 4
    (grown,) = await connection.fetch(
        "SELECT ST_Area(geom::geography) FROM reporting.hotspots_grown WHERE hotspot = 'h1'"
    )
    # A square of 100 m, four sides of 20 m beside it, and a circle of its corners.
    assert grown[0] == pytest.approx(100**2 + 4 * 100 * 20 + 3.1416 * 20**2, rel=0.01)


async def test_observed_minutes_are_counted_from_their_bits(
    postgis_url: str, connection: asyncpg.Connection
) -> None:
    hour = {"device_id": 7, "hour": LONG_AGO, "known_from": NOW, "known_to": None, "fixes": 9}
    database = Database(postgis_url)
    async with database.write() as writer:
        await writer.execute(
            sa.insert(schema.device_hours),
            [
                hour | {"observed": (1 << 60) - 1},
                hour | {"hour": NOW, "observed": 0b1011},
                hour | {"hour": NOW, "known_from": LONG_AGO, "known_to": NOW, "observed": 1},
            ],
        )
    await database.close()
    found = await connection.fetch("SELECT * FROM reporting.device_hours ORDER BY hour")
    assert [tuple(row) for row in found] == [(7, LONG_AGO, 9, 60), (7, NOW, 9, 3)]


async def test_views_go_and_come_again_on_a_database_that_is_in_use(
    postgis_url: str, connection: asyncpg.Connection
) -> None:
    database = Database(postgis_url)
    await enrol(database)
    await store(database, StoredVisit("d1", "h1", 0, 12))
    await migrate.downgrade(database, "0006")
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'reporting%'"
    assert await connection.fetchval(schemas) == 0
    await migrate.upgrade(database)
    await database.close()
    assert await connection.fetchval(schemas) == 3
    assert await connection.fetchval("SELECT minutes FROM reporting.patrols") == 12


@pytest.fixture
async def confined(connection: asyncpg.Connection) -> AsyncIterator[str]:
    """A role that may change the schema that it has, and add none."""
    await connection.execute("CREATE ROLE confined LOGIN; GRANT ALL ON alembic_version TO confined")
    yield "confined"
    await connection.execute("DROP OWNED BY confined CASCADE; DROP ROLE confined")


async def test_a_role_that_may_not_add_schemas_is_told_what_to_ask_for(
    postgis_url: str, connection: asyncpg.Connection, confined: str
) -> None:
    owners = Database(postgis_url)
    await migrate.downgrade(owners, "0006")
    await owners.close()
    database = Database(postgis_url.replace("postgres@", f"{confined}@"))
    with pytest.raises(SchemaMismatch, match="our role may not add schemas") as refused:
        await migrate.upgrade(database)
    assert not await migrate.is_current(database)
    await connection.execute(str(refused.value).split("`")[1])
    await migrate.upgrade(database, "0007")
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0007"
    await database.close()
