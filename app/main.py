"""Puts the service together: everything concrete is named here and nowhere else."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

import app as package
from app import api, housekeeping
from app.directory import Directory
from app.feedback import Feedback
from app.live import Live
from app.pipeline import Pipeline
from app.settings import Settings
from app.storage import device_events, quarantine
from app.storage.engine import Database, Writer, parse_url, sqlite_file
from app.storage.errors import DatabaseUnavailable
from app.storage.quarantine import Limits as QuarantineLimits
from app.storage.types import from_us
from app.survey import Surveyor
from app.watching import Watcher
from app.webhooks import Webhooks
from geofence.engine import warm_up
from ingest import http as ingest_http
from ingest import openapi as ingest_openapi
from ingest import upload
from ingest.batch import Batcher
from ingest.broker import Broker
from ingest.columns import Delivery
from ingest.consumer import Consumer
from ingest.errors import StorageUnavailable
from ingest.intake import Intake, Keep, Quarantine
from ingest.message import Said
from ingest.spool import Spool
from ingest.spooling import SpoolingIntake
from ingest.spoolrecord import MARK_BYTES
from ingest.topics import Topics
from ingest.uploadbody import Limits as UploadLimits
from ingest.watch import Watch

Given = TypeVar("Given")
Work = Coroutine[None, None, None]

# Batches stored at the same time: PostgreSQL works on one while the next is made ready. SQLite has
# one writer.
LANES = {"sqlite": 1, "postgresql": 2}


def system_clock() -> int:
    """Microseconds since the Unix epoch, by this machine's clock."""
    return time.time_ns() // 1_000  # noqa: TID251 -- the one place that reads it


class Service(FastAPI):
    """FastAPI's application behind the doors of devices, which stand in its document as well."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 -- FastAPI's own
        super().__init__(**given)
        self._doors = ingest_http.Doors(self, super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await self._doors(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        if self.openapi_schema is None:
            ingest_openapi.describe(super().openapi())
        return self.openapi_schema or {}


def create_app(settings: Settings, now_us: Callable[[], int] = system_clock) -> FastAPI:
    """The service as an ASGI application; it opens its database and broker when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, settings, now_us):
            yield

    app = Service(
        title="Beatkeeper",
        version=package.__version__,
        summary="Measures hot spots policing: dwell, coverage and compliance.",
        lifespan=lifespan,
        # FastAPI's own pages load their parts from the internet.
        docs_url=None,
        redoc_url=None,
    )
    for router in (upload.router, api.router, api.probes):
        app.include_router(router)
    api.docs.install(app)
    api.errors.install(app)
    return app


@asynccontextmanager
async def _running(
    app: FastAPI, settings: Settings, now_us: Callable[[], int]
) -> AsyncIterator[None]:
    """Everything the service runs, closed in the opposite order: who sends before who stores."""
    # Compiling takes seconds on a machine's first start, and would hold up the first batch.
    await asyncio.to_thread(warm_up)
    async with AsyncExitStack() as stack:
        database = Database(settings.database, pool_size=settings.pool_size)
        stack.push_async_callback(database.close)
        watch = Watch(time.monotonic)
        pipeline = Pipeline(
            database,
            now_us,
            max_ahead_s=settings.max_ahead_s,
            raw_retention_days=settings.raw_retention_days,
        )
        lanes = [
            await stack.enter_async_context(
                Batcher(
                    watch.over(pipeline.store),
                    max_fixes=settings.batch_fixes,
                    max_waiting=settings.queue_fixes // LANES[database.dialect],
                )
            )
            for _ in range(LANES[database.dialect])
        ]

        def lane(delivery: Delivery) -> Batcher:
            # One sender's messages keep to one lane, so that they are stored in their order.
            return lanes[delivery.devices[0] % len(lanes)]

        intake = Intake(
            lambda delivery: lane(delivery).submit(delivery),
            watch.over(_quarantine(database)),
            watch.over(_keep(database, now_us)),
            offer=lambda delivery: lane(delivery).offer(delivery),
            max_ahead_us=round(settings.max_ahead_s * 1e6),
        )
        directory = Directory(database, time.monotonic)
        app.state.database = database
        app.state.now_us = now_us
        app.state.body_timeout_s = settings.body_timeout_s
        app.state.templates = settings.templates
        app.state.live = await stack.enter_async_context(Live(database))
        spooling = await stack.enter_async_context(
            SpoolingIntake(intake, _spool(settings, now_us), watch, after_s=settings.spool_after_s)
        )
        app.state.ingest = ingest_http.IngestState(
            spooling,
            directory.identify,
            now_us,
            directory.recognise,
            max_body_bytes=settings.max_body_bytes,
            body_timeout_s=settings.body_timeout_s,
        )
        app.state.uploads = upload.Uploads(
            spooling,
            directory.identify,
            now_us,
            UploadLimits(settings.max_upload_bytes, settings.body_timeout_s),
            settings.max_unpacked_bytes,
        )
        app.state.consumer = None
        if settings.mqtt is not None:
            consumer = _consumer(settings, intake, directory, now_us)
            app.state.consumer = await stack.enter_async_context(consumer)
        for name, work in _works(app, settings).items():
            stack.push_async_callback(_end, asyncio.create_task(work(), name=name))
        yield


def _works(app: FastAPI, settings: Settings) -> Mapping[str, Callable[[], Work]]:
    """What the service does by itself, by name: each runs until it is cancelled."""
    database, live, now_us = app.state.database, app.state.live, app.state.now_us
    # By what name this process takes its turns at work that one process does at a time.
    holder = secrets.token_hex(8)
    limits = QuarantineLimits(settings.quarantine_rows, settings.quarantine_days)
    works: dict[str, Callable[[], Work]] = {
        "housekeeping": lambda: housekeeping.run(database, now_us, limits),
        "watcher": lambda: Watcher(database, now_us).run(holder),
        "survey": lambda: Surveyor(database, now_us).run(holder),
        "webhooks": lambda: Webhooks(database, live, now_us).run(holder),
    }
    if app.state.consumer is not None:
        feedback = Feedback(database, live, app.state.consumer, now_us)
        works["feedback"] = lambda: feedback.run(holder)
    return works


def _consumer(
    settings: Settings, intake: Intake, directory: Directory, now_us: Callable[[], int]
) -> Consumer:
    return Consumer(
        Broker.from_url(str(settings.mqtt)),
        intake=intake,
        identify=directory.identify,
        recognise=directory.recognise,
        now_us=now_us,
        protocol=settings.mqtt_protocol,
        client_id=settings.mqtt_client_id,
        topics=Topics(settings.mqtt_owntracks),
        ca_file=None if settings.mqtt_ca is None else str(settings.mqtt_ca),
    )


def _quarantine(database: Database) -> Quarantine:
    return _alone(database, quarantine.keep)


def _keep(database: Database, now_us: Callable[[], int]) -> Keep:
    async def keep(writer: Writer, said: Sequence[Said]) -> None:
        await device_events.keep(writer, said, from_us(now_us()))

    return _alone(database, keep)


def _alone(
    database: Database, store: Callable[[Writer, Given], Awaitable[None]]
) -> Callable[[Given], Awaitable[None]]:
    """Stores in a transaction of its own; raises StorageUnavailable."""

    async def stored(given: Given) -> None:
        try:
            async with database.write() as writer:
                await store(writer, given)
        except DatabaseUnavailable as exc:
            raise StorageUnavailable(str(exc)) from exc

    async def shielded(given: Given) -> None:
        # Who waits may give up; to break off a transaction that hangs could take as long again.
        await asyncio.shield(stored(given))

    return shielded


def _spool(settings: Settings, now_us: Callable[[], int]) -> Spool:
    return Spool(
        settings.spool or spool_of(settings.database),
        run=f"{now_us():016}",
        mark=secrets.token_bytes(MARK_BYTES),
        limit_bytes=settings.spool_bytes,
    )


def spool_of(database: str) -> Path:
    """The folder for one database: what waits for it is not to get into another."""
    file, url = sqlite_file(database), parse_url(database)
    if file is not None:
        return file.with_name(f"{file.name}.spool")
    place = f"{url.database}@{url.host or 'localhost'}-{url.port or 5432}"
    return Path(f"{quote(place, safe='@')}.spool")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
