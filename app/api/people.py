"""Teams, officers, and who carried which device."""

from typing import Annotated

from fastapi import Path, Query

from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of
from app.api.errors import Invalid
from app.api.fields import LARGEST_ID, Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.storage import assignments, people

router = guarded_router("people")


class Team(Schema):
    """A team, whose supervisors see its officers' visits."""

    model_config = example({"name": "Centre, late turn"})

    name: Name


_OFFICER = {"name": "A. Example", "team": "Centre, late turn", "organisation": "police"}
_TIMES = {"start": "2026-01-15T14:00:00Z", "end": "2026-01-15T22:00:00Z"}
_ASSIGNMENT = {"device": "radio-17", "officer": "PC1234", **_TIMES}


class OfficerValues(Schema):
    """What an officer, or a council's warden, is called, and in which team."""

    model_config = example(_OFFICER)

    name: Name
    team: Name | None = None
    organisation: Name = "police"


class Officer(OfficerValues):
    """An officer, or a council's warden, by number."""

    model_config = example({"number": "PC1234", **_OFFICER})

    number: Name


class Times(Schema):
    """From `start` until before `end` (null: until further notice)."""

    model_config = example(_TIMES)

    start: Moment
    end: Moment | None = None


class Assignment(Times):
    """Which officer had which device, from `start` until before `end` (null: has it still)."""

    model_config = example(_ASSIGNMENT)

    device: Name
    officer: Name


class StoredAssignment(Assignment):
    """An assignment with its id, which is another after each change."""

    model_config = example({"id": 12, **_ASSIGNMENT})

    id: int


AssignmentId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.post("/teams", status_code=201)
async def create_team(team: Team, database: DatabaseDep) -> Team:
    """Adds a team."""
    async with database.write() as writer:
        await people.create_team(writer, people.Team(team.name))
    return team


@router.get("/teams")
async def list_teams(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Team]:
    """All teams: figures are of teams, too."""
    async with database.read() as reader:
        page = await people.list_teams(reader, viewer, part)
    return Listing(items=[Team(name=team.name) for team in page.items], next=cursor_of(page))


@router.post("/officers", status_code=201)
async def create_officer(officer: Officer, database: DatabaseDep, now: Now) -> Officer:
    """Adds an officer; the team must be there."""
    async with database.write() as writer:
        await people.create_officer(writer, people.Officer(**officer.model_dump()), now)
    return officer


@router.get("/officers")
async def list_officers(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Officer]:
    """The officers that you may see: a supervisor, those of their teams."""
    async with database.read() as reader:
        page = await people.list_officers(reader, viewer, part)
    items = [Officer.model_validate(officer, from_attributes=True) for officer in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.put("/officers/{number}")
async def change_officer(
    number: Annotated[Name, Path()], values: OfficerValues, database: DatabaseDep, now: Now
) -> Officer:
    """Makes an officer what is given. Supervisors of a new team see the visits of before, too."""
    officer = Officer(number=number, **values.model_dump())
    async with database.write() as writer:
        await people.change_officer(writer, people.Officer(**officer.model_dump()), now)
    return officer


@router.post("/assignments", status_code=201)
async def create_assignment(given: Assignment, database: DatabaseDep, now: Now) -> StoredAssignment:
    """Says who carries a device. One that overlaps another of the device is a conflict."""
    _require_order(given)
    async with database.write() as writer:
        new = assignments.Assignment(**given.model_dump())
        id_ = await assignments.create(writer, new, now)
    return StoredAssignment(**given.model_dump(), id=id_)


@router.put("/assignments/{assignment_id}")
async def change_assignment(
    assignment_id: AssignmentId, times: Times, database: DatabaseDep, now: Now
) -> StoredAssignment:
    """Ends an assignment, or says better when it was; it has another id from then on.

    What was believed before is kept, for figures as at an earlier moment.
    """
    _require_order(times)
    async with database.write() as writer:
        new = await assignments.change(writer, assignment_id, times.start, times.end, now)
    return StoredAssignment.model_validate(new, from_attributes=True)


@router.delete("/assignments/{assignment_id}", status_code=204)
async def withdraw_assignment(assignment_id: AssignmentId, database: DatabaseDep, now: Now) -> None:
    """Takes back an assignment that never was; to end one that was, change its `end`."""
    async with database.write() as writer:
        await assignments.withdraw(writer, assignment_id, now)


def _require_order(times: Times) -> None:
    if times.end is not None and times.end <= times.start:
        raise Invalid(where="end", what="it is not after start")


@router.get("/assignments")
async def list_assignments(
    viewer: Asker,
    database: DatabaseDep,
    part: Part,
    device: Annotated[Name | None, Query()] = None,
    officer: Annotated[Name | None, Query(description="their number")] = None,
) -> Listing[StoredAssignment]:
    """Who carried what, as far as you may see the officers."""
    async with database.read() as reader:
        page = await assignments.page(reader, viewer, part, device, officer)
    items = [StoredAssignment.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))
