"""Two teams of one officer each, and a warden of none, put into the tables in that order."""

import datetime as dt

from app.access.viewer import Role, Viewer
from app.storage import people
from app.storage.engine import Database

ANALYST = Viewer("x", Role.ANALYST)
NOW = dt.datetime(2026, 1, 15, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


async def staff(database: Database) -> None:
    """Officers 1 of North, 2 of South, and 3, a council's warden."""
    async with database.write() as writer:
        for team in ("North", "South"):
            await people.create_team(writer, people.Team(team))
        for number, team, organisation in (
            ("1", "North", "police"),
            ("2", "South", "police"),
            ("3", None, "council"),
        ):
            officer = people.Officer(number, f"Officer {number}", team, organisation)
            await people.create_officer(writer, officer, NOW)
