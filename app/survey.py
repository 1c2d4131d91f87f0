"""Surveys, off the way in, how well devices were observed and when they were close to hot spots.

An hour of a device is surveyed when it has been over for a while, and again where fixes come later
or hot spots were redrawn; only what has changed is written. Some hours are one transaction: where
the work breaks off, it goes on from there. It waits for nobody's fixes, nor does ingest for it; but
SQLite has one writer, so that the hours are as many as fit into a short time.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.compliance.tracking import settled_us
from app.observing.minutes import hours
from app.storage import catalogue as catalogues
from app.storage import fixes as fix_storage
from app.storage import survey as survey_storage
from app.storage import surveying
from app.storage.catalogue import Catalogue
from app.storage.engine import Database, Writer
from app.storage.survey import HourRow, NearbyRow, Survey
from app.storage.surveying import Due
from app.storage.types import MICROSECOND, from_us, to_us
from app.turn import Turn
from geofence.hotspots import Hotspots
from geofence.model import HOUR_US, MINUTE_US, Fixes, Profile
from geofence.runs import expand
from geofence.surroundings import Surroundings, surroundings
from geofence.track import alone

CLOSE_M: Final = 50.0
"""Who is outside a hot spot, but no farther from it, is close to it."""
EVERY_S: Final = 60.0

# What one transaction works on: as much as takes so long.
_STEP_S = 0.2
_FIRST_HOURS, MOST_HOURS = 20, 500
_MOST_DEVICES = 200
_LONGEST_HOURS = 24  # of one device
# Between two of them the others' turn: SQLite's writers look each tenth of a second if they may.
_PAUSE_S = 0.1
# So long before figures count an hour it is surveyed.
_AHEAD_US = 5 * MINUTE_US

_DeviceHour = tuple[int, int]


def ripe_us(now_us: int) -> int:
    """The end of the last whole hour that is surveyed at a moment.

    That is some minutes before figures count it, so that it is known in all of them: they can be
    asked for as at any moment afterwards.
    """
    return settled_us(now_us + _AHEAD_US)


class Surveyor:
    """Surveys what ingest has noted; any number of processes may, one at a time does."""

    def __init__(
        self, database: Database, now_us: Callable[[], int], *, most_hours: int = MOST_HOURS
    ) -> None:
        """`most_hours` is how many hours of devices one transaction looks at.

        There are fewer where these take long.
        """
        self._database = database
        self._now_us = now_us
        self._most_hours = most_hours
        self._hours = min(_FIRST_HOURS, most_hours)
        self._catalogue: Catalogue | None = None
        self._wider = Hotspots.prepare([])

    async def run(self, holder: str) -> None:
        """Surveys while it is this holder's turn, until it is cancelled."""
        await Turn(self._database, "survey", holder).run(self.catch_up, EVERY_S)

    async def catch_up(self) -> None:
        """Surveys all hours that are settled. Raises DatabaseUnavailable."""
        while True:
            if not await self._whole_step():
                return
            await asyncio.sleep(_PAUSE_S)

    async def _whole_step(self) -> bool:
        """Does a step to its end, though it be cancelled: SQLite's lock may outlive half of one."""
        step = asyncio.create_task(self.step())
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            await asyncio.gather(step, return_exceptions=True)
            raise

    async def step(self) -> bool:
        """Surveys some hours, those first that `surveying.due` gives first.

        Says if there was work that nobody else was at.
        Raises DatabaseUnavailable.
        """
        end_us = ripe_us(self._now_us())
        async with self._database.write() as writer:
            if not await surveying.alone(writer):
                return False
            catalogue = await self._current(writer)
            await surveying.take_over(writer, catalogue, from_us(end_us), _MOST_DEVICES)
        async with self._database.write() as writer:
            if not await surveying.alone(writer):
                return False
            began_s = asyncio.get_running_loop().time()
            catalogue = await self._current(writer)
            due = await surveying.due(writer, from_us(end_us), _MOST_DEVICES)
            if not due:
                return False
            await self._survey(writer, _Frame.of(due, catalogue, end_us, self._hours))
        self._fit(asyncio.get_running_loop().time() - began_s)
        return True

    async def _current(self, writer: Writer) -> Catalogue:
        """What counts now, with the hot spots and what is close to them."""
        catalogue = await catalogues.current(writer, self._catalogue)
        if catalogue is not self._catalogue:
            self._wider = await asyncio.to_thread(catalogue.hotspots.grown, CLOSE_M)
            self._catalogue = catalogue
        return catalogue

    def _fit(self, took_s: float) -> None:
        """Makes the next step as large as the time that the last one took lets it be."""
        fitting = round(self._hours * min(_STEP_S / max(took_s, _STEP_S / 2), 2.0))
        self._hours = min(max(fitting, 1), self._most_hours)

    async def _survey(self, writer: Writer, frame: "_Frame") -> None:
        """Makes the tables say what the stored fixes of these hours do."""
        fixes = await fix_storage.since(writer, frame.needs_us, frame.untils_us)
        hotspots = frame.catalogue.hotspots
        found = await asyncio.to_thread(look, fixes, hotspots, self._wider, frame.profiles)
        devices, begin = list(frame.starts_us), from_us(min(frame.needs_us.values()))
        held, newest = await survey_storage.held(writer, devices, begin, from_us(frame.end_us))
        whole = frame.whole(held, found)
        old, new = _of(held, whole), _of(found, whole)
        # No two versions of a row are known from the same moment on, whosever clock it was.
        now = from_us(self._now_us())
        now = now if newest is None else max(now, newest + MICROSECOND)
        await survey_storage.replace(writer, old.without(new), new.without(old), now)
        later_us = await fix_storage.following(writer, dict.fromkeys(devices, frame.end_us))
        await surveying.move(writer, frame.next_starts(later_us))


@dataclass(frozen=True, slots=True)
class _Frame:
    """Hours of devices: of each from its own on, of all up to the same; microseconds.

    A leg may lead into the first one from earlier, and out of the last one.
    """

    catalogue: Catalogue
    profiles: Mapping[int, Profile]
    starts_us: Mapping[int, int]
    end_us: int

    @classmethod
    def of(cls, due: Sequence[Due], catalogue: Catalogue, end_us: int, room: int) -> "_Frame":
        """The first hours of the first of these devices: about `room` together."""
        first_us = to_us(due[0].start)
        end_us = min(end_us, first_us + min(room, _LONGEST_HOURS) * HOUR_US)
        most = max(room // ((end_us - first_us) // HOUR_US), 1)
        mine = [one for one in due if first_us <= to_us(one.start) < end_us][:most]
        return cls(
            catalogue,
            {one.device: catalogue.profile(one.profile) for one in mine},
            {one.device: to_us(one.start) for one in mine},
            end_us,
        )

    @property
    def needs_us(self) -> dict[int, int]:
        """From which hour on each device's fixes are needed."""
        return {d: start - self._before_us(d) for d, start in self.starts_us.items()}

    @property
    def untils_us(self) -> dict[int, int]:
        """Up to which moment they are."""
        return {d: self.end_us + self.profiles[d].leg_us for d in self.starts_us}

    def whole(self, held: Survey, found: Survey) -> set[_DeviceHour]:
        """The hours of which all fixes are still there, and all that legs into them come from.

        Of others, what was found then is more than can be found now.
        """
        there = {(row.device, row.hour_us): row.fixes for row in found.hours}
        lost = {
            (row.device, row.hour_us)
            for row in held.hours
            if there.get((row.device, row.hour_us), 0) < row.fixes
        }
        return {
            (device, hour)
            for device, start in self.starts_us.items()
            for hour in range(start, self.end_us, HOUR_US)
            if lost.isdisjoint(
                (device, hour - back) for back in range(0, self._before_us(device) + 1, HOUR_US)
            )
        }

    def next_starts(self, later_us: Mapping[int, int]) -> dict[int, dt.datetime | None]:
        """From which hour on each device is to be surveyed next, by its first fix after these."""
        return {
            device: from_us(max(self.end_us, self._reached_us(device, later_us[device])))
            if device in later_us
            else None
            for device in self.starts_us
        }

    def _reached_us(self, device: int, fix_us: int) -> int:
        return (fix_us - self.profiles[device].leg_us) // HOUR_US * HOUR_US

    def _before_us(self, device: int) -> int:
        """The longest leg in whole hours."""
        return -(-self.profiles[device].leg_us // HOUR_US) * HOUR_US


def look(
    fixes: Fixes, hotspots: Hotspots, wider: Hotspots, profiles: Mapping[int, Profile]
) -> Survey:
    """What stored fixes say of all hours that they touch; `wider` are the hot spots, `grown`."""
    track = alone(fixes, profiles)
    seen = hours(fixes, track)
    columns = seen.device, seen.hour_us, seen.fixes, seen.observed
    close = _hourly(surroundings(track, hotspots, wider))
    times = close.device, close.hotspot, close.start_us, close.end_us
    return Survey(
        frozenset(map(HourRow, *(column.tolist() for column in columns))),
        frozenset(map(NearbyRow, *(column.tolist() for column in times))),
    )


def _hourly(close: Surroundings) -> Surroundings:
    """The same stretches, cut at full hours."""
    first = close.start_us // HOUR_US
    which, step = expand((close.end_us - 1) // HOUR_US - first + 1)
    hour_us = (first[which] + step) * HOUR_US
    return Surroundings(
        close.device[which],
        close.hotspot[which],
        np.maximum(close.start_us[which], hour_us),
        np.minimum(close.end_us[which], hour_us + HOUR_US),
    )


def _of(survey: Survey, these: set[_DeviceHour]) -> Survey:
    """What of a survey is of these hours."""
    return Survey(
        frozenset(row for row in survey.hours if (row.device, row.hour_us) in these),
        frozenset(
            row for row in survey.nearby if (row.device, row.start_us // HOUR_US * HOUR_US) in these
        ),
    )
