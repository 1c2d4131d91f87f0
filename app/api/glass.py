"""Breaking the glass: to see somebody whom one else does not, for a reason, for a while."""

import datetime as dt
from typing import Annotated, Self

from fastapi import Path
from pydantic import Field, StringConstraints, model_validator

from app.access.audit import Whose
from app.api.audited import Audited
from app.api.deps import Asker, DatabaseDep, Now
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.storage import events, glass, people
from app.storage.events import Event, Kind

router = guarded_router("break glass")
MOST_MINUTES = 60
_LISTED = 100
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=10, max_length=500, pattern=r"^[^\x00]*$"),
]
_EXAMPLE = {
    "reason": "1234 does not answer their radio since 02:10",
    "officers": ["1234"],
    "payloads": False,
    "minutes": 30,
}
_BROKEN = {
    "id": 2,
    "reason": _EXAMPLE["reason"],
    "payloads": False,
    "broken": "2026-01-15T02:20:00Z",
    "until": "2026-01-15T02:50:00Z",
}


class GivenGlass(Schema):
    """For whom to break it, and why."""

    model_config = example(_EXAMPLE)

    reason: Reason = Field(description="told to those whom it concerns, and kept in the log")
    officers: list[Name] = Field([], max_length=50, description="by their numbers")
    payloads: bool = Field(default=False, description="to read broken messages as they came")
    minutes: int = Field(MOST_MINUTES, ge=1, le=MOST_MINUTES)

    @model_validator(mode="after")
    def _for_something(self) -> Self:
        if not self.officers and not self.payloads:
            msg = "name officers, or payloads"
            raise ValueError(msg)
        return self


class Glass(Schema):
    """Glass that you broke. Of which officers, only the audit log says."""

    model_config = example(_BROKEN)

    id: int
    reason: str
    payloads: bool
    broken: Moment
    until: Moment


@router.post("/break-glass", status_code=201)
async def break_glass(
    given: GivenGlass, viewer: Asker, database: DatabaseDep, now: Now, audited: Audited
) -> Glass:
    """Lets you see these officers for a while, and tells them, their supervisors and the log.

    What you had broken before is put back. A number that nobody has is taken like any other.
    """
    until = now + dt.timedelta(minutes=given.minutes)
    async with database.write() as writer:
        officer_ids = set((await people.officer_ids(writer, given.officers)).values())
        glass_id = await glass.break_(
            writer,
            viewer,
            given.reason,
            officer_ids,
            payloads=given.payloads,
            now=now,
            until=until,
        )
        audited.say(
            reason=given.reason,
            whose=Whose(officers=frozenset(officer_ids), everybody=given.payloads),
            until=until.isoformat(),
        )
        told = Event(
            Kind.GLASS_BROKEN,
            now,
            detail=f"{viewer.name}, {viewer.role}: {given.reason}",
            data={"until": until.isoformat(), "payloads": given.payloads},
        )
        await events.write(writer, events.of_officers(told, officer_ids), now)
    return Glass(id=glass_id, reason=given.reason, payloads=given.payloads, broken=now, until=until)


@router.get("/break-glass")
async def list_glass(viewer: Asker, database: DatabaseDep) -> Listing[Glass]:
    """The glass that you broke, the latest first; `until` is past where it is whole again."""
    async with database.read() as reader:
        found = await glass.own(reader, viewer, _LISTED)
    return Listing(items=[Glass.model_validate(one, from_attributes=True) for one in found])


@router.delete("/break-glass/{glass_id}", status_code=204)
async def put_back(
    glass_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
) -> None:
    """Puts the glass back before its time."""
    async with database.write() as writer:
        await glass.put_back(writer, viewer, glass_id, now)
