"""Tells devices over MQTT what concerns whoever carries them, as soon as it is known.

One process does so at a time: in order, each event at least once, from where it stopped.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

import msgspec

from app.access.viewer import SERVICE
from app.compliance.calendar import DAY
from app.compliance.cells import REQUIRED, Cells, HotspotVersions, PlanVersion, cells
from app.live import Live
from app.storage import briefings, events, hotspots, turns
from app.storage import now as now_storage
from app.storage.briefings import Words
from app.storage.engine import Database
from app.storage.events import LATEST, Kind, Told
from app.storage.pages import Slice
from app.storage.types import from_us, to_us
from app.turn import Turn
from geofence.model import MINUTE_US
from ingest.errors import BrokerAway, PublishRefused, Unacknowledged

_LOG: Final = logging.getLogger(__name__)
WORK: Final = "down"
TOLD: Final = frozenset({Kind.ENTERED, Kind.TARGET_REACHED, Kind.LEFT_EARLY})
# Until the next attempt while the broker is away, and after what has failed.
PAUSE_S: Final = 1.0
# A process whose broker is away for longer leaves the turn to another; it may have another broker.
AWAY_S: Final = 20.0
# At a message that the broker does not acknowledge.
ATTEMPTS: Final = 2
# How long nothing may come until it is looked whether the service ends.
WAIT_S: Final = 60.0
# A changed plan or briefing is known here so much later, at most.
REMEMBERED_US: Final = MINUTE_US
# So many events that concern no device are passed before that is saved.
PASSED: Final = 1_000
# Briefings: more than any force has.
_ALL: Final = Slice(100_000)
# What a level of a topic cannot be made of (MQTT 5, section 4.7).
_NO_LEVEL: Final = frozenset("+#/\0")


class Publisher(Protocol):
    """Publishes with QoS 1, while it is `connected` to the broker."""

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""

    async def publish(self, topic: str, payload: bytes, *, expires_s: int) -> None:
        """Returns once the broker has it. Raises BrokerAway, PublishRefused, Unacknowledged."""


class _Length(msgspec.Struct):
    """How long a patrol has lasted, and was to, in minutes."""

    minutes: float
    minimum: float


@dataclass(frozen=True, slots=True)
class Orders:
    """What is wanted at the hot spots, as it was known at `at_us`: by key, but for `days` by id."""

    at_us: int
    ids: Mapping[str, int]
    names: Mapping[str, str]
    words: Mapping[str, Words]
    days: Mapping[str, Cells]

    def asked(self, hotspot: str, time_us: int) -> tuple[str, float] | None:
        """The plan that wants patrols there at a moment, and its least minutes.

        Of several the one that wants the longest, and of these the first by key: whoever stays that
        long has done what any of them asks for.
        """
        least_us = {}
        for plan, day in self.days.items():
            here = (day.hotspot == self.ids.get(hotspot)) & (day.kind == REQUIRED)
            rows = here & (day.start_us <= time_us) & (time_us < day.end_us)
            if rows.any():
                least_us[plan] = int(day.minimum_us[rows].max())
        if not least_us:
            return None
        plan = max(sorted(least_us), key=least_us.__getitem__)
        return plan, least_us[plan] / MINUTE_US

    def leading(self, told: Told) -> bool:
        """Whether an event is of no plan, or of the one that a device is told of there and then.

        That is the plan that wanted patrols when this one began, else when it was told of.
        """
        if told.plan is None or told.hotspot is None or told.data is None:
            return True
        length, time_us = msgspec.json.decode(told.data, type=_Length), to_us(told.time)
        lasted = length.minimum if told.kind == Kind.TARGET_REACHED else length.minutes
        begun_us = time_us - round(lasted * MINUTE_US)
        found = self.asked(told.hotspot, begun_us) or self.asked(told.hotspot, time_us)
        return found is None or found[0] == told.plan


class Feedback:
    """Publishes to `beatkeeper/down/{device}`; `now_us` reads the clock (microseconds, UTC)."""

    def __init__(
        self, database: Database, live: Live, publisher: Publisher, now_us: Callable[[], int]
    ) -> None:
        self._database = database
        self._live = live
        self._publisher = publisher
        self._now_us = now_us
        self._orders: Orders | None = None
        # By the event loop's clock: when the broker was last seen to be there.
        self._there_s = -math.inf

    async def run(self, holder: str) -> None:
        """Tells them while it is this holder's turn, until it is cancelled."""
        turn = Turn(self._database, WORK, holder, able=self._able)
        await turn.run(lambda: self.tell(holder), PAUSE_S)

    def _able(self) -> bool:
        """Whether the broker is there, or has not been away for so long that others should try."""
        now_s = asyncio.get_running_loop().time()
        if self._publisher.connected:
            self._there_s = now_s
        return now_s - self._there_s < AWAY_S

    async def tell(self, holder: str) -> None:
        """Tells devices until the turn is another's or the service ends.

        Raises DatabaseUnavailable.
        """
        with self._live.following():
            saved = reached = await self._begin(holder)
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

    async def _begin(self, holder: str) -> int:
        """Where it stopped; if it never did anything, after all that there is by now."""
        async with self._database.write() as writer:
            position = await turns.position(writer, WORK)
            if position is None:
                position = await events.last(writer)
                await turns.advance(writer, WORK, holder, position)
        return position

    async def _advance(self, holder: str, position: int) -> bool:
        async with self._database.write() as writer:
            return await turns.advance(writer, WORK, holder, position)

    async def _sent(self, told: Told) -> bool:
        """Whether an event was published: one that a device is to be told of, while it is new.

        Meanwhile it waits for a broker that is away.
        """
        if told.kind not in TOLD or told.device is None or _NO_LEVEL & set(told.device):
            return False
        topic, payload, attempts = f"beatkeeper/down/{told.device}", None, 0
        while (left := told.stored + LATEST - from_us(self._now_us())).total_seconds() >= 1:
            payload = payload or message(told, await self._current())
            if payload is None:
                return False
            try:
                await self._publisher.publish(topic, payload, expires_s=int(left.total_seconds()))
            except BrokerAway:
                await asyncio.sleep(PAUSE_S)
            except PublishRefused as exc:
                _LOG.warning("%s", exc)
                return False
            except Unacknowledged as exc:
                # Some brokers break off over a message that they do not take.
                attempts += 1
                if attempts == ATTEMPTS:
                    _LOG.warning("%s, %d times; the next one has its turn", exc, attempts)
                    return True
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
        names = await hotspots.names(reader, SERVICE, now)
        told = (await briefings.page(reader, SERVICE, _ALL)).items
        spots = await hotspots.columns(reader, SERVICE, now)
        # What people are told of began no longer ago: nobody patrols for a day.
        found = await now_storage.begun(reader, SERVICE, now - DAY, now)
    return Orders(
        at_us=to_us(now),
        ids={key: hotspot for hotspot, (key, _) in names.items()},
        names=dict(names.values()),
        words={one.hotspot: one.words for one in told},
        days=await asyncio.to_thread(_days, found, spots, to_us(now)),
    )


def _days(
    found: Sequence[tuple[Sequence[PlanVersion], date]], spots: HotspotVersions, now_us: int
) -> dict[str, Cells]:
    """The cells of each plan, by key, from its operational day on until now."""
    days = {}
    for versions, first in found:
        plan = versions[-1].plan
        days[plan.key] = cells(versions, spots, first, plan.calendar.day_of(now_us), now_us)
    return days


def message(told: Told, orders: Orders) -> bytes | None:
    """What a device is told of an event, JSON; of a hot spot it has entered, what to do there.

    None: it is told of another plan there.
    """
    if not orders.leading(told):
        return None
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
