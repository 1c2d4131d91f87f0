"""Tells people in time what nobody sends: targets reached, patrols cut short, what is overdue.

It looks at how plans stand, and what holds is told once, by whichever process has the turn.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from app.access.viewer import SERVICE
from app.compliance.happenings import AlreadyTold, Happening, Key, happenings
from app.compliance.now import standing
from app.compliance.scene import Scene, record
from app.storage import events, now, raised, turns
from app.storage.engine import Database
from app.storage.events import LATEST, Event, is_live
from app.storage.raised import OfPlan
from app.storage.types import from_us
from app.turn import Turn

EVERY_S: Final = 5.0
# So often also what late data make of windows that are over, so far back.
LOOK_BACK_EVERY: Final = dt.timedelta(minutes=1)
LOOK_BACK: Final = dt.timedelta(days=1)

# So many things that nobody waits for are written at once.
MANY: Final = 500
WORK: Final = "watcher"


class _News(NamedTuple):
    """What is to be told, and by what it is known again."""

    of: OfPlan
    events: Sequence[Event]
    live: bool


class Watcher:
    """Watches all plans; any number of processes may each run one on the same database."""

    def __init__(self, database: Database, now_us: Callable[[], int]) -> None:
        """`now_us` reads the clock: microseconds since the Unix epoch, UTC."""
        self._database = database
        self._now_us = now_us
        self._looked_back: dt.datetime | None = None

    async def run(self, holder: str) -> None:
        """Watches while it is this holder's turn, until it is cancelled."""
        await Turn(self._database, WORK, holder).run(lambda: self.step(holder), EVERY_S)

    async def step(self, holder: str) -> int:
        """Tells what has not been told, if it is this holder's turn; says how many events it made.

        Raises DatabaseUnavailable.
        """
        moment = from_us(self._now_us())
        back = self._looked_back is None or moment - self._looked_back >= LOOK_BACK_EVERY
        news = await self._look(moment - (LOOK_BACK if back else LATEST), moment)
        made = sum([await self._tell(holder, part, moment) for part in _parts(news)])
        if back:
            self._looked_back = moment
        return made

    async def _look(self, since: dt.datetime, moment: dt.datetime) -> list[_News]:
        async with self._database.read() as reader:
            scenes = await now.scenes(reader, SERVICE, since, moment)
            told = [await raised.since(reader, one.plan.key, _begin(one)) for one in scenes]
        return await asyncio.to_thread(_untold, scenes, told, moment)

    async def _tell(self, holder: str, news: Sequence[_News], moment: dt.datetime) -> int:
        async with self._database.write() as writer:
            # Who has hung since it looked may tell under another key what somebody else has told.
            if not await turns.held(writer, WORK, holder):
                return 0
            mine = await raised.add(writer, [one.of for one in news])
            told = [event for one in news if one.of in mine for event in one.events]
            await events.write(writer, told, moment)
        return len(told)


def _begin(scene: Scene) -> dt.datetime:
    """Before this nothing began that is to be told of now: nobody patrols for a day."""
    return from_us(scene.calendar.start_of(scene.first)) - LOOK_BACK


def _untold(
    scenes: Sequence[Scene], told: Sequence[Sequence[Key]], moment: dt.datetime
) -> list[_News]:
    """What is to be told of each scene, given what has been, by when it happened."""
    news = []
    for scene, known in zip(scenes, told, strict=True):
        done, plan = record(scene), scene.plan.key
        for one in happenings(scene, done, standing(scene, done), AlreadyTold(known)):
            its = list(_events(plan, one))
            news.append(_News(OfPlan(plan, one.key), its, is_live(its[0], moment)))
    return sorted(news, key=lambda one: one.events[0].time)


def _parts(news: Sequence[_News]) -> Iterator[Sequence[_News]]:
    """Transactions: what is history first, as ingest waits for the one that tells of the rest."""
    history = [one for one in news if not one.live]
    for first in range(0, len(history), MANY):
        yield history[first : first + MANY]
    live = [one for one in news if one.live]
    if live:
        yield live


def _events(plan: str, happening: Happening) -> Iterator[Event]:
    """An event for each device that it is about, so that whoever has it is told; else for all."""
    key = happening.key
    for device in happening.devices or (None,):
        yield Event(
            key.kind,
            from_us(happening.time_us),
            device,
            key.hotspot or None,
            live=happening.live,
            plan=plan,
            data=happening.data,
        )
