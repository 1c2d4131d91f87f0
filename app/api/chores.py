"""What the service does by itself, and when it last did."""

from pydantic import Field

from app.api.deps import Asker, DatabaseDep
from app.api.fields import Listing, Moment, Schema, example
from app.api.route import guarded_router
from app.storage import chores

router = guarded_router("ingest")


class Chore(Schema):
    """A chore: it is under way, or did not end well, where it was begun after it was done."""

    model_config = example(
        {
            "name": "retention",
            "begun": "2026-11-23T03:00:00.000000Z",
            "done": "2026-11-23T03:00:09.000000Z",
            "said": "fixes before 2026-10-23: 812344 gone",
        }
    )

    name: str
    begun: Moment
    done: Moment | None = Field(description="when it last ended well; null: never yet")
    said: str = Field(description="what it did, or what it could not and why")


@router.get("/chores")
async def list_chores(viewer: Asker, database: DatabaseDep) -> Listing[Chore]:
    """When the service last kept to its periods of retention, and what it could not do."""
    async with database.read() as reader:
        found = await chores.everything(reader, viewer)
    return Listing(items=[Chore.model_validate(one, from_attributes=True) for one in found])
