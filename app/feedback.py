"""Tells devices over MQTT what concerns whoever carries them, as soon as it is known.

One process does so at a time: in order, each event at least once, from where it stopped.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec
import numpy as np

from app.access.viewer import Role, Viewer
from app.compliance.cells import REQUIRED, Cells, HotspotVersions, PlanVersion, cells
from app.compliance.plan import MINUTE_US
from app.live import Live
from app.storage import briefings, hotspots, plans, turns
from app.storage.briefings import Words
from app.storage.engine import Database
from app.storage.events import LATEST, Kind, Told
from app.storage.pages import Slice
from app.storage.types import from_us, to_us
from app.turn import Turn
from ingest.errors import BrokerAway, PublishRefused

_LOG: Final = logging.getLogger(__name__)
WORK: Final = "down"
TOLD: Final = frozenset({Kind.ENTERED, Kind.TARGET_REACHED, Kind.LEFT_EARLY})
# Until the next attempt while the broker is away, and after what has failed.
PAUSE_S: Final = 1.0
# How long nothing may come until it is looked whether the service ends.
WAIT_S: Final = 60.0
# A changed plan or briefing is known here so much later, at most.
REMEMBERED_US: Final = 60_000_000
# What people are told of began no longer ago: nobody patrols for a day.
DAY_US: Final = 86_400_000_000
# So many events that concern no device are passed before that is saved.
PASSED: Final = 1_000
# Of plans and of briefings: more than any force has.
_ALL: Final = Slice(100_000)
_ITSELF: Final = Viewer("the service", Role.ANALYST)
# What a level of a topic cannot be made of (MQTT 5, section 4.7).
_NO_LEVEL: Final = frozenset("+#/\0")


class Publish(Protocol):
    """Publishes with QoS 1. Raises BrokerAway, PublishRefused."""

    async def __call__(self, topic: str, payload: bytes, *, expires_s: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Orders:
    """What is wanted at the hot spots, as it was known at `at_us`: by key, but for `days` by id."""

    at_us: int
    ids: Mapping[str, int]
    names: Mapping[str, str]
    words: Mapping[str, Words]
    days: Mapping[str, Cells]

    def asked(self, hotspot: str, time_us: int) -> tuple[str, float] | None:
        """The first plan, by key, that wants patrols there at a moment, and its least minutes."""
        for plan, day in self.days.items():
            here = (day.hotspot == self.ids.get(hotspot)) & (day.kind == REQUIRED)
            rows = np.flatnonzero(here & (day.start_us <= time_us) & (time_us < day.end_us))
            if len(rows):
                return plan, int(day.minimum_us[rows[0]]) / MINUTE_US
        return None


class Feedback:
    """Publishes to `beatkeeper/down/{device}`; `now_us` reads the clock (microseconds, UTC)."""

    def __init__(
        self, database: Database, live: Live, publish: Publish, now_us: Callable[[], int]
    ) -> None:
        self._database = database
        self._live = live
        self._publish = publish
        self._now_us = now_us
        self._orders: Orders | None = None

    async def run(self, holder: str) -> None:
        """Tells them while it is this holder's turn, until it is cancelled."""
        turn = Turn(self._database, WORK, holder, self._now_us)
        await turn.run(lambda: self.tell(holder), PAUSE_S)

    async def tell(self, holder: str) -> None:
        """Tells devices until the turn is another's or the service ends.

        Raises DatabaseUnavailable.
        """
        with self._live.following():
            saved = reached = await self._begin()
            while not self._live.ended:
                news = await self._live.after(reached, WAIT_S)
                for one in news.told:
                    if not await self._sent(one):
                        continue
                    if not await self._advance(holder, one.id):
                        return
                    saved = one.id
                reached = news.position
                if reached - saved >= PASSED:
                    await self._advance(holder, reached)
                    saved = reached

    async def _begin(self) -> int:
        """Where it stopped; what comes from now on, if it never did anything."""
        async with self._database.read() as reader:
            position = await turns.position(reader, WORK)
        return await self._live.last() if position is None else position

    async def _advance(self, holder: str, position: int) -> bool:
        async with self._database.write() as writer:
            return await turns.advance(writer, WORK, holder, position)

    async def _sent(self, told: Told) -> bool:
        """Whether an event was published: one that a device is to be told of, while it is new.

        Meanwhile it waits for a broker that is away.
        """
        if told.kind not in TOLD or told.device is None or _NO_LEVEL & set(told.device):
            return False
        topic, payload = f"beatkeeper/down/{told.device}", None
        while (left := told.stored + LATEST - from_us(self._now_us())).total_seconds() >= 1:
            payload = payload or message(told, await self._current())
            try:
                await self._publish(topic, payload, expires_s=int(left.total_seconds()))
            except BrokerAway:
                await asyncio.sleep(PAUSE_S)
            except PublishRefused as exc:
                _LOG.warning("%s", exc)
                return False
            else:
                return True
        return False

    async def _current(self) -> Orders:
        now_us = self._now_us()
        if self._orders is None or now_us - self._orders.at_us >= REMEMBERED_US:
            self._orders = await _orders(self._database, from_us(now_us))
        return self._orders


async def _orders(database: Database, now: datetime) -> Orders:
    async with database.read() as reader:
        names = await hotspots.names(reader, _ITSELF, now)
        told = (await briefings.page(reader, _ITSELF, _ALL)).items
        spots = await hotspots.columns(reader, _ITSELF, now)
        keys = sorted(plan.key for plan in (await plans.page(reader, _ITSELF, _ALL)).items)
        found = {key: await plans.history(reader, _ITSELF, key, now) for key in keys}
    return Orders(
        at_us=to_us(now),
        ids={key: hotspot for hotspot, (key, _) in names.items()},
        names=dict(names.values()),
        words={one.hotspot: one.words for one in told},
        days=await asyncio.to_thread(_days, found, spots, to_us(now)),
    )


def _days(
    found: Mapping[str, Sequence[PlanVersion]], spots: HotspotVersions, now_us: int
) -> dict[str, Cells]:
    """The cells of each plan, of the operational days of what is new."""
    days = {}
    for key, versions in found.items():
        calendar = versions[-1].plan.calendar
        first = calendar.day_of(now_us - DAY_US)
        days[key] = cells(versions, spots, first, calendar.day_of(now_us), now_us)
    return days


def message(told: Told, orders: Orders) -> bytes:
    """What a device is told of an event, JSON; of a hot spot it has entered, what to do there."""
    assert told.hotspot is not None  # noqa: S101 -- these kinds are all of one
    said: dict[str, object] = {
        "event": told.kind,
        "time": told.time,
        "hotspot": told.hotspot,
        "name": orders.names.get(told.hotspot),
        "plan": told.plan,
        "data": None if told.data is None else msgspec.Raw(told.data.encode()),
    }
    if told.kind == Kind.ENTERED:
        plan, minutes = orders.asked(told.hotspot, to_us(told.time)) or (None, None)
        words = orders.words.get(told.hotspot)
        said |= {
            "plan": plan,
            "minimum_minutes": minutes,
            "task": None if words is None else words.task,
            "note": None if words is None else words.note,
        }
    return msgspec.json.encode(said)
