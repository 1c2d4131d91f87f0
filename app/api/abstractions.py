"""Abstractions: who was taken off the plan, when and why."""

from typing import Annotated

from fastapi import Body, Path, Query
from pydantic import Field

from app.access.viewer import Right, Viewer
from app.api.deps import DatabaseDep, Manager, Now, Part, cursor_of, ordered, viewer_with
from app.api.fields import LARGEST_ID, Listing, Moment, Name, OneOrMore, Schema, example
from app.api.route import guarded_router
from app.storage import abstractions

router = guarded_router("people")

_EXAMPLE = {
    "officer": None,
    "team": "Centre, late turn",
    "start": "2026-10-31T17:00:00Z",
    "end": "2026-11-01T00:00:00Z",
    "reason": "Halloween",
}


class Abstraction(Schema):
    """An officer, a team, or, with neither, everybody was taken off the plan for a reason."""

    model_config = example(_EXAMPLE)

    officer: Name | None = Field(None, description="their number")
    team: Name | None = Field(None, description="its name")
    start: Moment
    end: Moment = Field(description="until before then")
    reason: Name


class StoredAbstraction(Abstraction):
    """An abstraction with its id."""

    model_config = example({"id": 12, **_EXAMPLE})

    id: int


@router.post("/abstractions", status_code=201, dependencies=[Manager])
async def create_abstractions(
    given: Annotated[OneOrMore[Abstraction], Body(examples=[_EXAMPLE, [_EXAMPLE]])],
    database: DatabaseDep,
    now: Now,
) -> Listing[StoredAbstraction]:
    """Says who was taken off the plan: one abstraction, or a list: all are stored or none.

    They may overlap; the same again is no change. Errors say where they are as `3.end`: the end of
    the fourth.
    """
    new = [abstractions.Abstraction(**one.model_dump()) for one in given]
    async with database.write() as writer:
        ids = await abstractions.create(writer, new, now)
    items = [
        StoredAbstraction(id=id_, **one.model_dump()) for id_, one in zip(ids, given, strict=True)
    ]
    return Listing(items=items)


@router.get("/abstractions")
async def list_abstractions(
    *,
    viewer: Annotated[Viewer, viewer_with(Right.READ_PEOPLE)],
    database: DatabaseDep,
    part: Part,
    start: Annotated[Moment | None, Query(alias="from", description="ended after then")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="begun before then")] = None,
) -> Listing[StoredAbstraction]:
    """Who was taken off the plan: of those whom you may see, their teams, and everybody at once."""
    ordered(start, end)
    async with database.read() as reader:
        page = await abstractions.page(reader, viewer, start, end, part)
    items = [StoredAbstraction.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.delete("/abstractions/{abstraction_id}", status_code=204, dependencies=[Manager])
async def withdraw_abstraction(
    abstraction_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], database: DatabaseDep, now: Now
) -> None:
    """Takes back an abstraction that never was; figures as at an earlier moment still count it."""
    async with database.write() as writer:
        await abstractions.withdraw(writer, abstraction_id, now)
