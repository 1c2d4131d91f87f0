"""Sends a fix of each format through the real doors, sees it stored, and takes it away again.

It is of a device made for this, which nobody carries, in the middle of a sea: no figure of anybody
can change by it.
"""

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.access.secrets import Kind, digest, new_secret
from app.doctor import service
from app.doctor.broker import CHECK, Listening, check_broker, check_name
from app.doctor.finding import Finding, Status, attempted
from app.doctor.messages import RADIO, Whereabouts, message
from app.storage import trial
from app.storage.engine import Database
from app.storage.errors import StorageError
from app.storage.hotspots import HotspotVersion
from geofence.geodesy import EARTH_RADIUS_M
from ingest.decoders import DECODERS

# North Atlantic, North Pacific, South Pacific: each a thousand kilometres from land; never (0, 0).
SEAS: Final = ((45.0, -35.0), (30.0, -150.0), (-45.0, -120.0))
_PATIENCE_S: Final = 8.0
_FORMATS: Final = tuple(DECODERS)
_TRIAL: Final = "trial"


@dataclass(frozen=True, slots=True)
class Way:
    """What is to be tried: the service's address, and if somebody gave it; the broker, if any."""

    url: str
    sought: bool
    listening: Listening | None


def sea_far_from(places: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of three seas the one furthest from all places (latitude, longitude), in degrees."""
    if not places:
        return SEAS[0]
    return max(SEAS, key=lambda sea: min(_distance_m(sea, place) for place in places))


def _distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    (lat1, lon1), (lat2, lon2) = np.radians(one), np.radians(other)
    half = np.sin((lat2 - lat1) / 2) ** 2
    half += np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return float(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half)))


async def check_chain(
    database: Database | None,
    way: Way,
    spots: Sequence[HotspotVersion],
    now: Callable[[], dt.datetime],
) -> list[Finding]:
    """Tries service and broker. Without a `database` that can be written, only that they answer."""
    if database is None:
        return await _without_database(way)
    # Nobody else has that name, and what comes by it after the trial is a stranger's.
    key, name = new_secret(Kind.DEVICE_KEY), f"beatkeeper-doctor-{secrets.token_hex(4)}"
    try:
        async with database.write() as writer:
            device = await trial.enrol(writer, name, RADIO, digest(key), now())
    except StorageError as exc:
        says = f"No device could be made for the trial: {exc}."
        unmade = Finding(_TRIAL, Status.BROKEN, says, "See that our role may write.")
        return [unmade, *await _without_database(way)]
    places = [(v.geometry.centroid.y, v.geometry.centroid.x) for v in spots]
    chain = _Chain(database, device, name, key, sea_far_from(places), now)
    try:
        found = await chain.tried(way)
    finally:
        left = await attempted(_TRIAL, chain.forgotten())
    return [*found, *left]


async def _without_database(way: Way) -> list[Finding]:
    async with service.client(way.url) as client:
        found, _ = await service.check_service(client, sought=way.sought)
    if way.listening is not None:
        found += (await asyncio.to_thread(check_broker, way.listening, []))[0]
    return found


@dataclass(frozen=True, slots=True)
class _Chain:
    """The trial's device, where it is said to be, and the database that its fixes go to."""

    database: Database
    device: int
    name: str
    key: str
    sea: tuple[float, float]
    now: Callable[[], dt.datetime]

    async def tried(self, way: Way) -> list[Finding]:
        """Everything there is to say of service and broker."""
        async with service.client(way.url) as client:
            found, parts = await service.check_service(client, sought=way.sought)
            if parts.get("database"):
                wrong = await service.post(client, self.key, self._messages())
                found += wrong or await attempted(service.DOOR, self._stored(_FORMATS, "HTTP"))
            if way.listening is None:
                return found
            listens = bool(parts.get("database") and parts.get("broker"))
            found += await self._over_mqtt(way.listening, listens=listens)
            if listens:
                return [*found, *await service.check_hold(client)]
        if parts or not way.sought:
            return found
        # Only now, as nobody is at the address that was given: who logs in by the service's name
        # throws it out.
        return [*found, *await asyncio.to_thread(check_name, way.listening)]

    async def _over_mqtt(self, listening: Listening, *, listens: bool) -> list[Finding]:
        sent = [(self._topic(name), body) for name, body in self._messages().items()]
        found, came = await asyncio.to_thread(check_broker, listening, sent)
        if listens and any(one.check == CHECK and one.status is Status.BROKEN for one in found):
            says = "The service has a connection to its broker: it uses another one, or login."
            found.append(Finding(CHECK, Status.LOOK, says, "Give this command the same --mqtt."))
        if not came or not listens:
            return found
        formats = [name for name in _FORMATS if self._topic(name) in came]
        return [*found, *await attempted(service.DOOR, self._stored(formats, "MQTT"))]

    def _messages(self) -> dict[str, bytes]:
        """A message of each format, each of a second of its own, as fixes are told apart by time.

        What holds no time is dated when it comes.
        """
        latest = self.now().replace(microsecond=0)
        times = {name: latest - dt.timedelta(seconds=i) for i, name in enumerate(_FORMATS, 1)}
        return {
            name: message(name, Whereabouts(self.name, time, *self.sea))
            for name, time in times.items()
        }

    async def _stored(self, formats: Sequence[str], way: str) -> list[Finding]:
        """Whether these are in the table, from which they are taken.

        Waits a while, as over MQTT nobody tells us when.
        """
        until = self.now() + dt.timedelta(seconds=_PATIENCE_S)
        while True:
            async with self.database.read() as reader:
                stored = {one.format for one in await trial.stored(reader, self.device)}
            if stored.issuperset(formats) or self.now() > until:
                break
            await asyncio.sleep(0.2)
        async with self.database.write() as writer:
            await trial.clear(writer, self.device)
        return service.missing(formats, stored, way)

    async def forgotten(self) -> list[Finding]:
        """Takes away what came of the trial; there is nothing to say of it."""
        async with self.database.write() as writer:
            await trial.forget(writer, self.device, self.name, self.now())
        return []

    def _topic(self, format_: str) -> str:
        return f"beatkeeper/up/{self.name}/{format_}"
