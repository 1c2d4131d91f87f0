"""Sees what was kept aside: messages on disk for the database, and such as could not be used."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.doctor.database import check_disk
from app.doctor.finding import Finding, Status, counted
from app.storage.chores import Chore
from app.storage.directory import Why
from app.storage.observing import Unusable
from app.storage.refusals import Turned
from ingest import spoolfile

SPOOL: Final = "spool"
RETENTION: Final = "retention"
# It is tried each hour.
_LONGEST_WITHOUT: Final = dt.timedelta(hours=6)
MEGABYTE: Final = 10**6
_NEARLY_FULL: Final = 0.5


@dataclass(frozen=True, slots=True)
class Spool:
    """Where the service keeps messages while the database is away, and how many bytes at most."""

    folder: Path
    limit_bytes: int


def check_spool(spool: Spool) -> list[Finding]:
    """Whether there is room for it, and what is in it. A folder not made yet has nothing in it."""
    there = next(one for one in (spool.folder, *spool.folder.absolute().parents) if one.is_dir())
    room = check_disk(there, "the spool")
    if not spool.folder.is_dir():
        return [room]
    try:
        used = spoolfile.used(spool.folder)
        names = [path.suffix for path in spool.folder.iterdir()]
    except OSError as exc:
        says = f"What waits in the spool {spool.folder} cannot be seen from here: {exc.strerror}."
        return [room, Finding(SPOOL, Status.NOTE, says, "Run this as the service's user.")]
    return [room, *_waiting(spool, names.count(spoolfile.ENDING), used), *_damaged(spool, names)]


def _waiting(spool: Spool, files: int, used: int) -> list[Finding]:
    if not files:
        return [Finding(SPOOL, Status.OK, "No message waits in the spool for the database.")]
    full = used / spool.limit_bytes
    says = (
        f"{counted(files, 'file')} of messages wait in the spool for the database:"
        f" {used / MEGABYTE:.1f} MB, {full:.0%} of what it may hold."
    )
    do = "The service stores them once the database is back: if they stay, see its log."
    return [Finding(SPOOL, Status.BROKEN if full > _NEARLY_FULL else Status.LOOK, says, do)]


def _damaged(spool: Spool, names: Sequence[str]) -> list[Finding]:
    damaged = names.count(spoolfile.DAMAGED)
    if not damaged:
        return []
    says = f"{counted(damaged, 'file')} of the spool could not be read to the end."
    do = f"Save what is of use in {spool.folder}, then delete *{spoolfile.DAMAGED}."
    return [Finding(SPOOL, Status.LOOK, says, do)]


def check_refused(turned: Sequence[Turned], hours: float) -> list[Finding]:
    """Who was turned away lately, and how often; whoever has a device's key still tries it."""
    if not turned:
        says = f"Nobody was turned away in the last {hours:g} h."
        return [Finding("refused", Status.OK, says)]
    return [_refused(one) for one in turned]


def _refused(one: Turned) -> Finding:
    times = counted(one.times, "time")
    if one.device is None:
        says = f"Strangers were turned away {times}."
        do = "Nothing, if devices that should be heard are; else see to their keys and topics."
        return Finding("refused", Status.NOTE, says, do)
    how = {
        Why.LOCKED: "is locked",
        Why.REVOKED: "shows a key that is revoked",
        Why.TOO_OFTEN: "sends more often than a device may",
    }
    says = f"{one.device} was turned away {times}: it {how[Why(one.reason)]}."
    do = "Take it out of service, give it a new key, unlock or mend it. See docs/devices.md."
    return Finding("refused", Status.LOOK, says, do, one.device, "devices were turned away")


def check_chores(chores: Sequence[Chore], now: dt.datetime) -> list[Finding]:
    """Whether the service lately did what it does by itself, and what it could not."""
    if not chores:
        says = "No service has kept to periods of retention here yet."
        return [Finding(RETENTION, Status.NOTE, says)]
    return [_chore(one, now) for one in chores]


def check_erasures(unfinished: Sequence[tuple[str, dt.datetime]]) -> list[Finding]:
    """Erasures that broke off: of which officers, and when something last went."""
    return [
        Finding(
            "erasure",
            Status.LOOK,
            f"Erasing officer {number} is not done; something last went on"
            f" {time:%Y-%m-%d at %H:%M} UTC.",
            "Unless it is under way, give the same command again: it goes on from there.",
            number,
            "officers' erasures are not done",
        )
        for number, time in unfinished
    ]


def _chore(chore: Chore, now: dt.datetime) -> Finding:
    last = "never" if chore.done is None else f"last on {chore.done:%Y-%m-%d at %H:%M} UTC"
    says = f"{chore.name.capitalize()} was done {last}: {chore.said}."
    if chore.done is not None and now - chore.done < _LONGEST_WITHOUT:
        return Finding(chore.name, Status.OK, says)
    do = "See that the service runs, and what its log says of it."
    return Finding(chore.name, Status.LOOK, says, do)


def check_unusable(unusable: Sequence[Unusable], hours: float) -> list[Finding]:
    """Whose messages could not be read lately, and why the last of each could not."""
    if not unusable:
        says = f"No message of the last {hours:g} h was kept as unusable."
        return [Finding("unusable", Status.OK, says)]
    return [
        Finding(
            "unusable",
            Status.LOOK,
            f"{one.sender} sent {counted(one.messages, 'message')} as {one.format} that could not"
            f" be used; of the last one: {one.reason}.",
            "See the bytes at /api/v1/quarantine, and the sender's settings.",
            one.sender,
            "senders' messages could not be used",
        )
        for one in unusable
    ]
