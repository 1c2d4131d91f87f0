"""When officers were on duty, and when and why they were taken off the plan."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Body, Path, Query
from pydantic import Field

from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of, ordered
from app.api.fields import (
    LARGEST_ID,
    Listing,
    Moment,
    Name,
    OneOrMore,
    Schema,
    example,
    one_or_more,
)
from app.api.route import guarded_router
from app.storage import abstractions, duty
from app.storage.pages import Page

router = guarded_router("people")
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
From = Annotated[Moment | None, Query(alias="from", description="ended after then")]
To = Annotated[Moment | None, Query(alias="to", description="begun before then")]

_DUTY = {"officer": "PC1234", "start": "2026-01-15T14:00:00Z", "end": "2026-01-15T22:00:00Z"}
_HALLOWEEN = {
    "officer": None,
    "team": "Centre, late turn",
    "start": "2026-10-31T17:00:00Z",
    "end": "2026-11-01T00:00:00Z",
    "reason": "Halloween",
}


class DutyTime(Schema):
    """An officer, by number, was on duty from `start` until before `end`."""

    model_config = example(_DUTY)

    officer: Name
    start: Moment
    end: Moment


class StoredDutyTime(DutyTime):
    """A duty time with its id."""

    model_config = example({"id": 12, **_DUTY})

    id: int


class Abstraction(Schema):
    """An officer, a team, or, with neither, everybody was taken off the plan for a reason."""

    model_config = example(_HALLOWEEN)

    officer: Name | None = Field(None, description="their number")
    team: Name | None = Field(None, description="its name")
    start: Moment
    end: Moment = Field(description="until before then")
    reason: Name


class StoredAbstraction(Abstraction):
    """An abstraction with its id."""

    model_config = example({"id": 12, **_HALLOWEEN})

    id: int


@router.post("/duty-times", status_code=201)
async def create_duty_times(
    given: Annotated[OneOrMore[DutyTime], Body(openapi_examples=one_or_more(_DUTY))],
    database: DatabaseDep,
    now: Now,
) -> Listing[StoredDutyTime]:
    """Says when officers were on duty: one time, or a list, of which all are stored or none.

    Times of one officer may overlap, and none is longer than 7 days; the same again is no change.
    Errors say where they are as `3.end`: the end of the fourth.
    """
    new = [duty.DutyTime(**dict(one)) for one in given]
    async with database.write() as writer:
        ids = await duty.create(writer, new, now)
    return _numbered(StoredDutyTime, ids, given)


@router.post("/abstractions", status_code=201)
async def create_abstractions(
    given: Annotated[OneOrMore[Abstraction], Body(openapi_examples=one_or_more(_HALLOWEEN))],
    database: DatabaseDep,
    now: Now,
) -> Listing[StoredAbstraction]:
    """Says who was taken off the plan: one abstraction, or a list: all are stored or none.

    They may overlap; the same again is no change. Errors say where they are as `3.end`: the end of
    the fourth.
    """
    new = [abstractions.Abstraction(**dict(one)) for one in given]
    async with database.write() as writer:
        ids = await abstractions.create(writer, new, now)
    return _numbered(StoredAbstraction, ids, given)


@router.get("/duty-times")
async def list_duty_times(
    *,
    viewer: Asker,
    database: DatabaseDep,
    part: Part,
    officer: Annotated[Name | None, Query(description="their number")] = None,
    start: From = None,
    end: To = None,
) -> Listing[StoredDutyTime]:
    """When officers were on duty, as far as you may see them."""
    ordered(start, end)
    async with database.read() as reader:
        page = await duty.page(reader, viewer, duty.Wanted(officer, start, end), part)
    return _listing(StoredDutyTime, page)


@router.get("/abstractions")
async def list_abstractions(
    *, viewer: Asker, database: DatabaseDep, part: Part, start: From = None, end: To = None
) -> Listing[StoredAbstraction]:
    """Who was taken off the plan: of those whom you may see, their teams, and everybody at once."""
    ordered(start, end)
    async with database.read() as reader:
        page = await abstractions.page(reader, viewer, start, end, part)
    return _listing(StoredAbstraction, page)


@router.delete("/duty-times/{duty_time_id}", status_code=204)
async def withdraw_duty_time(duty_time_id: Id, database: DatabaseDep, now: Now) -> None:
    """Takes back a duty time that never was; figures as at an earlier moment still count it."""
    async with database.write() as writer:
        await duty.withdraw(writer, duty_time_id, now)


@router.delete("/abstractions/{abstraction_id}", status_code=204)
async def withdraw_abstraction(abstraction_id: Id, database: DatabaseDep, now: Now) -> None:
    """Takes back an abstraction that never was; figures as at an earlier moment still count it."""
    async with database.write() as writer:
        await abstractions.withdraw(writer, abstraction_id, now)


Stored = TypeVar("Stored", StoredDutyTime, StoredAbstraction)


def _numbered(
    kind: type[Stored], ids: Sequence[int], given: Sequence[DutyTime | Abstraction]
) -> Listing[Stored]:
    pairs = zip(ids, given, strict=True)
    return Listing(items=[kind(id=id_, **dict(one)) for id_, one in pairs])


def _listing(kind: type[Stored], page: Page[Any]) -> Listing[Stored]:
    items = [kind.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))
