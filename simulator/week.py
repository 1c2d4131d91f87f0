"""Days of shifts over any hot spots: officers, their devices, what is sent, and the truth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from simulator.crews import Staffing, send_out
from simulator.devices import Device, Recording, issue, record
from simulator.ground import Ground, survey
from simulator.messages import Message, send
from simulator.path import Track
from simulator.plane import Floats
from simulator.roster import MODES, Officer
from simulator.scenario import Plan
from simulator.shift import SHIFT_S
from simulator.town import GeoJson
from simulator.truth import Truth, witness

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Seconds = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Shift:
    """One day's shift: who made up which crew, who was taken off, and what devices made of it."""

    day: date
    start: datetime
    """In UTC."""
    crews: tuple[tuple[str, ...], ...]
    """Names of officers."""
    abstracted: tuple[str, ...]
    tracks: tuple[Track, ...]
    """Of each crew."""
    recordings: tuple[Recording, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Fixes, a row each: times in microseconds since the Unix epoch, degrees and metres.

    `device` is a place in the week's devices; accuracies that are not known are NaN.
    """

    device: Seconds
    time_us: Seconds
    lon: Floats
    lat: Floats
    accuracy_m: Floats


@dataclass(frozen=True, slots=True)
class Week:
    """Shifts on days in a row, every officer with the same device on each."""

    seed: int
    hotspots: GeoJson
    ground: Ground
    plan: Plan
    officers: tuple[Officer, ...]
    devices: tuple[Device, ...]
    shifts: tuple[Shift, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        """What devices sent, by time of sending in seconds since the first shift began."""
        rng = np.random.default_rng((self.seed, len(self.shifts)))
        first = self.shifts[0].start
        sent = [
            replace(message, at_s=message.at_s + (shift.start - first).total_seconds())
            for shift in self.shifts
            for made in shift.recordings
            for message in send(made, shift.start, rng)
        ]
        return tuple(sorted(sent, key=lambda message: message.at_s))

    def fixes(self, shift: Shift) -> Columns:
        """The fixes of a shift as they would come in: by device, then time."""
        numbers = {device.name: number for number, device in enumerate(self.devices)}
        made = shift.recordings
        t_s = np.concatenate([np.empty(0), *(one.t_s for one in made)])
        counts = [len(one.t_s) for one in made]
        began_us = int(shift.start.timestamp()) * 1_000_000
        return Columns(
            device=np.repeat([numbers[one.device.name] for one in made], counts).astype(np.int64),
            time_us=began_us + (t_s * 1000.0).round().astype(np.int64) * 1000,
            lon=np.concatenate([np.empty(0), *(one.lon for one in made)]).round(6),
            lat=np.concatenate([np.empty(0), *(one.lat for one in made)]).round(6),
            accuracy_m=np.concatenate([np.empty(0), *(one.accuracy_m for one in made)]).round(1),
        )

    def csv(self) -> Iterator[str]:
        """Lines of a track file with all fixes, heading first: device,time,lat,lon,accuracy_m."""
        yield "device,time,lat,lon,accuracy_m"
        for shift in self.shifts:
            found = self.fixes(shift)
            columns = (found.time_us, found.lat, found.lon, found.accuracy_m)
            names = [self.devices[number].name for number in found.device.tolist()]
            rows = zip(names, *(column.tolist() for column in columns), strict=True)
            for name, time_us, lat, lon, accuracy_m in rows:
                time = (EPOCH + timedelta(microseconds=time_us)).isoformat(timespec="milliseconds")
                known = "" if np.isnan(accuracy_m) else f"{accuracy_m:.1f}"
                yield f"{name},{time},{lat:.6f},{lon:.6f},{known}"

    def truth(self, shift: Shift) -> Truth:
        """Where the officers of a shift truly were, by device."""
        track_of = {
            officer: track
            for crew, track in zip(shift.crews, shift.tracks, strict=True)
            for officer in crew
        }
        return witness(
            {made.device.name: track_of[made.device.officer] for made in shift.recordings},
            self.ground.places,
            {made.device.name: made.silences() for made in shift.recordings},
        )


def make(
    seed: int,
    hotspots: GeoJson,
    first_day: date,
    days: int,
    staffing: Staffing,
    *,
    plan: Plan | None = None,
) -> Week:
    """Shifts of eight hours on so many days, from the start of the plan's window.

    The same seed gives the same week. Raises GroundError for hot spots that it cannot take.
    """
    plan = plan or Plan(patrols_per_window=staffing.patrols)
    town_rng, device_rng, *day_rngs = np.random.default_rng(seed).spawn(2 + days)
    ground = survey(hotspots, town_rng)
    officers = tuple(
        Officer(f"PC {number + 1:02}", MODES[number % len(MODES)])
        for number in range(staffing.officers)
    )
    devices = issue(officers, device_rng)
    shifts = tuple(
        _shift(first_day + number * DAY, plan, staffing, devices, ground=ground, rng=rng)
        for number, rng in enumerate(day_rngs)
    )
    return Week(seed, hotspots, ground, plan, officers, devices, shifts)


def _shift(
    day: date,
    plan: Plan,
    staffing: Staffing,
    devices: tuple[Device, ...],
    *,
    ground: Ground,
    rng: np.random.Generator,
) -> Shift:
    away = (rng.random(len(devices)) < staffing.abstraction).tolist()
    here = [device for device, is_away in zip(devices, away, strict=True) if not is_away]
    crews = _crews(here, staffing.crew)
    tracks = send_out(len(crews), staffing, ground, _window_s(plan), rng)
    recordings = [
        record(device, track, ground.plane, rng)
        for crew, track in zip(crews, tracks, strict=True)
        for device in crew
    ]
    begins = datetime.combine(day, plan.window_start, ZoneInfo(plan.time_zone))
    return Shift(
        day=day,
        start=begins.astimezone(UTC),
        crews=tuple(tuple(device.officer for device in crew) for crew in crews),
        abstracted=tuple(device.officer for device in devices if device not in here),
        tracks=tuple(tracks),
        recordings=tuple(recordings),
    )


def _crews(here: list[Device], size: int) -> list[list[Device]]:
    """Those who are there in crews of a size; who is left over makes the last one larger."""
    crews = [here[at : at + size] for at in range(0, len(here), size)]
    if crews and len(crews[-1]) < size:
        left_over = crews.pop()
        if crews:
            crews[-1] += left_over
    return crews


def _window_s(plan: Plan) -> float:
    """Seconds from the start of the plan's window to its end, at most the shift."""
    start, end = (60 * time.hour + time.minute for time in (plan.window_start, plan.window_end))
    return float(min(60 * ((end - start) % 1440), SHIFT_S))
