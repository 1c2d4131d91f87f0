"""Tells people in time what nobody sends: targets reached, patrols cut short, what is overdue.

It looks at how plans stand, and what holds is told once, by whichever process has the turn.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from app.access.viewer import Role, Viewer
from app.compliance.happenings import AlreadyTold, Happening, Key, happenings
from app.compliance.now import standing
from app.compliance.scene import Scene, record
from app.storage import events, now, raised
from app.storage.engine import Database
from app.storage.events import LATEST, Event
from app.storage.types import from_us
from app.turn import Turn

EVERY_S: Final = 5.0
# So often also what late data make of windows that are over, so far back.
LOOK_BACK_EVERY: Final = dt.timedelta(minutes=1)
LOOK_BACK: Final = dt.timedelta(days=1)

_ITSELF = Viewer("the service", Role.ANALYST)


class _News(NamedTuple):
    """What is to be told of a plan, by its key."""

    plan: str
    happenings: Sequence[Happening]


class Watcher:
    """Watches all plans; any number of processes may each run one on the same database."""

    def __init__(self, database: Database, now_us: Callable[[], int]) -> None:
        """`now_us` reads the clock: microseconds since the Unix epoch, UTC."""
        self._database = database
        self._now_us = now_us
        self._looked_back: dt.datetime | None = None

    async def run(self, holder: str) -> None:
        """Watches while it is this holder's turn, until it is cancelled."""
        await Turn(self._database, "watcher", holder, self._now_us).run(self.step, EVERY_S)

    async def step(self) -> int:
        """Tells what has not been told; says how many events that made.

        Raises DatabaseUnavailable.
        """
        moment = from_us(self._now_us())
        back = self._looked_back is None or moment - self._looked_back >= LOOK_BACK_EVERY
        news = await self._look(moment - (LOOK_BACK if back else LATEST), moment)
        made = await self._tell(news, moment) if news else 0
        if back:
            self._looked_back = moment
        return made

    async def _look(self, since: dt.datetime, moment: dt.datetime) -> list[_News]:
        async with self._database.read() as reader:
            scenes = await now.scenes(reader, _ITSELF, since, moment)
            told = [await raised.since(reader, one.plan.key, _begin(one)) for one in scenes]
        return await asyncio.to_thread(_untold, scenes, told)

    async def _tell(self, news: Sequence[_News], moment: dt.datetime) -> int:
        async with self._database.write() as writer:
            told: list[Event] = []
            for plan, holds in news:
                # Where another watcher has come first, it has told.
                mine = await raised.add(writer, plan, [one.key for one in holds], moment)
                told += [event for one in holds if one.key in mine for event in _events(plan, one)]
            told.sort(key=lambda event: event.time)
            await events.write(writer, told, moment)
        return len(told)


def _begin(scene: Scene) -> dt.datetime:
    """Before this nothing began that is to be told of now: nobody patrols for a day."""
    return from_us(scene.calendar.start_of(scene.first)) - LOOK_BACK


def _untold(scenes: Sequence[Scene], told: Sequence[Sequence[Key]]) -> list[_News]:
    news = []
    for scene, known in zip(scenes, told, strict=True):
        done = record(scene)
        new = list(happenings(scene, done, standing(scene, done), AlreadyTold(known)))
        if new:
            news.append(_News(scene.plan.key, new))
    return news


def _events(plan: str, happening: Happening) -> Iterator[Event]:
    """An event for each device that it is about, so that whoever has it is told; else for all."""
    key = happening.key
    for device in happening.devices or (None,):
        yield Event(
            key.kind,
            from_us(happening.time_us),
            device,
            key.hotspot or None,
            plan=plan,
            data=happening.data,
        )
