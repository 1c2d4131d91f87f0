"""Enrols the devices of a file: all of them in one transaction, or none."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from app.access.secrets import DeviceKey, new_device_key
from app.importing import devices as importing
from app.importing.devices import Enrolled, There
from app.importing.entries import Told
from app.importing.problems import Findings, Unsound
from app.storage import enrolment
from app.storage.devices import Address, Device
from app.storage.engine import Database, Writer

Keys = Mapping[str, DeviceKey]


async def take(
    database: Database,
    file: tuple[str, bytes],
    now: dt.datetime,
    hand_over: Callable[[Keys], None],
) -> int:
    """Enrols the devices of a file (its name and bytes); says how many there are.

    `hand_over` is given each one's key, by name, before the commit: where it raises, nothing is
    stored. Raises NoTables, and Unsound with every problem there is.
    """
    findings = Findings()
    told = await asyncio.to_thread(importing.read, *file, findings)
    # Before the transaction: those of a large force take a second, in which nobody else writes.
    keys = await asyncio.to_thread(_new_keys, told)
    async with database.write() as writer:
        await asyncio.to_thread(_check, told, await _there(writer), findings)
        new = [_device(one.entry) for one in told]
        await enrolment.enrol(writer, new, keys, now)
        await asyncio.to_thread(hand_over, keys)
    return len(told)


def _check(told: Sequence[Told[Enrolled]], there: There, findings: Findings) -> None:
    importing.check(told, there)
    if findings.count:
        raise Unsound(findings)


async def _there(writer: Writer) -> There:
    return There(
        await enrolment.names(writer),
        await enrolment.addresses(writer),
        await enrolment.profile_names(writer),
    )


def _new_keys(told: Sequence[Told[Enrolled]]) -> dict[str, DeviceKey]:
    return {one.entry.name: new_device_key() for one in told}


def _device(entry: Enrolled) -> Device:
    return Device(
        entry.name,
        entry.kind,
        entry.profile,
        [Address(*address) for address in entry.addresses],
        entry.speaks_for,
        entry.speed_unit,
    )
