"""Puts the service together: everything concrete is named here and nowhere else."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

import app as package
from app import api, housekeeping, parts, setting_aside
from app.auditing import Auditor
from app.clock import system_clock
from app.collecting import Collected
from app.destinations import Destinations
from app.directory import Directory
from app.feedback import Feedback
from app.live import Live
from app.minimising import Kept, Minimising
from app.pipeline import Pipeline
from app.refusals import GATEWAY, Refusals
from app.retention import Retention
from app.sealing import Sealer
from app.settings import Settings
from app.storage.directory import Why
from app.storage.engine import Database
from app.storage.quarantine import Limits as QuarantineLimits
from app.survey import Surveyor
from app.watching import Watcher
from app.webhooks import Webhooks
from geofence.engine import warm_up
from ingest import http as ingest_http
from ingest import openapi as ingest_openapi
from ingest import upload
from ingest.batch import Batcher
from ingest.columns import Delivery
from ingest.intake import Intake
from ingest.spooling import SpoolingIntake
from ingest.uploadbody import Limits as UploadLimits
from ingest.watch import Watch

Work = Coroutine[None, None, None]

# Batches stored at the same time: PostgreSQL works on one while the next is made ready. SQLite has
# one writer.
LANES = {"sqlite": 1, "postgresql": 2}


class Service(FastAPI):
    """FastAPI's application behind the doors of devices, which stand in its document as well.

    Before both stands the guard.
    """

    def __init__(self, settings: Settings, **given: Any) -> None:  # noqa: ANN401 -- FastAPI's own
        super().__init__(**given)
        doors = ingest_http.Doors(self, super().__call__)
        self._guard = parts.guard(settings, doors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await self._guard(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        if self.openapi_schema is None:
            document = super().openapi()
            ingest_openapi.describe(document)
            api.describe(document)
        return self.openapi_schema or {}


def create_app(settings: Settings, now_us: Callable[[], int] = system_clock) -> FastAPI:
    """The service as an ASGI application; it opens its database and broker when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, settings, now_us):
            yield

    app = Service(
        settings,
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
    if settings.oidc_issuer is not None:
        app.include_router(api.entrance)
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
        required = settings.audit_reason == "required"
        auditor = app.state.auditor = Auditor(database, now_us, reason_required=required)
        collected = app.state.collected = Collected(await stack.enter_async_context(auditor))
        # What is stored until the last moment is counted, too.
        stack.push_async_callback(lambda: housekeeping.attempt(collected.flush()))
        watch = Watch(time.monotonic)
        pipeline = Pipeline(
            database,
            now_us,
            max_ahead_s=settings.max_ahead_s,
            raw_retention_days=settings.raw_retention_days,
            minimising=Minimising.of(Kept(settings.keep), settings.neighbourhood_m),
        )
        lanes = [
            await stack.enter_async_context(
                Batcher(
                    watch.over(collected.over(pipeline.store)),
                    max_fixes=settings.batch_fixes,
                    max_waiting=settings.queue_fixes // LANES[database.dialect],
                )
            )
            for _ in range(LANES[database.dialect])
        ]

        def lane(delivery: Delivery) -> Batcher:
            # One sender's messages keep to one lane, so that they are stored in their order.
            return lanes[delivery.devices[0] % len(lanes)]

        refusals = app.state.refusals = Refusals(database, now_us)
        stack.push_async_callback(lambda: housekeeping.attempt(refusals.flush()))
        intake = Intake(
            lambda delivery: lane(delivery).submit(delivery),
            watch.over(setting_aside.quarantine_in(database)),
            watch.over(setting_aside.keep_in(database, now_us)),
            offer=lambda delivery: lane(delivery).offer(delivery),
            turned_away=lambda device: refusals.note(GATEWAY, device, Why.LOCKED),
            max_ahead_us=round(settings.max_ahead_s * 1e6),
            sparing=Kept(settings.keep) is not Kept.ALL,
        )
        directory = Directory(database, time.monotonic, refusals.note)
        app.state.directory = directory
        app.state.database = database
        app.state.now_us = now_us
        app.state.body_timeout_s = settings.body_timeout_s
        app.state.templates = settings.templates
        app.state.least_officers = settings.least_officers
        app.state.token_days = settings.token_days
        app.state.sign_in = parts.sign_in(settings, database, auditor, now_us)
        app.state.event_streams = settings.event_streams
        app.state.destinations = Destinations(settings.webhook_networks)
        app.state.webhook_people = settings.webhook_people
        app.state.live = await stack.enter_async_context(Live(database))
        spooling = await stack.enter_async_context(
            SpoolingIntake(
                intake, parts.spool(settings, now_us), watch, after_s=settings.spool_after_s
            )
        )
        by_http = parts.turnstile(settings, refusals, "http", settings.device_posts_at_once)
        app.state.ingest = ingest_http.IngestState(
            spooling,
            directory.identify,
            now_us,
            directory.recognise,
            by_http,
            max_body_bytes=settings.max_body_bytes,
            body_timeout_s=settings.body_timeout_s,
        )
        app.state.uploads = upload.Uploads(
            spooling,
            directory.identify,
            now_us,
            UploadLimits(settings.max_upload_bytes, settings.body_timeout_s),
            settings.max_unpacked_bytes,
            by_http,
            account=collected.uploaded,
        )
        app.state.consumer = None
        if settings.mqtt is not None:
            by_mqtt = parts.turnstile(settings, refusals, "mqtt", settings.device_messages_at_once)
            consumer = parts.consumer(settings, intake, directory, by_mqtt, now_us)
            app.state.consumer = await stack.enter_async_context(consumer)
        for name, work in _works(app, settings).items():
            stack.push_async_callback(_end, asyncio.create_task(work(), name=name))
        yield


def _works(app: FastAPI, settings: Settings) -> Mapping[str, Callable[[], Work]]:
    """What the service does by itself, by name: each runs until it is cancelled."""
    database, live, now_us = app.state.database, app.state.live, app.state.now_us
    destinations: Destinations = app.state.destinations
    # By what name this process takes its turns at work that one process does at a time.
    holder = secrets.token_hex(8)
    limits = QuarantineLimits(settings.quarantine_rows, settings.quarantine_days)
    works: dict[str, Callable[[], Work]] = {
        "housekeeping": lambda: housekeeping.run(database, now_us, limits),
        "watcher": lambda: Watcher(database, now_us).run(holder),
        "refusals": lambda: app.state.refusals.run(housekeeping.attempt),
        "retention": lambda: Retention(database, now_us, parts.periods(settings)).run(holder),
        "collected": lambda: app.state.collected.run(housekeeping.attempt),
        "sealing": lambda: Sealer(database, now_us).run(holder),
        "survey": lambda: Surveyor(database, now_us).run(holder),
        "webhooks": lambda: Webhooks(
            database, live, now_us, destinations, people=settings.webhook_people
        ).run(holder),
    }
    if app.state.consumer is not None:
        feedback = Feedback(database, live, app.state.consumer, now_us)
        works["feedback"] = lambda: feedback.run(holder)
    return works


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
