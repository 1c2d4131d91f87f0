import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from searching import files_with, tables_with
from wandering import NOW, START_US, columns, enrol, expected, feed, stored, wandering

from app.access.viewer import OPERATOR, Forbidden, Role, Viewer
from app.erasing import Wanted, erase, look
from app.recompute import Recompute
from app.storage import chores, device_events, quarantine, schema, settling
from app.storage import erasures as erasure_storage
from app.storage import posts as post_storage
from app.storage.engine import Database
from app.storage.errors import NotFound
from app.storage.types import from_us, to_us
from app.survey import Surveyor
from ingest.columns import Columns
from ingest.message import Broken, Said
from ingest.sender import Address

START = from_us(START_US)
# Officer 1 has device 1 for the first half of the evening, then officer 2 does; device 2 is 2's.
MIDDLE = START + dt.timedelta(hours=1)
HOUR_US = 3_600_000_000
NAME, NUMBER = "Jo Example-Farthing", "PC 40971"
# Of what no SQL of its own decides one kind will do.
ONE_KIND = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def now() -> dt.datetime:
    return NOW


async def staff(database: Database) -> Columns:
    await enrol(database)
    known: dict[str, object] = {"known_from": START}
    people = [(1, NUMBER, NAME), (2, "PC 2", "Sam Other")]
    held = [(1, 1, START, MIDDLE), (1, 2, MIDDLE, None), (2, 2, START, None)]
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.teams), {"id": 1, "name": "North"})
        rows = [{"id": i, "number": n, "name": name, "team_id": 1} for i, n, name in people]
        await writer.execute(sa.insert(schema.officers), rows)
        await post_storage.note(writer, START)
        names = ("device_id", "officer_id", "start", "end")
        rows = [dict(zip(names, row, strict=True)) | known for row in held]
        await writer.execute(sa.insert(schema.assignments), rows)
        duty = {"officer_id": 1, "start": START, "end": MIDDLE} | known
        await writer.execute(sa.insert(schema.duty_times), duty)
        token = {"name": NAME, "role": "officer", "secret_hash": b"x", "officer_id": 1}
        await writer.execute(sa.insert(schema.tokens), token | {"created": START})
        for minute, device in ((5, 1), (100, 1), (5, 2)):
            time_us = START_US + minute * 60_000_000
            broken = Broken(f"{device} {minute}".encode(), "pings", time_us, f"d{device}", "?")
            await quarantine.keep(writer, broken)
            said = Said(device, time_us, time_us, "battery_low", None, "pings")
            await device_events.keep(writer, [said], from_us(time_us))
    fixes = wandering(11, devices=[1, 2])
    await feed(database, [fixes])
    await Surveyor(database, lambda: to_us(NOW) + 86_400_000_000).catch_up()
    return fixes


async def posts(database: Database) -> list[tuple[int, int | None]]:
    p = schema.officer_posts.c
    async with database.read() as reader:
        found = await reader.execute(sa.select(p.officer_id, p.team_id).where(p.officer_id == 1))
        return [tuple(row) for row in found]


async def counts(database: Database) -> dict[str, int]:
    tables = schema.fixes, schema.quarantine, schema.device_events, schema.duty_times
    async with database.read() as reader:
        return {
            table.name: await reader.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in tables
        }


async def test_what_is_stored_of_a_person_is_gone_and_other_peoples_time_stays(
    database: Database,
) -> None:
    fixes = await staff(database)
    theirs = (fixes.device == 1) & (fixes.time_us < to_us(MIDDLE))
    assert theirs.any()
    foreseen = await look(database, OPERATOR, Wanted(NUMBER))
    report = await erase(database, OPERATOR, Wanted(NUMBER), now)
    assert report.rows == foreseen.rows
    assert report.rows["fixes"] == theirs.sum()
    assert {"visits", "device_hours", "events", "device_events", "quarantine"} <= set(report.rows)
    assert (report.rows["tokens"], report.rows["assignments"]) == (1, 1)
    assert await posts(database) == [(1, None)]
    while await Recompute(database, lambda: to_us(NOW)).step():
        pass
    left = fixes.take(~theirs)
    assert await stored(database) == expected(left)
    assert await counts(database) == {
        "fixes": left.n,
        "quarantine": 2,
        "device_events": 2,
        "duty_times": 0,
    }
    await Surveyor(database, lambda: to_us(NOW) + 86_400_000_000).catch_up()
    for value in (NAME, NUMBER):
        assert await tables_with(database, value) == set()
    own = fixes.take(theirs)
    for place in [*own.lon[::20].tolist(), *own.lon[-2:].tolist(), *own.lat[-2:].tolist()]:
        assert await tables_with(database, place) == set()
    if database.dialect == "sqlite":
        folder = Path(database.engine.url.database or "").parent
        assert files_with(folder, own.lon[-1].item()) == set()
        assert files_with(folder, left.lon[-1].item())
        assert files_with(folder, NAME) == set()


@ONE_KIND
async def test_the_device_goes_on_as_if_it_had_never_been_there(database: Database) -> None:
    fixes = wandering(12, devices=[1])
    order = np.argsort(fixes.time_us)
    await staff_with(database, fixes.take(order[:150]))
    until = from_us(int(fixes.time_us[order[149]]) + 1)
    await erase(database, OPERATOR, Wanted(NUMBER, from_us(START_US), until), now)
    assert await stored(database) == set()
    while await Recompute(database, lambda: to_us(NOW)).step():
        pass
    later = fixes.take(order[150:])
    await feed(database, [later.take(np.arange(later.n)[i::2]) for i in (1, 0)])
    assert await stored(database) == expected(later)


async def staff_with(
    database: Database, fixes: Columns, since: dt.datetime = START, until: dt.datetime | None = None
) -> None:
    await enrol(database)
    officer = {"id": 1, "number": NUMBER, "name": NAME}
    had = {"device_id": 1, "officer_id": 1, "start": since, "end": until, "known_from": START}
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.officers), officer)
        await writer.execute(sa.insert(schema.assignments), had)
    await feed(database, [fixes])


@ONE_KIND
async def test_of_a_bounded_time_the_officer_stays(database: Database) -> None:
    await staff(database)
    report = await erase(database, OPERATOR, Wanted(NUMBER, START, MIDDLE), now)
    assert report.rows["duty_times"] == 1
    assert "tokens" not in report.rows
    assert "officers" in await tables_with(database, NAME)
    assert any("the officer" in kept for kept in report.kept)


async def test_that_something_was_erased_is_said_without_what(database: Database) -> None:
    await staff(database)
    await erase(database, OPERATOR, Wanted(NUMBER), now)
    day = dt.timedelta(days=1)
    async with database.read() as reader:
        [noted] = await erasure_storage.everything(reader, OPERATOR, 10)
        touched = [
            await erasure_storage.last_touching(
                reader, OPERATOR, START + first * day, START + last * day
            )
            for first, last in ((-2, -1), (-1, 1), (2, 3))
        ]
    assert (noted.kind, noted.officer_id, noted.time) == ("person", 1, NOW)
    assert noted.rows == sum(noted.report.values()) > 100
    assert touched == [NOW, NOW, None]


@ONE_KIND
async def test_nobody_erases_without_the_right_or_whom_there_is_not(database: Database) -> None:
    await staff(database)
    before = await counts(database)
    supervisor = Viewer("s", Role.SUPERVISOR)
    with pytest.raises(Forbidden):
        await erase(database, supervisor, Wanted(NUMBER), now)
    with pytest.raises(NotFound):
        await erase(database, OPERATOR, Wanted("nobody"), now)
    assert await counts(database) == before


@pytest.mark.parametrize("first", [True, False])
async def test_a_long_stay_is_the_next_carriers_from_when_they_had_the_device(
    sqlite_url: str, *, first: bool
) -> None:
    database = Database(sqlite_url)
    minutes = np.arange(30 * 60)
    time_us = START_US - 30 * HOUR_US + minutes * 60_000_000
    since, until = (from_us(int(time_us[i])) for i in (0 if first else 30, 60))
    x = np.where(minutes < 32 - 30 * first, 3_000.0, -365.0)
    n = len(minutes)
    fixes = columns(np.ones(n), time_us, x, np.zeros(n), np.full(n, 5.0))
    await staff_with(database, fixes.take(np.arange(n - 1)), since, until)
    await erase(database, OPERATOR, Wanted(NUMBER), now)
    # One comes before anything has been measured again.
    await feed(database, [fixes.take(np.arange(n - 1, n))])
    while await Recompute(database, lambda: to_us(NOW)).step():
        pass
    left = fixes.take((time_us < to_us(since)) | (time_us >= to_us(until)))
    assert await stored(database) == expected(left) != set()
    v, e = schema.visits.c, schema.events.c
    async with database.read() as reader:
        ever = (await reader.scalars(sa.select(v.enter))).all()
        told = (await reader.scalars(sa.select(e.time))).all()
    assert not [time for time in (*ever, *told) if since <= time < until]
    await database.close()


async def test_visits_whose_fixes_have_come_of_age_outlive_an_erasure_of_the_first_that_are_left(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    fixes = wandering(13, devices=[1])
    half = from_us(int(np.median(fixes.time_us)))
    await staff_with(database, fixes, half, half + dt.timedelta(minutes=10))
    before = {row for row in await stored(database) if row[6] < to_us(half)}
    async with database.write() as writer:
        await writer.execute(sa.delete(schema.fixes).where(schema.fixes.c.time < half))
    await erase(database, OPERATOR, Wanted(NUMBER), now)
    while await Recompute(database, lambda: to_us(NOW)).step():
        pass
    assert before <= await stored(database)
    assert before
    await database.close()


async def test_an_erasure_that_broke_off_is_told_of_and_gone_on_with(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    fixes = await staff(database)
    refused = "CREATE TRIGGER no BEFORE DELETE ON visits BEGIN SELECT RAISE(ABORT, 'no'); END"
    async with database.write() as writer:
        await writer.exec_driver_sql(refused)
    with pytest.raises(sa.exc.IntegrityError):
        await erase(database, OPERATOR, Wanted(NUMBER), now)
    gone = int(((fixes.device == 1) & (fixes.time_us < to_us(MIDDLE))).sum())
    async with database.read() as reader:
        [noted] = await erasure_storage.everything(reader, OPERATOR, 10)
        assert (noted.done, noted.report) == (None, {"fixes": gone})
        assert await erasure_storage.unfinished(reader) == [(NUMBER, NOW)]
    async with database.write() as writer:
        await writer.exec_driver_sql("DROP TRIGGER no")
    report = await erase(database, OPERATOR, Wanted(NUMBER), now)
    assert report.rows["fixes"] == gone
    async with database.read() as reader:
        [noted] = await erasure_storage.everything(reader, OPERATOR, 10)
        assert (noted.done, noted.report) == (NOW, report.rows)
        assert await erasure_storage.unfinished(reader) == []
    await database.close()


async def test_what_somebody_still_reads_is_told_of_and_goes_as_soon_as_they_do_not(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    fixes = await staff(database)
    folder = Path(database.engine.url.database or "").parent
    own = fixes.lon[(fixes.device == 1) & (fixes.time_us < to_us(MIDDLE))]
    async with database.read() as reader:
        await reader.execute(sa.select(schema.fixes.c.time).limit(1))
        report = await erase(database, OPERATOR, Wanted(NUMBER), now)
        assert report.kept[-1] == settling.STILL
        assert not await settling.settle(database)
        assert any(files_with(folder, place) for place in own.tolist())
    async with database.read() as reader:
        assert [one.name for one in await chores.everything(reader, OPERATOR)] == [settling.NAME]
    assert await settling.settle(database)
    assert not any(files_with(folder, place) for place in own.tolist())
    async with database.read() as reader:
        assert await chores.everything(reader, OPERATOR) == []
    await database.close()


async def test_broken_messages_go_by_who_sent_them_and_not_by_parts_of_names(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    await staff_with(database, wandering(11, devices=[1]).take(np.arange(10)))
    gateway = {"id": 9, "name": "gateway", "kind": "gateway", "profile": "phone"}
    topics = {
        "beatkeeper/up/d1/pings": Address("device", "d1"),
        "owntracks/jo/phone": Address("owntracks", "jo/phone"),
    }
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.devices), gateway)
        await writer.execute(
            sa.insert(schema.device_addresses),
            [
                {"device_id": 1, "kind": "issi", "address": "12"},
                {"device_id": 1, "kind": "owntracks", "address": "jo/phone"},
            ],
        )
        speaks = {"gateway_id": 9, "device_id": 1}
        await writer.execute(sa.insert(schema.gateway_devices), speaks)
        for origin in ("d1", "d12", "handheld-3127", "12", "gateway", *topics):
            address = topics.get(origin)
            broken = Broken(b"x", "pings", START_US + 1, origin, "?", address)
            await quarantine.keep(writer, broken)
    await erase(database, OPERATOR, Wanted(NUMBER), now)
    async with database.read() as reader:
        left = (await reader.scalars(sa.select(schema.quarantine.c.sender))).all()
    assert left == ["d12", "handheld-3127"]
    await database.close()
