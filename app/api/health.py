"""Whether the service lives and is ready, for anybody; what came in, for those who may know."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.api.deps import Now
from app.api.fields import Schema, example
from app.api.patience import Probe, probe_of
from app.api.route import guarded_router
from app.api.state import database_of
from app.storage.engine import Database
from ingest.consumer import Consumer
from ingest.http import IngestState

probes = APIRouter(tags=["health"])
router = guarded_router("ingest")


class Health(Schema):
    """Whether a part that the service needs is there, and how much waits for the database."""

    model_config = example({"database": True, "broker": True, "waiting": 0})

    database: bool
    broker: bool | None = None
    waiting: int = Field(description="messages on the disk, yet to be stored")


class Counts(Schema):
    """What came in since this process started."""

    model_config = example(
        {
            "messages": 812,
            "broken": 1,
            "accepted": 4021,
            "duplicates": 17,
            "events": 3,
            "rejected": {"future": 2},
            "spooled": 40,
            "waiting": 0,
            "not_kept": 0,
        }
    )

    messages: int
    broken: int
    accepted: int
    duplicates: int
    events: int
    rejected: dict[str, int]
    spooled: int = Field(description="messages that went to the disk, the database being away")
    waiting: int = Field(description="those of them, and of earlier processes, yet to be stored")
    not_kept: int = Field(description="broken ones that were too many to keep for a look")


def _consumer(request: Request) -> Consumer | None:
    return cast("Consumer | None", request.app.state.consumer)


def _ingest(request: Request) -> IngestState:
    return cast("IngestState", request.app.state.ingest)


@probes.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "alive"}


@probes.get("/readyz", responses={503: {"model": Health, "description": "A part is away."}})
async def readyz(
    *,
    database: Annotated[Database, Depends(database_of)],
    now: Now,
    probe: Annotated[Probe, Depends(probe_of)],
    consumer: Annotated[Consumer | None, Depends(_consumer)],
    ingest: Annotated[IngestState, Depends(_ingest)],
    response: Response,
) -> Health:
    """Answers 200 if the database, and the broker where there is one, can be reached."""
    health = Health(
        database=await probe.reachable(database, now),
        broker=None if consumer is None else consumer.connected,
        waiting=ingest.intake.counts.waiting,
    )
    if not health.database or health.broker is False:
        response.status_code = 503
    return health


@router.get("/ingest")
async def counts(ingest: Annotated[IngestState, Depends(_ingest)]) -> Counts:
    """What came in since this process started: messages, and what became of their fixes."""
    return Counts.model_validate(ingest.intake.counts, from_attributes=True)
