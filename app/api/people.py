"""Teams, officers, and who carried which device."""

from typing import Annotated

from fastapi import Query

from app.access.viewer import Right, Viewer
from app.api.deps import DatabaseDep, Manager, Now, Part, cursor_of, viewer_with
from app.api.errors import Invalid
from app.api.fields import Listing, Moment, Name, Schema, example
from app.api.route import guarded_router
from app.storage import assignments, people

router = guarded_router("people")
PeopleReader = Annotated[Viewer, viewer_with(Right.READ_PEOPLE)]


class Team(Schema):
    """A team, whose supervisors see its officers' visits."""

    model_config = example({"name": "Centre, late turn"})

    name: Name


class Officer(Schema):
    """An officer, or a council's warden."""

    model_config = example(
        {
            "number": "PC1234",
            "name": "A. Example",
            "team": "Centre, late turn",
            "organisation": "police",
        }
    )

    number: Name
    name: Name
    team: Name | None = None
    organisation: Name = "police"


class Assignment(Schema):
    """Which officer had which device, from `start` until before `end` (null: has it still)."""

    model_config = example(
        {
            "device": "radio-17",
            "officer": "PC1234",
            "start": "2026-01-15T14:00:00Z",
            "end": "2026-01-15T22:00:00Z",
        }
    )

    device: Name
    officer: Name
    start: Moment
    end: Moment | None = None


@router.post("/teams", status_code=201, dependencies=[Manager])
async def create_team(team: Team, database: DatabaseDep) -> Team:
    """Adds a team."""
    async with database.write() as writer:
        await people.create_team(writer, people.Team(team.name))
    return team


@router.get("/teams")
async def list_teams(viewer: PeopleReader, database: DatabaseDep, part: Part) -> Listing[Team]:
    """The teams that you may see."""
    async with database.read() as reader:
        page = await people.list_teams(reader, viewer, part)
    return Listing(items=[Team(name=team.name) for team in page.items], next=cursor_of(page))


@router.post("/officers", status_code=201, dependencies=[Manager])
async def create_officer(officer: Officer, database: DatabaseDep) -> Officer:
    """Adds an officer; the team must be there."""
    async with database.write() as writer:
        await people.create_officer(writer, people.Officer(**officer.model_dump()))
    return officer


@router.get("/officers")
async def list_officers(
    viewer: PeopleReader, database: DatabaseDep, part: Part
) -> Listing[Officer]:
    """The officers that you may see: a supervisor, those of their teams."""
    async with database.read() as reader:
        page = await people.list_officers(reader, viewer, part)
    items = [Officer.model_validate(officer, from_attributes=True) for officer in page.items]
    return Listing(items=items, next=cursor_of(page))


@router.post("/assignments", status_code=201, dependencies=[Manager])
async def create_assignment(given: Assignment, database: DatabaseDep, now: Now) -> Assignment:
    """Says who carries a device. One that overlaps another of the device is a conflict."""
    if given.end is not None and given.end <= given.start:
        raise Invalid(where="end", what="it is not after start")
    async with database.write() as writer:
        await assignments.create(writer, assignments.Assignment(**given.model_dump()), now)
    return given


@router.get("/assignments")
async def list_assignments(
    viewer: PeopleReader,
    database: DatabaseDep,
    part: Part,
    device: Annotated[Name | None, Query()] = None,
    officer: Annotated[Name | None, Query(description="their number")] = None,
) -> Listing[Assignment]:
    """Who carried what, as far as you may see the officers."""
    async with database.read() as reader:
        page = await assignments.page(reader, viewer, part, device, officer)
    items = [Assignment.model_validate(one, from_attributes=True) for one in page.items]
    return Listing(items=items, next=cursor_of(page))
