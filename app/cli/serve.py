"""`beatkeeper serve`, the service on a port, and `beatkeeper migrate`."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from functools import partial
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from app import housekeeping
from app.bootstrap import ensure_administrator
from app.cli.opening import DatabaseOption, fail, guarded, shown
from app.cli.patience import Crowd, PatientProtocol, end_overdue
from app.clock import system_clock
from app.main import create_app
from app.parts import tls_of
from app.settings import Settings
from app.storage import migrate as migrations
from app.storage.engine import Database
from app.storage.errors import SchemaMismatch
from app.storage.types import from_us
from ingest.broker import Broker
from ingest.rates import EACH_MINUTE, Rates

# Open connections get so long to end by themselves when the service stops.
GRACE_S = 8
# Open beside the connections: the database's, the spool's, uploads'.
OTHER_FILES = 512
_LOG = logging.getLogger(__name__)


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes a free one.")] = None,
    database: Annotated[
        str | None, typer.Option(help="A SQLite file, or postgresql://USER@HOST/NAME.")
    ] = None,
    mqtt: Annotated[str | None, typer.Option(help="mqtt[s]://[USER:PASSWORD@]HOST[:PORT]")] = None,
) -> None:
    """Takes in fixes, works out visits and answers questions. Settings: BEATKEEPER_..."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # They would log each webhook's address, in which there may be a secret, and values of queries.
    for wordy in ("aiosqlite", "alembic", "httpx"):
        logging.getLogger(wordy).setLevel(logging.WARNING)
    settings = read_settings(host=host, port=port, database=database, mqtt=mqtt)
    # The port comes first: a token that is made but not shown would be lost.
    listener = _listen(settings.host, settings.port)
    address, bound = listener.getsockname()[:2]
    token = guarded(settings.database, lambda: prepare(settings))
    if token is not None:
        typer.echo(f"The first administrator's token, shown only now: {token}")
    shown_address = f"[{address}]" if ":" in address else address
    typer.echo(f"Beatkeeper listens on http://{shown_address}:{bound} (the API: /docs)")
    run(settings, listener)


def migrate(database: DatabaseOption = "beatkeeper.db") -> None:
    """Brings a database to this version's schema; makes it if it is a file that is not there."""

    async def up() -> None:
        opened = Database(database)
        try:
            async with migrations.turn(opened):
                await migrations.upgrade(opened)
        finally:
            await opened.close()

    guarded(database, up)
    typer.echo(f"The database {shown(database)} has this version's schema.")


def read_settings(**overrides: object) -> Settings:
    """The settings from the environment, with those of the command line that were given."""
    try:
        settings = Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]  # pydantic checks them
        _check_broker(settings)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        name = "BEATKEEPER_" + "_".join(str(part) for part in first["loc"]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        # What several settings say together names them itself.
        fail(f"the setting {name} is wrong: {reason}" if first["loc"] else reason, 2)
    except ValueError as exc:
        fail(str(exc), 2)
    return settings


def _check_broker(settings: Settings) -> None:
    """Raises ValueError where its address, or a certificate, cannot be used."""
    if settings.mqtt is None:
        return
    if Broker.from_url(settings.mqtt).tls:
        tls_of(settings).context()
    elif settings.mqtt_certificate is not None:
        msg = "BEATKEEPER_MQTT_CERTIFICATE is of use with an mqtts:// address only"
        raise ValueError(msg)


async def prepare(settings: Settings) -> str | None:
    """Sees that the database can be written and has our schema; an empty one is given it.

    Gives the first administrator's token where it was made just now. Raises StorageError.
    """
    database = Database(settings.database)
    try:
        async with migrations.turn(database):
            return await _prepare(database, settings)
    finally:
        await database.close()


async def _prepare(database: Database, settings: Settings) -> str | None:
    if await migrations.is_empty(database):
        await migrations.upgrade(database)
    elif not await migrations.is_current(database):
        msg = "the database has an older schema: run `beatkeeper migrate` on it first"
        raise SchemaMismatch(msg)
    now = from_us(system_clock())
    # Today's fixes are to find their partition; and what cannot be written is said here.
    await housekeeping.attempt(housekeeping.make_partitions(database, system_clock()))
    await housekeeping.close_silent(database, system_clock())
    given = settings.admin_token
    wanted = None if given is None else given.get_secret_value()
    return await ensure_administrator(database, wanted, now, settings.token_days)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as exc:
        reason = os.strerror(exc.errno) if exc.errno else str(exc)
        fail(f"cannot listen on {host}:{port}: {reason}. Give another --host or --port.")


def run(settings: Settings, listener: socket.socket) -> None:
    """Serves on an open socket until it is told to stop."""
    app = create_app(settings)
    proxies = settings.trusted_proxies
    words = Rates(EACH_MINUTE, time.monotonic)
    crowd = Crowd(settings.connections, settings.connections_by_address, words, proxies)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        http=partial(PatientProtocol, crowd=crowd),  # type: ignore[arg-type] # is called like a class
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=[str(one) for one in proxies],
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config, app, settings.body_timeout_s)

    def stop(*_: object) -> None:
        # Python drops an exit that comes while it clears up after an object: then this is left.
        server.should_exit = True
        sys.exit(0)

    # Until uvicorn listens for signals itself, and when, having stopped in order, it raises again
    # the one that told it to.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, stop)
    collect_seldom()
    _allow_files(settings.connections)
    server.run(sockets=[listener])


def _allow_files(connections: int) -> None:
    """Raises the soft limit of open files, where the hard one lets us, to what connections need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        _LOG.warning("only %d files may be open: too few for %d connections", most, connections)


def collect_seldom() -> None:
    """Lets Python look for cycles of garbage less often than it does by default.

    Messages leave next to none, and looking through all that is remembered of ten thousand devices
    again and again takes nearly half of the time of a busy service.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Server(uvicorn.Server):
    """Ends connections that do not get on and, before it waits for the others, live streams."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, patience_s: float) -> None:
        super().__init__(config)
        self._app = app
        self._patience_s = patience_s

    async def on_tick(self, counter: int) -> bool:
        """Looks after connections once a second."""
        if counter % 10 == 0:
            before = asyncio.get_running_loop().time() - self._patience_s
            end_overdue(self.server_state.connections, before)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops in order, at most GRACE_S after it was told to."""
        self._app.state.live.end()
        await super().shutdown(sockets)
