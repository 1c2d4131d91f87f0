"""The whole examination, readable as a list: what is asked, in which order, and what that gives."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.access.audit import Entry
from app.access.viewer import Viewer
from app.compliance.plan import Plan
from app.doctor.chain import Way, check_chain
from app.doctor.credentials import CHECK as TOKENS
from app.doctor.credentials import check_tokens
from app.doctor.database import SCHEMA, check_database, check_file
from app.doctor.finding import Finding, Status, attempted, failed
from app.doctor.fleet import check_addresses, check_devices
from app.doctor.judging import FITNESS, Patrols
from app.doctor.kept import (
    RETENTION,
    Spool,
    check_chores,
    check_erasures,
    check_refused,
    check_spool,
    check_unusable,
)
from app.doctor.log import CHECK as LOG
from app.doctor.log import check_log
from app.doctor.places import CHECK as PLACES
from app.doctor.places import check_planned, check_shapes, sized
from app.storage import (
    audit,
    chores,
    erasures,
    hotspots,
    observing,
    plans,
    refusals,
    rights,
    tokens,
)
from app.storage.engine import Database, sqlite_file
from app.storage.errors import StorageError
from app.storage.hotspots import HotspotVersion
from app.storage.pages import Slice

_MOST = 100_000  # hot spots, or plans: more than a country has


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be examined. `hours` back from now devices are looked at.

    `entry` is what the audit log says of it.
    """

    database: str
    way: Way
    hours: float
    spool: Spool | None
    viewer: Viewer
    entry: Entry | None = None


async def examine(question: Question, now: Callable[[], dt.datetime]) -> list[Finding]:
    """Tries everything, and goes on where a part is broken as far as the others can be tried.

    The summary comes first.
    """
    found = await _examined(question, now)
    return sorted(found, key=lambda finding: finding.check != FITNESS)


async def _examined(question: Question, now: Callable[[], dt.datetime]) -> list[Finding]:
    file = sqlite_file(question.database)
    before = [] if file is None else check_file(file)
    if any(finding.status is Status.BROKEN and finding.check == "database" for finding in before):
        return [*before, *await check_chain(None, question.way, [], now)]
    database = Database(question.database)
    try:
        found = [*before, *await check_database(database, now)]
        if question.spool is not None:
            found += check_spool(question.spool)
        if _usable(found):
            async with database.write() as writer:
                await audit.write(writer, [] if question.entry is None else [question.entry], now())
            return [*found, *await _rest(database, question, now)]
        return [*found, *await check_chain(None, question.way, [], now)]
    finally:
        await database.close()


def _usable(found: list[Finding]) -> bool:
    states = {finding.check: finding.status for finding in found}
    return states.get(SCHEMA) is Status.OK


async def _rest(
    database: Database, question: Question, now: Callable[[], dt.datetime]
) -> list[Finding]:
    """Each part by itself: where the database fails in one, the others are found all the same."""
    moment = now()
    start, viewer = moment - dt.timedelta(hours=question.hours), question.viewer
    try:
        asked, broken = await _asked(database, viewer, moment), list[Finding]()
    except StorageError as exc:
        asked, broken = _Asked([], {}, []), [failed(PLACES, exc)]
    found = [*broken, *await check_chain(database, question.way, asked.spots, now)]
    found += await attempted("unusable", _unusable(database, start, question.hours))
    found += await attempted("refused", _refused(database, start, question.hours))
    found += await attempted(RETENTION, _chores(database, viewer, moment))
    found += await attempted("erasure", _erasures(database))
    found += await attempted(TOKENS, _tokens(database))
    found += await attempted(LOG, _log(database))
    found += await attempted("addresses", _addresses(database))
    try:
        places = await asyncio.to_thread(sized, asked.spots)
    except ValueError as exc:
        says = f"The engine cannot use these hot spots: {exc}."
        return [*found, Finding(PLACES, Status.BROKEN, says, "Import them anew.")]
    if not broken:
        found += await asyncio.to_thread(check_shapes, places)
        found += check_planned(places.keys, _planned(asked))
    patrols = _patrols(asked.running)
    return [
        *found,
        *await check_devices(database, viewer, places.valid(), patrols, (start, moment)),
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which places what is asked today: hot spots, the keys of all, plans."""

    spots: Sequence[HotspotVersion]
    keys: Mapping[int, str]
    running: Sequence[Plan]


async def _asked(database: Database, viewer: Viewer, now: dt.datetime) -> _Asked:
    async with database.read() as reader:
        known = await plans.page(reader, viewer, Slice(_MOST))
        return _Asked(
            spots=(await hotspots.page(reader, viewer, Slice(_MOST), now, now)).items,
            keys=await hotspots.keys(reader, viewer),
            running=[plan for plan in known.items if plan.runs_on(now.date())],
        )


async def _unusable(database: Database, start: dt.datetime, hours: float) -> list[Finding]:
    async with database.read() as reader:
        return check_unusable(await observing.unusable(reader, start), hours)


async def _refused(database: Database, start: dt.datetime, hours: float) -> list[Finding]:
    async with database.read() as reader:
        return check_refused(await refusals.since(reader, start), hours)


async def _chores(database: Database, viewer: Viewer, now: dt.datetime) -> list[Finding]:
    async with database.read() as reader:
        return check_chores(await chores.everything(reader, viewer), now)


async def _erasures(database: Database) -> list[Finding]:
    async with database.read() as reader:
        return check_erasures(await erasures.unfinished(reader))


async def _tokens(database: Database) -> list[Finding]:
    async with database.read() as reader:
        return check_tokens(await tokens.endless(reader))


async def _log(database: Database) -> list[Finding]:
    async with database.read() as reader:
        return check_log(unbound=await rights.unbound(reader))


async def _addresses(database: Database) -> list[Finding]:
    async with database.read() as reader:
        return check_addresses(await observing.shared_addresses(reader))


def _planned(asked: _Asked) -> frozenset[str] | None:
    """The keys of the hot spots that a plan of today asks for; None: there is no such plan."""
    if not asked.running:
        return None
    if any(plan.hotspots is None for plan in asked.running):
        return frozenset(asked.keys.values())
    wanted = frozenset[int]().union(*(plan.hotspots or () for plan in asked.running))
    return frozenset(asked.keys[one] for one in wanted)


def _patrols(running: Sequence[Plan]) -> Patrols:
    """How long patrols are to be; of several plans the one that is hardest to judge."""
    lengths = [Patrols(plan.minimum_minutes, plan.maximum_minutes) for plan in running]
    return min(lengths, key=lambda patrols: patrols.spare_s, default=Patrols())
