"""The service's own role on PostgreSQL serves a shift, and cannot alter the log of it."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import httpx
import logged
import pytest
from callers import ADMIN, Clock, bearer
from squares import collection, feature

from app.bootstrap import ensure_administrator
from app.main import create_app
from app.retention import Periods, Retention
from app.sealing import Sealer
from app.settings import Settings
from app.storage import audit_seals, partitions, rights
from app.storage.engine import Database
from app.storage.errors import Refused
from app.storage.types import to_us
from app.verifying import verify
from geofence.model import DAY_US

FORBIDDEN = [
    *(
        f"{what} {table}"
        for table in ("audit", "audit_whose", "audit_seals")
        for what in ("DELETE FROM", "TRUNCATE", "DROP TABLE")
    ),
    "UPDATE audit SET who = 'nobody'",
    "UPDATE audit_whose SET ref = 1",
    "UPDATE audit_seals SET entries = 1",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "ALTER TABLE audit OWNER TO CURRENT_USER",
    "DROP TRIGGER audit_never_changes ON audit",
    "CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "CREATE RULE r AS ON INSERT TO audit DO INSTEAD NOTHING",
    "CREATE TRIGGER t BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_keeps()",
    "INSERT INTO audit_expiry SELECT 1, now(), max(last) FROM audit_seals",
    "SELECT setval('audit_id_seq', 1)",
    "SET session_replication_role = replica",
    "UPDATE alembic_version SET version_num = ''",
    "SET ROLE postgres",
    # What the owner would come to run, who has the right to do all of the above.
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.t (id int)",
    "CREATE TRIGGER t AFTER DELETE ON fixes FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps()",
    "CREATE TRIGGER t AFTER DELETE ON visits FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps()",
    "ALTER TABLE fixes ALTER COLUMN lat TYPE text",
    "DROP TABLE fixes_20260115",
    "CREATE OR REPLACE FUNCTION fixes_make_day(date) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
]


@pytest.fixture
async def owned(postgis_url: str) -> AsyncIterator[Database]:
    database = Database(postgis_url)
    yield database
    await database.close()


@pytest.fixture
async def role_url(owned: Database, postgis_url: str) -> AsyncIterator[str]:
    """The same database for a role of its own, which was granted what it needs."""
    # Roles are the cluster's, and tests run side by side.
    role = postgis_url.rpartition("/")[2] + "-service"
    await logged.execute(owned, f'CREATE ROLE "{role}" LOGIN')
    async with owned.write() as writer:
        await rights.grant(writer, role)
    yield postgis_url.replace("postgres@", f"{role}@")
    await logged.execute(owned, f'REASSIGN OWNED BY "{role}" TO postgres')
    await logged.execute(owned, f'DROP OWNED BY "{role}"')
    await logged.execute(owned, f'DROP ROLE "{role}"')


async def shift(url: str, clock: Clock) -> None:
    """Hot spots, people and a device's fixes come in, and somebody looks, over the service."""
    app = create_app(Settings(database=url), clock.now_us)
    async with AsyncExitStack() as held:
        await held.enter_async_context(app.router.lifespan_context(app))
        await ensure_administrator(app.state.database, ADMIN, clock.now)
        transport = httpx.ASGITransport(app)
        admin = await held.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer(ADMIN))
        )
        for path, body in (
            ("hotspots?valid_from=2026-01-01", collection(feature("HS1"))),
            ("teams", {"name": "North"}),
            ("officers", {"number": "1", "name": "X", "team": "North"}),
            ("devices", {"name": "radio-1", "kind": "radio"}),
            ("assignments", {"device": "radio-1", "officer": "1", "start": "2026-01-15T00:00:00Z"}),
        ):
            made = await admin.post(f"/api/v1/{path}", json=body)
            assert made.status_code == 201, made.text
        key = (await admin.post("/api/v1/devices/radio-1/keys")).json()["key"]
        fixes = [
            {"time": f"2026-01-15T11:{minute:02}:00Z", "lat": 53.4005, "lon": -2.9795}
            for minute in range(20)
        ]
        taken = await admin.post("/ingest/pings", json=fixes, headers=bearer(key))
        assert taken.status_code == 200, taken.text
        assert (await admin.get("/api/v1/officers")).status_code == 200
        await app.state.collected.flush()
        await Sealer(app.state.database, clock.now_us).seal()


async def test_a_shift_goes_by_under_the_role_and_the_log_of_it_cannot_be_altered(
    owned: Database, role_url: str
) -> None:
    clock = Clock()
    await shift(role_url, clock)
    assert len(await logged.rows(owned, "SELECT id FROM visits")) == 1
    assert ("fixes_20260115",) in await logged.rows(owned, "SELECT relname FROM pg_class")
    acts = {act for (act,) in await logged.rows(owned, "SELECT act FROM audit")}
    assert acts == {"alteration", "collection", "consultation"}
    found = await verify(owned)
    assert (found.broken, found.unsealed, found.seals) == (None, 0, 1)
    service = Database(role_url)
    async with service.write() as writer:
        assert await partitions.drop_one(writer, dt.date(2026, 1, 15)) is None
    later = to_us(clock.now) + 400 * DAY_US
    await Sealer(owned, lambda: later - 40 * DAY_US).seal()
    await logged.write(owned, "somebody", at=clock.now)
    await Sealer(owned, lambda: later - 10 * DAY_US).seal()
    await Retention(service, lambda: later, Periods(audit=365)).keep()
    ((said, done),) = await logged.rows(
        owned, "SELECT said, done FROM chores WHERE name = 'retention'"
    )
    assert ("its owner's: `beatkeeper audit expire`" in str(said), done) == (True, clock.now)
    await service.close()
    role = await asyncpg.connect(role_url)
    try:
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.execute(statement)
    finally:
        await role.close()
    assert (await verify(owned)).broken is None


async def test_who_could_alter_the_log_is_told_apart_from_who_could_not(
    owned: Database, role_url: str, sqlite_url: str
) -> None:
    service, file = Database(role_url), Database(sqlite_url)
    for database, unbound, may in (
        (owned, True, True),
        (service, False, False),
        (file, False, True),
    ):
        async with database.read() as reader:
            assert await rights.unbound(reader) is unbound
            assert await audit_seals.may_expire(reader) is may
    # Whoever may become the owner may all that the owner may, though not at once.
    role = role_url.partition("://")[2].partition("@")[0]
    await logged.execute(owned, f'ALTER ROLE "{role}" NOINHERIT')
    await logged.execute(owned, f'GRANT postgres TO "{role}"')
    async with service.read() as reader:
        assert await rights.unbound(reader)
        assert not await audit_seals.may_expire(reader)
    for database in (service, file):
        await database.close()


async def test_a_role_that_rights_do_not_bind_is_refused(owned: Database) -> None:
    for role in ("postgres", "nobody-at-all"):
        with pytest.raises(Refused):
            async with owned.write() as writer:
                await rights.grant(writer, role)
