"""Usable fixes of many devices in order, and the legs between them (rules 1 and 2)."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from geofence.hotspots import Hotspots
from geofence.model import NEVER, Bools, Columns, Fixes, Floats, Ints, Profile, Profiles
from geofence.runs import among, begins, expand

Column = TypeVar("Column", Ints, Floats)


@dataclass(frozen=True, slots=True)
class Rules(Columns):
    """Profiles in columns, one device a row."""

    max_gap_us: Ints
    merge_gap_us: Ints
    doubt_gap_us: Ints
    still_gap_us: Ints
    min_visit_us: Ints
    still_radius_m: Floats
    assumed_accuracy_m: Floats
    max_accuracy_m: Floats

    @classmethod
    def of(cls, devices: Ints, profiles: Profiles) -> "Rules":
        """Return the rules of `devices` [d]; a device without a profile has the default one."""
        if isinstance(profiles, Profile):
            kinds, kind = [profiles], np.zeros(len(devices), np.int64)
        else:
            default = Profile()
            each = [profiles.get(device, default) for device in devices.tolist()]
            kinds = list(dict.fromkeys(each))
            number = {profile: i for i, profile in enumerate(kinds)}
            kind = np.array([number[profile] for profile in each], np.int64)
        return cls(
            max_gap_us=np.array([p.max_gap_us for p in kinds], np.int64),
            merge_gap_us=np.array([p.merge_gap_us for p in kinds], np.int64),
            doubt_gap_us=np.array([p.doubt_gap_us for p in kinds], np.int64),
            still_gap_us=np.array([p.still_gap_us for p in kinds], np.int64),
            min_visit_us=np.array([p.min_visit_us for p in kinds], np.int64),
            still_radius_m=np.array([p.still_radius_m for p in kinds], np.float64),
            assumed_accuracy_m=np.array([p.assumed_accuracy_m for p in kinds], np.float64),
            max_accuracy_m=np.array([p.max_accuracy_m for p in kinds], np.float64),
        ).take(kind)


@dataclass(frozen=True, slots=True)
class Tail(Columns):
    """What the engine remembers of each device wherever it is: one device a row, by device."""

    device: Ints
    first_us: Ints  # first usable fix; NEVER: none yet
    last_us: Ints  # last fix, usable or not
    time_us: Ints  # [d, 2]: the last two usable fixes, the newer one second; NEVER: none
    lon: Floats  # [d, 2]
    lat: Floats
    accuracy_m: Floats

    @classmethod
    def empty(cls, devices: Ints) -> "Tail":
        """Return tails of devices of which nothing is known."""
        return cls.beginning(devices, np.full(len(devices), NEVER))

    @classmethod
    def beginning(cls, devices: Ints, first_us: Ints) -> "Tail":
        """Return tails without fixes of devices whose first usable fix was at `first_us`."""
        pair, blank = np.full((len(devices), 2), NEVER), np.full((len(devices), 2), np.nan)
        return cls(devices, first_us, np.full(len(devices), NEVER), pair, blank, blank, blank)


@dataclass(frozen=True, slots=True)
class Track:
    """Usable fixes of many devices, by device, then time: up to two remembered ones, then new ones.

    Columns with n rows are of fixes, those with d rows of devices.
    """

    device: Ints  # [d]
    start: Ints  # [d + 1] first row of each device
    fresh: Ints  # [d] its first new row
    first_us: Ints  # [d] its first usable fix ever
    rules: Rules  # [d]
    owner: Ints  # [n] which device
    time_us: Ints
    lon: Floats  # NaN, as lat: not known, but surely outside every hot spot
    lat: Floats
    accuracy_m: Floats  # unknown replaced by what the profile assumes
    moving: Bools  # a leg leads here from the row before
    pausing: Bools  # too late for a leg, but a still leg may lead here
    unlinked: Ints  # how many rows up to here no moving leg leads to

    def __len__(self) -> int:
        return len(self.time_us)

    @property
    def last(self) -> Ints:
        """The last row of each device."""
        return self.start[1:] - 1

    @property
    def anchor(self) -> Ints:
        """Per device the first row whose place is looked at: the last remembered one, if any."""
        return np.maximum(self.fresh - 1, self.start[:-1])

    def stands(self, hotspots: Hotspots, hotspot: Ints, row: Ints) -> Bools:
        """Say if a still leg leads to `row`, in the plane of `hotspot`; shapes [m]."""
        still = self.pausing[row]
        at = np.flatnonzero(still)
        if len(at):
            length = self.length(hotspots, hotspot[at], row[at])
            still[at] = length <= self.rules.still_radius_m[self.owner[row[at]]]
        return still

    def length(self, hotspots: Hotspots, hotspot: Ints, row: Ints) -> Floats:
        """Return metres from the row before to `row` in the plane of `hotspot`; shapes [m]."""
        x, y = hotspots.plane(hotspot, self.lon[row], self.lat[row])
        from_x, from_y = hotspots.plane(hotspot, self.lon[row - 1], self.lat[row - 1])
        return np.hypot(x - from_x, y - from_y)

    def pace(self, hotspots: Hotspots, hotspot: Ints, row: Ints) -> Floats:
        """Return metres per second on the leg to `row` in the plane of `hotspot`; shapes [m]."""
        seconds = (self.time_us[row] - self.time_us[row - 1]) / 1e6
        return self.length(hotspots, hotspot, row) / seconds

    def linked(self, hotspots: Hotspots, hotspot: Ints, row: Ints, to: Ints) -> Bools:
        """Say if legs, moving or still, lead all the way from `row` to `to` >= row; shapes [m]."""
        missing = self.unlinked[to] - self.unlinked[row]
        whole = missing == 0
        torn = np.flatnonzero(~whole)
        if len(torn):
            each, step = expand(to[torn] - row[torn])
            legs = row[torn][each] + 1 + step
            held = self.moving[legs] | self.stands(hotspots, hotspot[torn][each], legs)
            whole[torn] = np.bincount(each, ~held, len(torn)) == 0
        return np.asarray(whole, np.bool_)


def ordered(fixes: Fixes) -> Fixes:
    """Return fixes by device and time, one for each time: the most accurate, then least lon, lat.

    Accuracy that is negative or not finite comes back as NaN, and counts as the worst.
    """
    accuracy = fixes.accuracy_m
    unknown = ~(np.isfinite(accuracy) & (accuracy >= 0.0))
    fixes = Fixes(
        fixes.device, fixes.time_us, fixes.lon, fixes.lat, np.where(unknown, np.nan, accuracy)
    )
    later = _later(fixes)
    if later.all():
        return fixes
    fixes = fixes.take(np.lexsort((fixes.time_us, fixes.device)))
    later = _later(fixes)
    if later.all():
        return fixes
    first = np.concatenate([[True], later])
    alone = first & np.concatenate([later, [True]])
    tied = fixes.take(~alone)
    worst = np.where(np.isnan(tied.accuracy_m), np.inf, tied.accuracy_m)
    tied = tied.take(np.lexsort((tied.lat, tied.lon, worst, tied.time_us, tied.device)))
    single = fixes.take(alone)
    kept = Fixes.concat([single, tied.take(first[~alone])])
    return kept.take(np.lexsort((kept.time_us, kept.device)))


def _later(fixes: Fixes) -> Bools:
    """Say of each fix but the first if it comes after the one before."""
    same = fixes.device[1:] == fixes.device[:-1]
    after: Bools = np.where(
        same,
        fixes.time_us[1:] > fixes.time_us[:-1],
        fixes.device[1:] > fixes.device[:-1],
    )
    return after


def usable(fixes: Fixes, rules: Rules, owner: Ints) -> Bools:
    """Say which fixes are exact enough; `owner` [n] is each one's row of `rules`."""
    exact: Bools = ~(fixes.accuracy_m > rules.max_accuracy_m[owner])
    return exact


def alone(fixes: Fixes, profiles: Profiles) -> Track:
    """Return the track that `fixes` of any devices, in any order, make with none before them."""
    fixes = ordered(fixes)
    devices = fixes.device[begins(fixes.device)]
    rules = Rules.of(devices, profiles)
    fixes = fixes.take(usable(fixes, rules, np.searchsorted(devices, fixes.device)))
    going = among(devices, fixes.device)
    track, _ = follow(Tail.empty(devices[going]), fixes, rules.take(going))
    return track


def follow(tail: Tail, fixes: Fixes, rules: Rules) -> tuple[Track, Tail]:
    """Return the track on from `tail`, and the tail that it leaves.

    `fixes` are `ordered` and `usable`, at least one of each device of `tail` and of no others, and
    later than those of `tail`; `rules` are of these devices.
    """
    owner = np.searchsorted(tail.device, fixes.device)
    known = (tail.time_us != NEVER).sum(axis=1)
    new = np.bincount(owner, minlength=len(tail.device))
    start = np.concatenate([[0], np.cumsum(known + new)]).astype(np.int64)
    fresh = start[:-1] + known
    old_rows = (start[:-1, None] + known[:, None] - [2, 1])[tail.time_us != NEVER]
    new_rows = np.repeat(fresh - (np.cumsum(new) - new), new) + np.arange(len(fixes))

    def column(old: Column, added: Column) -> Column:
        rows = np.empty(start[-1], added.dtype)
        rows[old_rows], rows[new_rows] = old[tail.time_us != NEVER], added
        return rows

    time = column(tail.time_us, fixes.time_us)
    lon, lat = column(tail.lon, fixes.lon), column(tail.lat, fixes.lat)
    accuracy = column(tail.accuracy_m, fixes.accuracy_m)
    owners = np.repeat(np.arange(len(tail.device)), known + new)
    first_us = np.where(tail.first_us == NEVER, time[start[:-1]], tail.first_us)
    moving, pausing = legs(owners, time, rules)
    joined = _placed(lon)
    moving, pausing = moving & joined, pausing & joined
    track = Track(
        device=tail.device,
        start=start,
        fresh=fresh,
        first_us=first_us,
        rules=rules,
        owner=owners,
        time_us=time,
        lon=lon,
        lat=lat,
        accuracy_m=np.where(np.isnan(accuracy), rules.assumed_accuracy_m[owners], accuracy),
        moving=moving,
        pausing=pausing,
        unlinked=np.cumsum(~moving),
    )
    return track, _left(tail, track, accuracy)


def legs(owner: Ints, time: Ints, rules: Rules) -> tuple[Bools, Bools]:
    """Say to which rows a moving leg leads from the row before, and to which a still leg may.

    By the times alone; to or from a fix whose place is not known there is none.
    """
    moving, pausing = np.zeros(len(time), np.bool_), np.zeros(len(time), np.bool_)
    gap, of = time[1:] - time[:-1], owner[1:]
    same = of == owner[:-1]
    moving[1:] = same & (gap <= rules.max_gap_us[of])
    pausing[1:] = same & ~moving[1:] & (gap <= rules.still_gap_us[of])
    return moving, pausing


def _placed(lon: Floats) -> Bools:
    """Say of which rows the place is known, and that of the row before."""
    placed = ~np.isnan(lon)
    placed[1:] &= placed[:-1].copy()
    return placed


def _left(tail: Tail, track: Track, accuracy: Floats) -> Tail:
    """Return the tail that a track leaves: its last two rows of each device."""
    rows = track.start[1:, None] - [2, 1]
    there = rows >= track.start[:-1, None]
    rows = np.where(there, rows, 0)

    def pair(column: Floats) -> Floats:
        return np.where(there, column[rows], np.nan)

    return Tail(
        device=tail.device,
        first_us=track.first_us,
        last_us=tail.last_us,
        time_us=np.where(there, track.time_us[rows], NEVER),
        lon=pair(track.lon),
        lat=pair(track.lat),
        accuracy_m=pair(accuracy),
    )
