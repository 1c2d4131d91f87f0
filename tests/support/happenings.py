"""Events of a device that officers carry, put into the table, and read from it and from streams."""

import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import sqlalchemy as sa

from app.storage import events
from app.storage.engine import Database
from app.storage.events import Event
from app.storage.schema import assignments, devices, hotspots, officers, teams

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
RADIO, PHONE, PLACE = 1, 2, 1


async def enrol(database: Database) -> None:
    """A radio with officer 1 (North) until 11:00, then with 2 (South); a phone of nobody's."""
    eleven = NOW - dt.timedelta(hours=1)
    known = {"known_from": NOW - dt.timedelta(days=1)}
    async with database.write() as writer:
        await writer.execute(
            sa.insert(teams), [{"id": 1, "name": "North"}, {"id": 2, "name": "South"}]
        )
        people = [{"id": i, "number": str(i), "name": f"O{i}", "team_id": i} for i in (1, 2)]
        await writer.execute(sa.insert(officers), people)
        named = [{"id": RADIO, "name": "radio", "kind": "radio", "profile": "radio"}]
        named += [{"id": PHONE, "name": "phone", "kind": "phone", "profile": "phone"}]
        await writer.execute(sa.insert(devices), named)
        await writer.execute(sa.insert(hotspots), {"id": PLACE, "key": "HS1"})
        held = {"device_id": RADIO, **known}
        rows = [
            {**held, "officer_id": 1, "start": known["known_from"], "end": eleven},
            {**held, "officer_id": 2, "start": eleven, "end": None},
        ]
        await writer.execute(sa.insert(assignments), rows)


@asynccontextmanager
async def enrolled(url: str) -> AsyncIterator[Database]:
    """The database there, with these enrolled."""
    opened = Database(url)
    await enrol(opened)
    yield opened
    await opened.close()


async def tell(database: Database, *told: Event, now: dt.datetime = NOW) -> None:
    async with database.write() as writer:
        await events.write(writer, told, now)


def numbered(details: Iterable[object], time: dt.datetime = NOW) -> list[Event]:
    """Emergencies of the radio that can be told apart."""
    return [Event("emergency", time, RADIO, None, str(detail)) for detail in details]
