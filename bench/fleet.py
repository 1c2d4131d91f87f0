"""A made-up fleet and its fixes, put straight into a database, and what it then posts."""

import datetime as dt
import secrets
from dataclasses import dataclass

import msgspec
import numpy as np
import shapely
import sqlalchemy as sa

from app.access.secrets import digest
from app.storage import schema
from app.storage.engine import Database

START = dt.datetime(2026, 3, 2, 15, tzinfo=dt.UTC)
INTERVAL_S = 15
LON, LAT = -2.95, 53.4
# Degrees of latitude; a town some 11 km across.
TOWN = 0.1


@dataclass(frozen=True, slots=True)
class Fleet:
    """Gateways, each with a key and the devices it speaks for."""

    keys: list[str]
    devices_each: int

    @property
    def devices(self) -> int:
        return len(self.keys) * self.devices_each


async def enrol(database: Database, gateways: int, devices_each: int, hotspots: int) -> Fleet:
    """Writes gateways, devices and hot spots into an empty database."""
    keys = [secrets.token_urlsafe(32) for _ in range(gateways)]
    total = gateways * devices_each
    now = START - dt.timedelta(days=1)
    async with database.write() as writer:
        rows = [
            {"id": i + 1, "name": f"d{i}", "kind": "phone", "profile": "phone"}
            for i in range(total)
        ]
        rows += [
            {"id": total + g + 1, "name": f"g{g}", "kind": "gateway", "profile": "gateway"}
            for g in range(gateways)
        ]
        await writer.execute(sa.insert(schema.devices), rows)
        states = [{"device_id": i + 1} for i in range(total)]
        await writer.execute(sa.insert(schema.device_states), states)
        listed = [
            {"gateway_id": total + i // devices_each + 1, "device_id": i + 1} for i in range(total)
        ]
        await writer.execute(sa.insert(schema.gateway_devices), listed)
        held = [
            {"device_id": total + g + 1, "secret_hash": digest(key), "created": now}
            for g, key in enumerate(keys)
        ]
        await writer.execute(sa.insert(schema.device_keys), held)
        await _draw(writer, hotspots, now)
    return Fleet(keys, devices_each)


async def give_keys(database: Database, devices: int) -> list[str]:
    """Gives each of the first devices a key of its own."""
    keys = [secrets.token_urlsafe(32) for _ in range(devices)]
    held = [
        {"device_id": i, "secret_hash": digest(key), "created": START}
        for i, key in enumerate(keys, start=1)
    ]
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.device_keys), held)
    return keys


async def give_officer(database: Database, devices: int, team: str) -> None:
    """Gives the first devices to one officer, the only one of a team, for good."""
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.teams), {"id": 1, "name": team})
        officer = {"id": 1, "number": "1", "name": "One", "team_id": 1}
        await writer.execute(sa.insert(schema.officers), officer)
        rows = [
            {"device_id": i + 1, "officer_id": 1, "start": START, "known_from": START}
            for i in range(devices)
        ]
        await writer.execute(sa.insert(schema.assignments), rows)


async def give_addresses(database: Database, devices: int) -> None:
    """Gives each of the first devices the address of an OwnTracks app."""
    rows = [
        {"device_id": i + 1, "kind": "owntracks", "address": address_of(i)} for i in range(devices)
    ]
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.device_addresses), rows)


def address_of(device: int) -> str:
    """What the app of a device is called."""
    return f"d{device}/phone"


async def _draw(writer: sa.ext.asyncio.AsyncConnection, count: int, now: dt.datetime) -> None:
    """Hexagons of 75 m radius, which cover about a fiftieth of the town."""
    random = np.random.default_rng(1)
    angles = np.arange(6) * np.pi / 3
    hexagon = np.column_stack([np.cos(angles) / np.cos(np.radians(LAT)), np.sin(angles)])
    for i, centre in enumerate(random.uniform(-0.5, 0.5, (count, 2)) * TOWN, start=1):
        ring = (LON, LAT) + centre + hexagon * 75 / 111_195
        await writer.execute(sa.insert(schema.hotspots), {"id": i, "key": f"h{i}"})
        version = {
            "id": i,
            "hotspot_id": i,
            "name": f"h{i}",
            "geom": shapely.Polygon(ring),
            "buffer_m": 0.0,
            "valid_from": now,
            "known_from": now,
        }
        await writer.execute(sa.insert(schema.hotspot_versions), version)


@dataclass(frozen=True, slots=True)
class Walk:
    """Where each device is at each step: degrees, float64[devices, steps]."""

    lon: np.ndarray
    lat: np.ndarray

    @classmethod
    def random(cls, devices: int, steps: int, seed: int = 2) -> "Walk":
        """Officers on foot and in cars, all over the town, a step each INTERVAL_S."""
        random = np.random.default_rng(seed)
        pace = random.choice([1.0, 4.0, 9.0], (devices, 1)) * INTERVAL_S / 111_195
        heading = np.cumsum(random.normal(0, 0.5, (devices, steps)), axis=1)
        place = random.uniform(-0.5, 0.5, (2, devices, 1)) * TOWN
        return cls(
            LON + place[0] + np.cumsum(pace * np.cos(heading), axis=1),
            LAT + place[1] + np.cumsum(pace * np.sin(heading), axis=1),
        )


def bodies(fleet: Fleet, walk: Walk, fixes_each: int) -> list[tuple[str, bytes]]:
    """Posts in order of time, each (key, body): `fixes_each` fixes of every device of a gateway."""
    steps = walk.lon.shape[1]
    posts = []
    for first in range(0, steps - fixes_each + 1, fixes_each):
        for gateway, key in enumerate(fleet.keys):
            devices = range(gateway * fleet.devices_each, (gateway + 1) * fleet.devices_each)
            fixes = [
                {
                    "device": f"d{device}",
                    "time": (START + dt.timedelta(seconds=INTERVAL_S * step)).isoformat(),
                    "lat": round(float(walk.lat[device, step]), 7),
                    "lon": round(float(walk.lon[device, step]), 7),
                    "accuracy_m": 8.0,
                    "speed_mps": 1.4,
                }
                for device in devices
                for step in range(first, first + fixes_each)
            ]
            posts.append((key, msgspec.json.encode(fixes)))
    return posts
