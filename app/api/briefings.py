"""Briefings: what officers are to do at a hot spot, and who of them has read it."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, StringConstraints

from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.compliance.limits import LONGEST_NOTE, NO_NOTE
from app.storage import briefings, hotspots

router = guarded_router("briefings")
Keyed = Annotated[Name, Path()]
Note = Annotated[str, StringConstraints(max_length=LONGEST_NOTE, pattern=rf"^[^{NO_NOTE}]*$")]

_EXAMPLE = {
    "task": "Walk the length of the precinct; speak to the shops at both ends",
    "note": "Thefts from cars between 17:00 and 19:00. The car park's gate is open until 20:00.",
}


class BriefingValues(Schema):
    """What officers are to do at a hot spot, in a line, and why, and what to know."""

    model_config = example(_EXAMPLE)

    task: Name
    note: Note = ""


class Briefing(Schema):
    """What officers are to do at a hot spot, since when; the id is another after each change."""

    model_config = example(
        {
            "id": 12,
            "hotspot": "HS1",
            **_EXAMPLE,
            "since": "2026-09-01T08:15:00.000000Z",
            "read": "2026-09-01T14:05:00.000000Z",
        }
    )

    id: int
    hotspot: str
    task: str
    note: str
    since: Moment
    read: Moment | None = Field(
        description="when you read it; null: not yet, or yours is no officer's token"
    )


class ReadBy(Schema):
    """An officer, and when they read a briefing as it now is (null: not yet)."""

    model_config = example(
        {"officer": "PC1234", "name": "A. Example", "read": "2026-09-01T14:05:00.000000Z"}
    )

    officer: Name
    name: Name
    read: Moment | None


@router.put("/hotspots/{key}/briefing")
async def put_briefing(
    key: Keyed,
    values: BriefingValues,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
) -> Briefing:
    """Says what officers are to do at a hot spot, from now on; what was said before is kept.

    Another text has been read by nobody yet; the same again is no change.
    """
    async with database.write() as writer:
        hotspot = await hotspots.id_of(writer, viewer, key)
        await briefings.put(writer, {hotspot: briefings.Words(values.task, values.note)}, now)
        return _shown(await briefings.one(writer, viewer, hotspot))


@router.get("/hotspots/{key}/briefing")
async def get_briefing(key: Keyed, viewer: Asker, database: DatabaseDep) -> Briefing:
    """What officers are to do at a hot spot."""
    async with database.read() as reader:
        hotspot = await hotspots.id_of(reader, viewer, key)
        return _shown(await briefings.one(reader, viewer, hotspot))


@router.delete("/hotspots/{key}/briefing", status_code=204)
async def end_briefing(key: Keyed, viewer: Asker, database: DatabaseDep, now: Now) -> None:
    """Ends the briefing of a hot spot; what was said is kept."""
    async with database.write() as writer:
        await briefings.withdraw(writer, await hotspots.id_of(writer, viewer, key), now)


@router.get("/briefings")
async def list_briefings(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Briefing]:
    """What officers are to do at each hot spot, and, of an officer's own, when they read it."""
    async with database.read() as reader:
        page = await briefings.page(reader, viewer, part)
    return Listing(items=[_shown(one) for one in page.items], next=cursor_of(page))


def _shown(briefing: briefings.Briefing) -> Briefing:
    return Briefing(
        id=briefing.id,
        hotspot=briefing.hotspot,
        task=briefing.words.task,
        note=briefing.words.note,
        since=briefing.since,
        read=briefing.read,
    )


@router.post("/hotspots/{key}/briefing/read", status_code=201)
async def read_briefing(
    *,
    key: Keyed,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    version: Annotated[
        int | None,
        Query(
            alias="id",
            ge=1,
            le=LARGEST_ID,
            description="of what was read; a conflict if it has been changed since",
        ),
    ] = None,
) -> Briefing:
    """Notes that you, an officer, have read a hot spot's briefing; the first time counts."""
    async with database.write() as writer:
        hotspot = await hotspots.id_of(writer, viewer, key)
        await briefings.read(writer, viewer, hotspot, version, now)
        return _shown(await briefings.one(writer, viewer, hotspot))


@router.get("/hotspots/{key}/briefing/readers")
async def list_readers(
    key: Keyed,
    viewer: Asker,
    database: DatabaseDep,
    part: Part,
) -> Listing[ReadBy]:
    """Of the officers whom you may see, who has read a hot spot's briefing, and who has not."""
    async with database.read() as reader:
        hotspot = await hotspots.id_of(reader, viewer, key)
        page = await briefings.readers(reader, viewer, hotspot, part)
    items = [ReadBy(officer=one.number, name=one.name, read=one.read) for one in page.items]
    return Listing(items=items, next=cursor_of(page))
