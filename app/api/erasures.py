"""Erasing what is stored of a person, and what was erased."""

import datetime as dt
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from app.access.audit import Act, Whose
from app.api.audited import Audited
from app.api.deps import Asker, DatabaseDep, ordered
from app.api.errors import Invalid
from app.api.fields import Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.api.state import database_of
from app.erasing import Report, Wanted, erase, look, officer_id
from app.storage import erasures
from app.storage.types import from_us

router = guarded_router("people")

_REPORT = {
    "rows": {"fixes": 41233, "visits": 61, "duty_times": 12},
    "devices": 2,
    "kept": ["the audit log, which says who did what and is kept by its own period"],
    "done": True,
}


class ErasureWanted(Schema):
    """Of whom what is to be erased: of a stretch of time, or all there is."""

    model_config = example({"officer": "PC1234", "reason": "request of 2026-11-20, ref 17"})

    officer: Name = Field(description="the number")
    start: Moment | None = Field(None, alias="from", description="of the time from then on only")
    end: Moment | None = Field(None, alias="to", description="of the time before then only")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class ErasureReport(Schema):
    """How many rows of which table went, or would, and what is kept."""

    model_config = example(_REPORT)

    rows: dict[str, int]
    devices: int = Field(description="how many the officer had in that time")
    kept: list[str]
    done: bool = Field(description="false: a dry run, nothing was erased")


class Erasure(Schema):
    """That something was erased, by a period or of a person; never what."""

    model_config = example(
        {
            "id": 3,
            "time": "2026-11-23T09:12:44.000000Z",
            "kind": "person",
            "what": "all",
            "from": None,
            "to": "2026-11-23T09:12:44.000000Z",
            "rows": {"fixes": 41233, "visits": 61, "duty_times": 12},
            "done": "2026-11-23T09:12:44.000000Z",
        }
    )

    id: int
    time: Moment
    kind: str = Field(description="period, or person")
    what: str = Field(description="fixes, visits, events or audit of a period; of a person: all")
    start: Moment | None = Field(serialization_alias="from", description="null: the beginning")
    end: Moment = Field(serialization_alias="to")
    rows: dict[str, int]
    done: Moment | None = Field(
        description="null: it is under way, or broke off: then the same again goes on"
    )


@router.post("/erasures")
async def erase_person(
    given: ErasureWanted,
    viewer: Asker,
    database: DatabaseDep,
    request: Request,
    note: Audited,
    *,
    dry_run: Annotated[bool, Query(description="only say what would go")] = False,
) -> ErasureReport:
    """Erases what is stored of an officer; other people's time with the same devices stays.

    A dry run counts whole days (UTC): counts of less would tell where somebody was when.
    What is left of the devices is measured again, which `/recomputes` tells of. Where it breaks
    off, the same again goes on.
    """
    ordered(given.start, given.end)
    wanted = Wanted(given.officer, given.start, given.end)
    id_ = await officer_id(database_of(request), viewer, wanted)
    note.say(whose=Whose(officers=frozenset({id_})), reason=given.reason)
    if dry_run:
        _whole_days(given)
        note.say(act=Act.CONSULTATION)
        return _shown(await look(database_of(request), viewer, wanted))

    def now() -> dt.datetime:
        return from_us(request.app.state.now_us())

    return _shown(await erase(database, viewer, wanted, now))


def _whole_days(given: ErasureWanted) -> None:
    for where, moment in (("from", given.start), ("to", given.end)):
        if moment is not None and moment.astimezone(dt.UTC).time() != dt.time():
            raise Invalid(where=where, what="a dry run is of whole days: give midnight, UTC")


def _shown(report: Report) -> ErasureReport:
    return ErasureReport(
        rows=dict(report.rows),
        devices=report.devices,
        kept=list(report.kept),
        done=report.id is not None,
    )


@router.get("/erasures")
async def list_erasures(viewer: Asker, database: DatabaseDep) -> Listing[Erasure]:
    """What was erased, the last first; of no person by name."""
    async with database.read() as reader:
        found = await erasures.everything(reader, viewer, most=1000)
    items = [
        Erasure(
            id=one.id,
            time=one.time,
            kind=one.kind,
            what=one.what,
            start=one.start,
            end=one.end,
            rows=dict(one.report),
            done=one.done,
        )
        for one in found
    ]
    return Listing(items=items)
