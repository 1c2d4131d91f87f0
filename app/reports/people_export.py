"""Tables of people on their way out: visits and pings, by name or by pseudonym."""

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.access.pseudonyms import study_key
from app.access.viewer import Right, Scope, Viewer
from app.compliance.veil import LEAST_OFFICERS
from app.reports import ping_rows, visit_rows
from app.reports.export import begun, heading
from app.reports.naming import Naming
from app.reports.table import Batch, Export, Table
from app.storage import exports
from app.storage import secrets as stored_secrets
from app.storage.engine import Database, Reader
from app.storage.errors import Refused
from app.storage.visit_reads import Wanted

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class OfPeople:
    """A table whose rows are of devices, and of who had them."""

    table: Table
    right: Right
    blocks: Callable[[Reader, Viewer, Wanted], AsyncIterator[exports.Block]]
    batch: Callable[[exports.Block, Naming], Batch]


PEOPLE: Final[Mapping[str, OfPeople]] = {
    "visits": OfPeople(visit_rows.TABLE, Right.READ_VISITS, exports.visit_blocks, visit_rows.batch),
    "pings": OfPeople(ping_rows.TABLE, Right.READ_TRACKS, exports.fix_blocks, ping_rows.batch),
}


@dataclass(frozen=True, slots=True)
class Veil:
    """Whether people are named (no key), and how that is said in what is taken away.

    By pseudonym, nobody is of a team of fewer than `least`.
    """

    key: bytes | None
    said: str
    least: int = LEAST_OFFICERS


async def veil(
    database: Database,
    viewer: Viewer,
    wanted: Wanted,
    *,
    pseudonyms: bool,
    study: str | None,
    least: int = LEAST_OFFICERS,
) -> Veil:
    """Names where the viewer has the right to them, and asks neither for pseudonyms nor a study's.

    Raises Refused where a device or an officer is asked for by name: a pseudonym would then stand
    for nobody else.
    """
    by_name = viewer.scope_of(Right.READ_NAMES) is not Scope.NOBODY
    if by_name and not pseudonyms and study is None:
        return Veil(None, "by name")
    for where in ("device", "officer"):
        if getattr(wanted, where) is not None:
            what = "asked for by name, it would be known whom its pseudonym stands for"
            raise Refused(where=where, what=what)
    if study is None:
        return Veil(secrets.token_bytes(_KEY_BYTES), "by pseudonyms of this table alone", least)
    secret = await stored_secrets.of(database, stored_secrets.PSEUDONYMS)
    return Veil(study_key(secret, study), f"by pseudonyms of the study {study}", least)


async def of_people(
    reader: Reader,
    viewer: Viewer,
    source: OfPeople,
    wanted: Wanted,
    veil: Veil,
    *,
    drawn: bool,
    now: dt.datetime,
) -> Export:
    """Visits or pings of those whom the viewer sees; `drawn`: with the shapes of hot spots.

    Raises Forbidden, Refused.
    """
    viewer.require(source.right)
    names = await exports.names(reader, viewer, wanted)
    naming = await asyncio.to_thread(Naming, names, veil.key, veil.least)

    async def batches() -> AsyncIterator[Batch]:
        async for block in source.blocks(reader, viewer, wanted):
            yield await asyncio.to_thread(source.batch, block, naming)

    asked = {
        "from": wanted.start,
        "to": wanted.end,
        "hotspot": wanted.hotspot,
        "device": wanted.device,
        "officer": wanted.officer,
        "open": None if wanted.open is None else str(wanted.open).lower(),
        "people": veil.said,
    }
    head = await heading(
        reader,
        viewer,
        source.table,
        asked,
        as_at=wanted.as_at,
        now=now,
        drawn=drawn,
        span=(wanted.start, wanted.end),
    )
    return await begun(head, batches())
