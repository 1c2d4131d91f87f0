"""Puts the service together: everything concrete is named here and nowhere else."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

import app as package
from app import api, housekeeping
from app.access.claims import Names
from app.access.sessions import Life
from app.api.guard import Guard
from app.auditing import Auditor
from app.collecting import Collected
from app.destinations import Destinations
from app.directory import Directory
from app.feedback import Feedback
from app.live import Live
from app.minimising import Kept, Minimising
from app.oidc import Client
from app.pipeline import Pipeline
from app.refusals import GATEWAY, Refusals
from app.retention import Periods, Retention
from app.sealing import Sealer
from app.settings import Settings
from app.signing_in import CALLBACK, SignIn
from app.storage import device_events, quarantine
from app.storage.directory import Why
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
from ingest.broker import Broker, Tls
from ingest.columns import Delivery
from ingest.consumer import Consumer
from ingest.errors import StorageUnavailable
from ingest.intake import Intake, Keep, Quarantine
from ingest.message import Said
from ingest.rates import Rate, Rates
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
    """FastAPI's application behind the doors of devices, which stand in its document as well.

    Before both stands the guard.
    """

    def __init__(self, settings: Settings, **given: Any) -> None:  # noqa: ANN401 -- FastAPI's own
        super().__init__(**given)
        doors = ingest_http.Doors(self, super().__call__)
        self._guard = _guard(settings, doors)

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


def _guard(settings: Settings, doors: ingest_http.Doors) -> Guard:
    guesses = Rate(settings.guesses_per_minute / 60, settings.guesses_per_minute)
    url = settings.public_url
    hosts = [] if url is None else [url.host or "", f"{url.host}:{url.port}"]
    return Guard(
        doors,
        Rates(guesses, time.monotonic),
        hosts=hosts,
        over_tls=url is not None and url.scheme == "https",
    )


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
        stack.push_async_callback(refusals.flush)
        intake = Intake(
            lambda delivery: lane(delivery).submit(delivery),
            watch.over(_quarantine(database)),
            watch.over(_keep(database, now_us)),
            offer=lambda delivery: lane(delivery).offer(delivery),
            turned_away=lambda device: refusals.note(GATEWAY, device, Why.LOCKED),
            max_ahead_us=round(settings.max_ahead_s * 1e6),
        )
        directory = Directory(database, time.monotonic, refusals.note)
        app.state.directory = directory
        app.state.database = database
        app.state.now_us = now_us
        app.state.body_timeout_s = settings.body_timeout_s
        app.state.templates = settings.templates
        app.state.least_officers = settings.least_officers
        app.state.token_days = settings.token_days
        app.state.sign_in = _sign_in(settings, database, auditor, now_us)
        app.state.event_streams = settings.event_streams
        app.state.destinations = Destinations(settings.webhook_networks)
        app.state.live = await stack.enter_async_context(Live(database))
        spooling = await stack.enter_async_context(
            SpoolingIntake(intake, _spool(settings, now_us), watch, after_s=settings.spool_after_s)
        )
        app.state.ingest = ingest_http.IngestState(
            spooling,
            directory.identify,
            now_us,
            directory.recognise,
            Rates(Rate(settings.device_posts_per_s, settings.device_posts_at_once), time.monotonic),
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
    destinations: Destinations = app.state.destinations
    # By what name this process takes its turns at work that one process does at a time.
    holder = secrets.token_hex(8)
    limits = QuarantineLimits(settings.quarantine_rows, settings.quarantine_days)
    works: dict[str, Callable[[], Work]] = {
        "housekeeping": lambda: housekeeping.run(database, now_us, limits),
        "watcher": lambda: Watcher(database, now_us).run(holder),
        "refusals": app.state.refusals.run,
        "retention": lambda: Retention(database, now_us, _periods(settings)).run(holder),
        "collected": lambda: app.state.collected.run(housekeeping.attempt),
        "sealing": lambda: Sealer(database, now_us).run(holder),
        "survey": lambda: Surveyor(database, now_us).run(holder),
        "webhooks": lambda: Webhooks(database, live, now_us, destinations).run(holder),
    }
    if app.state.consumer is not None:
        feedback = Feedback(database, live, app.state.consumer, now_us)
        works["feedback"] = lambda: feedback.run(holder)
    return works


def _sign_in(
    settings: Settings, database: Database, auditor: Auditor, now_us: Callable[[], int]
) -> SignIn | None:
    issuer, id_, url = settings.oidc_issuer, settings.oidc_client_id, settings.public_url
    if issuer is None or id_ is None or url is None:
        return None
    secret = settings.oidc_client_secret
    origin = str(url).rstrip("/")
    hours, minutes = settings.session_hours, settings.session_idle_minutes
    life = Life(timedelta(hours=hours), timedelta(minutes=minutes))
    return SignIn(
        database,
        auditor,
        Client(
            issuer, id_, None if secret is None else secret.get_secret_value(), origin + CALLBACK
        ),
        Names(settings.oidc_role_claim, settings.oidc_team_claim, settings.oidc_officer_claim),
        life,
        origin=origin,
        now_us=now_us,
    )


def _periods(settings: Settings) -> Periods:
    return Periods(
        fixes=settings.raw_retention_days,
        visits=settings.visits_retention_days,
        events=settings.events_retention_days,
        audit=settings.audit_retention_days,
    )


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
        tls=tls_of(settings),
    )


def tls_of(settings: Settings) -> Tls:
    """How the broker and the service know each other by certificates."""
    return Tls(settings.mqtt_ca, settings.mqtt_certificate, settings.mqtt_key)


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
