"""Devices with known faults, put straight into the tables of a database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
import sqlalchemy as sa

from app.storage import schema
from app.storage.engine import Database, Writer

METRE = 1 / 111_195.08
PLACE = (53.4, -2.9)
KNOWN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@dataclass(frozen=True)
class Planted:
    """A device that sent a fix each `every_s` for `hours` up to `until` (seconds before now)."""

    name: str
    every_s: float = 15.0
    hours: float = 1.0
    until_s: float = 0.0
    accuracy_m: float | None = 8.0
    late_s: float = 1.0  # from its time to when it came: below 0, its clock is ahead
    speed_mps: float | None = None
    metres_a_second: float = 0.0
    gap_s: tuple[float, float] | None = None  # seconds before now, without any fix
    said: Sequence[tuple[float, str]] = ()  # the same, and what it said
    carried: bool = True
    kind: str = "phone"

    def rows(self, device: int, now: dt.datetime) -> list[dict[str, Any]]:
        count = int(self.hours * 3600 / self.every_s)
        found = []
        for i in range(count):
            ago = self.until_s + (count - i) * self.every_s
            if self.gap_s is not None and self.gap_s[1] < ago < self.gap_s[0]:
                continue
            received = now - ago * SECOND
            found.append(
                {
                    "device_id": device,
                    "time": received - self.late_s * SECOND,
                    "received": received,
                    "lat": PLACE[0] + i * self.every_s * self.metres_a_second * METRE,
                    "lon": PLACE[1],
                    "accuracy_m": self.accuracy_m,
                    "speed_mps": self.speed_mps,
                    "source": "pings",
                }
            )
        return found


async def plant(database: Database, devices: Sequence[Planted], now: dt.datetime) -> None:
    """Puts the devices, their fixes and who has them there; all who have one are in team A."""
    async with database.write() as writer:
        team = await writer.scalar(
            sa.insert(schema.teams).values(name="A").returning(schema.teams.c.id)
        )
        for planted in devices:
            values = {"name": planted.name, "kind": planted.kind, "profile": planted.kind}
            device = await writer.scalar(
                sa.insert(schema.devices).values(values).returning(schema.devices.c.id)
            )
            rows = planted.rows(device, now)
            heard = max((row["received"] for row in rows), default=None)
            state = {"device_id": device, "heard": heard}
            await writer.execute(sa.insert(schema.device_states).values(state))
            if rows:
                await writer.execute(sa.insert(schema.fixes), rows)
            said = [
                {"device_id": device, "time": now - ago * SECOND, "kind": kind, "source": "pings"}
                for ago, kind in planted.said
            ]
            if said:
                await writer.execute(
                    sa.insert(schema.device_events),
                    [row | {"received": row["time"]} for row in said],
                )
            if planted.carried:
                await _carry(writer, device, team)


async def _carry(writer: Writer, device: int, team: int) -> None:
    officer = {"number": f"PC{device}", "name": f"Officer {device}", "team_id": team}
    id_ = await writer.scalar(
        sa.insert(schema.officers).values(officer).returning(schema.officers.c.id)
    )
    row = {"device_id": device, "officer_id": id_, "start": KNOWN, "known_from": KNOWN}
    await writer.execute(sa.insert(schema.assignments).values(row))


def square(half_m: float, east_m: float = 0.0, north_m: float = 0.0) -> shapely.Polygon:
    """A square in degrees about PLACE, or so many metres from it."""
    lat, lon = PLACE
    east = METRE / 0.5962  # cosine of the latitude
    x, y = lon + east_m * east, lat + north_m * METRE
    return shapely.box(x - half_m * east, y - half_m * METRE, x + half_m * east, y + half_m * METRE)


async def draw(database: Database, spots: dict[str, shapely.Polygon]) -> None:
    """Puts hot spots there, valid since KNOWN."""
    async with database.write() as writer:
        for key, polygon in spots.items():
            id_ = await writer.scalar(
                sa.insert(schema.hotspots).values(key=key).returning(schema.hotspots.c.id)
            )
            version = {"hotspot_id": id_, "name": key, "geom": polygon, "buffer_m": 0.0}
            since = {"valid_from": KNOWN, "known_from": KNOWN}
            await writer.execute(sa.insert(schema.hotspot_versions).values(version | since))
