"""Puts the service together: everything concrete is named here and nowhere else."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI

import app as package
from app import api, housekeeping
from app.directory import Directory
from app.pipeline import Pipeline
from app.settings import Settings
from app.storage import device_events, quarantine
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from geofence.engine import warm_up
from ingest import http as ingest_http
from ingest.batch import Batcher
from ingest.broker import Broker
from ingest.columns import Delivery
from ingest.consumer import Consumer
from ingest.errors import StorageUnavailable
from ingest.intake import Intake, Keep, Quarantine
from ingest.message import Broken, Said

# Batches stored at the same time: PostgreSQL works on one while the next is made ready. SQLite has
# one writer.
LANES = {"sqlite": 1, "postgresql": 2}


def system_clock() -> int:
    """Microseconds since the Unix epoch, by this machine's clock."""
    return time.time_ns() // 1_000  # noqa: TID251 -- the one place that reads it


def create_app(settings: Settings, now_us: Callable[[], int] = system_clock) -> FastAPI:
    """The service as an ASGI application; it opens its database and broker when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, settings, now_us):
            yield

    app = FastAPI(
        title="Beatkeeper",
        version=package.__version__,
        summary="Measures hot spots policing: dwell, coverage and compliance.",
        lifespan=lifespan,
        # Open pages that nobody needs.
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    for router in (ingest_http.router, api.router, api.probes):
        app.include_router(router)
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
        pipeline = Pipeline(
            database,
            now_us,
            max_ahead_s=settings.max_ahead_s,
            raw_retention_days=settings.raw_retention_days,
        )
        lanes = [
            await stack.enter_async_context(
                Batcher(
                    pipeline.store,
                    max_fixes=settings.batch_fixes,
                    max_waiting=settings.queue_fixes // LANES[database.dialect],
                )
            )
            for _ in range(LANES[database.dialect])
        ]

        async def submit(delivery: Delivery) -> list[int]:
            # One sender's messages keep to one lane, so that they are stored in their order.
            return await lanes[delivery.devices[0] % len(lanes)].submit(delivery)

        intake = Intake(
            submit,
            _quarantine(database),
            _keep(database),
            max_ahead_us=round(settings.max_ahead_s * 1e6),
        )
        directory = Directory(database, time.monotonic)
        app.state.database = database
        app.state.now_us = now_us
        app.state.ingest = ingest_http.IngestState(
            intake,
            directory.identify,
            now_us,
            max_body_bytes=settings.max_body_bytes,
            body_timeout_s=settings.body_timeout_s,
        )
        app.state.consumer = None
        if settings.mqtt is not None:
            consumer = _consumer(settings, intake, directory, now_us)
            app.state.consumer = await stack.enter_async_context(consumer)
        house = asyncio.create_task(housekeeping.run(database, now_us), name="housekeeping")
        stack.push_async_callback(_end, house)
        yield


def _consumer(
    settings: Settings, intake: Intake, directory: Directory, now_us: Callable[[], int]
) -> Consumer:
    return Consumer(
        Broker.from_url(str(settings.mqtt)),
        intake=intake,
        identify=directory.identify,
        now_us=now_us,
        protocol=settings.mqtt_protocol,
        client_id=settings.mqtt_client_id,
        ca_file=None if settings.mqtt_ca is None else str(settings.mqtt_ca),
    )


def _quarantine(database: Database) -> Quarantine:
    async def keep(broken: Broken) -> None:
        try:
            async with database.write() as writer:
                await quarantine.keep(writer, broken)
        except DatabaseUnavailable as exc:
            raise StorageUnavailable(str(exc)) from exc

    return keep


def _keep(database: Database) -> Keep:
    async def keep(said: Sequence[Said]) -> None:
        try:
            async with database.write() as writer:
                await device_events.keep(writer, said)
        except DatabaseUnavailable as exc:
            raise StorageUnavailable(str(exc)) from exc

    return keep


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
