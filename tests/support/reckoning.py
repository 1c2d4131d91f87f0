"""Whether all that was acknowledged is stored, exactly once, and measured as in one run."""

import asyncio
import time
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
import wandering
from carried import Fix, Ledger, is_emergency

from app.storage import schema
from app.storage.engine import Database, Reader
from app.storage.types import to_us
from geofence.model import Fixes


@dataclass(frozen=True, slots=True)
class Stored:
    """One view of the tables."""

    fixes: list[Fix]
    visits: set[wandering.Row]
    alarms: list[tuple[int, int]]
    told: list[tuple[int, int]]
    broken: set[str]

    def __str__(self) -> str:
        many = len(self.fixes), len(self.visits), len(self.alarms), len(self.broken)
        return "{} fixes, {} visits, {} emergencies, {} broken".format(*many)


def reckon(url: str, ledger: Ledger, alarming: set[int], *, all_sent: bool) -> Stored:
    """Waits until what was acknowledged is stored, and holds all that is stored against it.

    `alarming` are the devices whose emergencies were sent as such. `all_sent`: every sender went on
    until all it had sent was acknowledged, so that nothing else may be missing, either.
    """
    stored = asyncio.run(_once_it_has(url, ledger))
    found = set(stored.fixes)
    assert len({fix[:2] for fix in stored.fixes}) == len(stored.fixes)
    missing, strange = ledger.acknowledged - found, found - ledger.sent
    assert not missing, f"{len(missing)} acknowledged fixes are lost, as {sorted(missing)[:3]}"
    assert not strange, f"{len(strange)} stored fixes were never sent, as {sorted(strange)[:3]}"
    if all_sent:
        assert found == ledger.sent
    assert stored.visits == wandering.expected(_track(stored.fixes))
    assert len(stored.visits) > 0
    alarms = set(stored.alarms)
    assert len(alarms) == len(stored.alarms)
    assert stored.told == stored.alarms
    assert _alarms(ledger.acknowledged, alarming) <= alarms <= _alarms(ledger.sent, alarming)
    assert ledger.broken <= stored.broken
    return stored


async def _once_it_has(url: str, ledger: Ledger) -> Stored:
    """The tables as soon as all that was acknowledged is in them, or a minute has passed."""
    database = Database(url)
    deadline = time.monotonic() + 60
    while True:
        async with database.read() as reader:
            stored = await _read(reader)
        there = ledger.acknowledged <= set(stored.fixes) and ledger.broken <= stored.broken
        if there or time.monotonic() > deadline:
            await database.close()
            return stored
        await asyncio.sleep(0.3)


async def _read(reader: Reader) -> Stored:
    f, e, told = schema.fixes.c, schema.device_events.c, schema.events.c
    fixes = await reader.execute(sa.select(f.device_id, f.time, f.lat, f.lon, f.accuracy_m))
    alarms = await reader.execute(sa.select(e.device_id, e.time).where(e.kind == "emergency"))
    announced = await reader.execute(
        sa.select(told.device_id, told.time).where(told.kind == "emergency")
    )
    broken = await reader.execute(sa.select(schema.quarantine.c.payload))
    return Stored(
        [(device, to_us(at), *values) for device, at, *values in fixes],
        await wandering.told(reader),
        sorted((device, to_us(at)) for device, at in alarms),
        sorted((device, to_us(at)) for device, at in announced),
        {bytes(payload).decode() for (payload,) in broken},
    )


def _alarms(fixes: set[Fix], alarming: set[int]) -> set[tuple[int, int]]:
    return {fix[:2] for fix in fixes if fix[0] in alarming and is_emergency(fix)}


def _track(fixes: list[Fix]) -> Fixes:
    device, time_us, lat, lon, accuracy = zip(*fixes, strict=True)
    return Fixes(
        np.array(device, np.int64),
        np.array(time_us, np.int64),
        np.array(lon),
        np.array(lat),
        np.array(accuracy, np.float64),
    )
