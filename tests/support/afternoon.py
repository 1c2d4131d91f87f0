"""A plan's afternoon in the tables: two officers with radios walk to and from three hot spots.

Minutes are after 15:00 UTC on 15 January 2026, when the window begins that asks for each hot spot.
"""

import datetime as dt

import numpy as np
import sqlalchemy as sa
from wandering import columns, enrol

from app.compliance.plan import Plan, Window
from app.pipeline import Pipeline
from app.storage import plans, posts, schema
from app.storage.engine import Database
from app.storage.types import to_us
from ingest.columns import Columns

DAY = dt.date(2026, 1, 15)
THREE = dt.datetime(2026, 1, 15, 15, tzinfo=dt.UTC)
BEFORE = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
PLAN = Plan("late", "Late turns", (Window("late", dt.time(15), dt.time(23)),), DAY)
# Metres east of the middle of hot spot 1: in it, just outside it, in hot spot 3.
PLACES = {"h1": 0.0, "out": 65.0, "h3": -365.0, "far": -415.0}
EVERY_S = 15


def at(minutes: float) -> dt.datetime:
    return THREE + dt.timedelta(minutes=minutes)


async def prepare(database: Database) -> None:
    """Officer 1 (North) has device 1, officer 2 (South) device 2."""
    await enrol(database, [1, 2])
    numbers = (1, 2)
    people = [{"id": n, "number": str(n), "name": f"O{n}", "team_id": n} for n in numbers]
    held = [
        {"device_id": n, "officer_id": n, "start": BEFORE, "known_from": BEFORE} for n in numbers
    ]
    teams = [{"id": 1, "name": "North"}, {"id": 2, "name": "South"}]
    async with database.write() as writer:
        for table, rows in (
            (schema.teams, teams),
            (schema.officers, people),
            (schema.assignments, held),
        ):
            await writer.execute(sa.insert(table), rows)
        await posts.note(writer, BEFORE)
        await plans.put(writer, PLAN, BEFORE)


async def walk(
    database: Database, now: dt.datetime, device: int, *legs: tuple[float, float, str]
) -> None:
    """Takes in what a device sends at that time: it was from one minute to another at a place."""
    parts = [_leg(device, *leg) for leg in legs]
    await Pipeline(database, lambda: to_us(now)).store(Columns.concatenate(parts))


def _leg(device: int, start: float, end: float, place: str) -> Columns:
    time_us = np.arange(to_us(at(start)), to_us(at(end)), EVERY_S * 1_000_000)
    ones = np.ones(len(time_us))
    return columns(ones * device, time_us, PLACES[place] * ones, 0 * ones, 5 * ones)
