"""The small worlds of the plain figures as the columns that reports are made from."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from plainworld import HOUR, MINUTE, World

from app.compliance.cells import NEVER_US, HotspotVersions, PlanVersion
from app.compliance.duty import NOBODY, Abstractions, Answers, Devices, DutyTimes, Officers
from app.compliance.intervals import Intervals, Ints
from app.compliance.observed import Hours, Nearby
from app.compliance.reckoning import Evidence
from app.compliance.visits import Assignments, VisitColumns

TICK_US = 60_000_000 // MINUTE
HOURS = 5 * 24
KINDS = ("radio", "phone")


class Stretch(Protocol):
    """Anything with a start and an end."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def evidence(world: World) -> Evidence:
    """What a report asks for, all of it known from the first."""
    return Evidence(
        plans=[PlanVersion(world.plan, known_from_us=0)],
        hotspots=hotspots(world),
        visits=visits(world),
        assignments=assignments(world),
        duty=duty(world),
        abstractions=abstractions(world),
        officers=officers(world),
        devices=devices(world),
        answers=answers(world),
        hours=hours(world),
        nearby=nearby(world),
        as_at_us=moment(world, world.as_at),
    )


def ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


def bools(values: Iterable[bool]) -> np.ndarray:
    return np.array(list(values), dtype=bool)


def times(world: World, ticks: Iterable[int]) -> Ints:
    """Microseconds UTC."""
    midnight = dt.datetime.combine(world.date, dt.time(), world.plan.calendar.zone)
    return ints(ticks) * TICK_US + round(midnight.timestamp()) * 1_000_000


def moment(world: World, tick: int) -> int:
    """Microseconds UTC."""
    return int(times(world, [tick])[0])


def _stretches(world: World, given: Sequence[Stretch]) -> tuple[Ints, Ints]:
    return times(world, (one.start for one in given)), times(world, (one.end for one in given))


def hotspots(world: World) -> HotspotVersions:
    every = np.ones(len(world.spots), dtype=np.int64)
    return HotspotVersions(
        hotspot=ints(world.spots),
        valid_from_us=times(world, map(world.day_start, world.spots.values())),
        valid_to_us=NEVER_US * every,
        known_from_us=0 * every,
        known_to_us=NEVER_US * every,
    )


def visits(world: World) -> VisitColumns:
    stays = world.stays
    sure = [(row, *stay.sure) for row, stay in enumerate(stays) if stay.sure[0] < stay.sure[1]]
    return VisitColumns(
        device=ints(stay.device for stay in stays),
        hotspot=ints(stay.hotspot for stay in stays),
        enter_us=times(world, (stay.enter for stay in stays)),
        exit_us=times(world, (stay.exit for stay in stays)),
        outer_from_us=times(world, (stay.outer[0] for stay in stays)),
        outer_to_us=times(world, (stay.outer[1] for stay in stays)),
        enter_seen=bools(stay.enter_seen for stay in stays),
        exit_seen=bools(stay.exit_seen for stay in stays),
        pass_through=bools(stay.brief for stay in stays),
        open=bools(False for _ in stays),
        sure=Intervals(
            ints(row for row, _, _ in sure),
            times(world, (start for _, start, _ in sure)),
            times(world, (end for _, _, end in sure)),
        ),
    )


def assignments(world: World) -> Assignments:
    start_us, end_us = _stretches(world, world.carried)
    return Assignments(
        ints(held.device for held in world.carried),
        ints(held.officer for held in world.carried),
        start_us,
        end_us,
    )


def duty(world: World) -> DutyTimes:
    return DutyTimes(ints(one.officer for one in world.duty), *_stretches(world, world.duty))


def abstractions(world: World) -> Abstractions:
    reasons = tuple(sorted({away.reason for away in world.away}))
    start_us, end_us = _stretches(world, world.away)
    return Abstractions(
        officer=ints(NOBODY if away.officer is None else away.officer for away in world.away),
        team=ints(NOBODY if away.team is None else away.team for away in world.away),
        start_us=start_us,
        end_us=end_us,
        reason=ints(reasons.index(away.reason) for away in world.away),
        reasons=reasons,
    )


def officers(world: World) -> Officers:
    people = world.people.values()
    organisations = tuple(sorted({person.organisation for person in people}))
    return Officers(
        officer=ints(world.people),
        team=ints(NOBODY if person.team is None else person.team for person in people),
        organisation=ints(organisations.index(person.organisation) for person in people),
        organisations=organisations,
    )


def devices(world: World) -> Devices:
    return Devices(
        ints(world.kinds), ints(KINDS.index(kind) for kind in world.kinds.values()), KINDS
    )


def answers(world: World) -> Answers:
    given = sorted(world.answers)
    windows = tuple(sorted({window for _, _, window in given}))
    return Answers(
        hotspot=ints(hotspot for hotspot, _, _ in given),
        day=ints(day.toordinal() for _, day, _ in given),
        window=ints(windows.index(window) for _, _, window in given),
        windows=windows,
    )


def hours(world: World) -> Hours:
    """Of each device every hour of the world's days."""
    bits = {(device, hour): (1 << 60) - 1 for device in world.kinds for hour in range(HOURS)}
    for dark in world.dark:
        for minute in range(dark.start // MINUTE, -(-dark.end // MINUTE)):
            bits[dark.device, minute // 60] &= ~(1 << minute % 60)
    return Hours(
        device=ints(device for device, _ in bits),
        hour_us=times(world, (hour * HOUR for _, hour in bits)),
        observed=ints(bits.values()),
    )


def nearby(world: World) -> Nearby:
    start_us, end_us = _stretches(world, world.near)
    return Nearby(
        ints(near.device for near in world.near),
        ints(near.hotspot for near in world.near),
        start_us,
        end_us,
    )
