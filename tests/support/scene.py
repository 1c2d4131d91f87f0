"""The real service amid its devices, broker and database, with wires between that can be cut."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import numpy as np
import sqlalchemy as sa
import wandering
from carried import Ledger, Message, messages, track
from running import Running
from senders import Poster, Publisher
from services import Mosquitto, Postgres
from wire import Wire

from app.access.secrets import digest
from app.storage import migrate, schema
from app.storage.engine import Database

# The devices by number: how they send, in which format, and how many fixes a message at most.
DEVICES = dict(
    enumerate(
        [("http", "pings", 20)] * 5
        + [("http", "owntracks", 1)] * 4
        + [("mqtt", "pings", 10)] * 3
        + [("mqtt", "owntracks", 1)] * 2,
        start=1,
    )
)
# More than a device gets to send before it is told to end.
MESSAGES_EACH = 2_500
_NUMBERS = count()


@dataclass
class Scene:
    """What a fault may happen to; `cluster` and `to_database` are None with SQLite."""

    service: Running
    broker: Mosquitto
    cluster: Postgres | None
    database: str
    to_service: Wire
    to_broker: Wire
    to_database: Wire | None
    posters: dict[int, Poster]
    publishers: dict[int, Publisher]
    seed: int

    @property
    def alarming(self) -> set[int]:
        """The devices that send emergencies."""
        return {device for device, (_, format_, _) in DEVICES.items() if format_ == "pings"}

    @contextmanager
    def under_load(self) -> Iterator[Ledger]:
        """All devices send meanwhile; at the end the ledger says what."""
        total, ending = Ledger(), threading.Event()
        senders: dict[int, Poster | Publisher] = {**self.posters, **self.publishers}
        with ThreadPoolExecutor(len(senders)) as pool:
            runs = [
                pool.submit(sender.run, told(device, self.seed), ending)
                for device, sender in senders.items()
            ]
            try:
                yield total
                assert not any(run.done() for run in runs), "one ended before the faults did"
            finally:
                ending.set()
            for run in runs:
                run.result()
        for sender in senders.values():
            total.add(sender.ledger)


def told(device: int, seed: int) -> Iterator[Message]:
    """What a device has to say."""
    _, _, most = DEVICES[device]
    random = np.random.default_rng((seed, device))
    return messages(track(device, seed, MESSAGES_EACH * (most + 1) // 2), most, random)


@contextmanager
def scene(
    folder: Path,
    broker: Mosquitto,
    cluster: Postgres | None,
    seed: int,
    *,
    insists: bool = True,
    spool: Path | None = None,
) -> Iterator[Scene]:
    """A service on a new database of the cluster, else on a file; its devices are enrolled.

    Devices that do not insist throw away what is not acknowledged at once.
    """
    with ExitStack() as stack:
        to_broker = stack.enter_context(Wire(broker.port))
        if cluster is None:
            to_database = None
            reached = database = f"sqlite:///{folder / 'beatkeeper.db'}"
        else:
            to_database = stack.enter_context(Wire(cluster.port))
            database = asyncio.run(_make(cluster))
            reached = database.replace(f":{cluster.port}/", f":{to_database.port}/")
        settings = {
            "database": reached,
            "mqtt": f"mqtt://127.0.0.1:{to_broker.port}",
            "mqtt_client_id": f"faults-{next(_NUMBERS)}",
            "spool": str(spool or folder / "spool"),
        }
        keys = asyncio.run(_enrol(database))
        service = stack.enter_context(Running(folder, settings))
        to_service = stack.enter_context(Wire(service.port))
        wires = to_service, to_broker, to_database
        posters = _posters(f"http://127.0.0.1:{to_service.port}", keys, seed, insists=insists)
        publishers = _publishers(broker.port, seed)
        yield Scene(service, broker, cluster, database, *wires, posters, publishers, seed)


def _posters(url: str, keys: dict[int, str], seed: int, *, insists: bool) -> dict[int, Poster]:
    return {
        device: Poster(url, keys[device], format_, _pace(device, seed), insists)
        for device, (way, format_, _) in DEVICES.items()
        if way == "http"
    }


def _publishers(port: int, seed: int) -> dict[int, Publisher]:
    topics = {"owntracks": "owntracks/u/d{}", "pings": "beatkeeper/up/d{}/pings"}
    return {
        device: Publisher(port, topics[format_].format(device), _pace(device, seed))
        for device, (way, format_, _) in DEVICES.items()
        if way == "mqtt"
    }


def _pace(device: int, seed: int) -> np.random.Generator:
    return np.random.default_rng((seed, device, 1))


async def _make(cluster: Postgres) -> str:
    connection = await asyncpg.connect(cluster.url("postgres"))
    name = f"faults_{next(_NUMBERS)}"
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return cluster.url(name)


async def _enrol(url: str) -> dict[int, str]:
    """An empty database with the schema, the hot spots and the devices; gives their keys."""
    database = Database(url)
    await migrate.upgrade(database)
    await wandering.enrol(database, list(DEVICES))
    keys = {device: secrets.token_urlsafe(32) for device in DEVICES}
    held = [
        {"device_id": device, "secret_hash": digest(key), "created": wandering.NOW}
        for device, key in keys.items()
    ]
    known = [{"device_id": d, "kind": "owntracks", "address": f"u/d{d}"} for d in DEVICES]
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.device_keys), held)
        await writer.execute(sa.insert(schema.device_addresses), known)
    await database.close()
    return keys
