"""Duty times: when officers were on duty."""

from typing import Annotated

from fastapi import Body, Path, Query

from app.access.viewer import Right, Viewer
from app.api.deps import DatabaseDep, Manager, Now, Part, cursor_of, ordered, viewer_with
from app.api.fields import LARGEST_ID, Listing, Moment, Name, OneOrMore, Schema, example
from app.api.route import guarded_router
from app.storage import duty

router = guarded_router("people")

_EXAMPLE = {"officer": "PC1234", "start": "2026-01-15T14:00:00Z", "end": "2026-01-15T22:00:00Z"}


class DutyTime(Schema):
    """An officer, by number, was on duty from `start` until before `end`."""

    model_config = example(_EXAMPLE)

    officer: Name
    start: Moment
    end: Moment


class StoredDutyTime(DutyTime):
    """A duty time with its id."""

    model_config = example({"id": 12, **_EXAMPLE})

    id: int


@router.post("/duty-times", status_code=201, dependencies=[Manager])
async def create_duty_times(
    given: Annotated[OneOrMore[DutyTime], Body(examples=[_EXAMPLE, [_EXAMPLE]])],
    database: DatabaseDep,
    now: Now,
) -> Listing[StoredDutyTime]:
    """Says when officers were on duty: one time, or a list, of which all are stored or none.

    Times of one officer may overlap; the same again is no change. Errors say where they are as
    `3.end`: the end of the fourth.
    """
    new = [duty.DutyTime(one.officer, one.start, one.end) for one in given]
    async with database.write() as writer:
        ids = await duty.create(writer, new, now)
    items = [
        StoredDutyTime(id=id_, **one.model_dump()) for id_, one in zip(ids, given, strict=True)
    ]
    return Listing(items=items)


@router.get("/duty-times")
async def list_duty_times(
    *,
    viewer: Annotated[Viewer, viewer_with(Right.READ_PEOPLE)],
    database: DatabaseDep,
    part: Part,
    officer: Annotated[Name | None, Query(description="their number")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="ended after then")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="begun before then")] = None,
) -> Listing[StoredDutyTime]:
    """When officers were on duty, as far as you may see them."""
    ordered(start, end)
    async with database.read() as reader:
        page = await duty.page(reader, viewer, duty.Wanted(officer, start, end), part)
    items = [StoredDutyTime.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.delete("/duty-times/{duty_time_id}", status_code=204, dependencies=[Manager])
async def withdraw_duty_time(
    duty_time_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], database: DatabaseDep, now: Now
) -> None:
    """Takes back a duty time that never was; figures as at an earlier moment still count it."""
    async with database.write() as writer:
        await duty.withdraw(writer, duty_time_id, now)
