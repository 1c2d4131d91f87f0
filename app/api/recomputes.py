"""What is being worked out anew, and how far that is."""

from pydantic import Field

from app.api.deps import Asker, DatabaseDep
from app.api.fields import Listing, Moment, Schema, example
from app.api.route import guarded_router
from app.storage import recomputes

router = guarded_router("visits")


class Recompute(Schema):
    """Visits of a span that are being worked out anew, or wait for it."""

    model_config = example(
        {
            "from": "2026-01-10T06:00:00.000000Z",
            "to": None,
            "why": "edited",
            "asked": "2026-01-15T15:15:02.000000Z",
            "devices_done": 120,
            "devices": 300,
            "failures": 0,
        }
    )

    start: Moment = Field(serialization_alias="from")
    until: Moment | None = Field(serialization_alias="to", description="null: up to now")
    why: str = Field(description="edited (a hot spot), or by hand (`beatkeeper recompute`)")
    asked: Moment
    devices_done: int
    devices: int
    failures: int = Field(description="since it last went on; the service's log says why")


@router.get("/recomputes")
async def list_recomputes(database: DatabaseDep, viewer: Asker) -> Listing[Recompute]:
    """What is not done yet, in the order in which it comes; until then visits may still change."""
    async with database.read() as reader:
        found = await recomputes.all_progress(reader, viewer)
    items = [
        Recompute(
            start=job.start,
            until=job.until,
            why=job.why,
            asked=job.asked,
            devices_done=done,
            devices=devices,
            failures=job.attempts,
        )
        for job, done, devices in found
    ]
    return Listing(items=items)
