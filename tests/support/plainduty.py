"""Who was rostered, watched and taken away: counted by the minute and the half minute."""

from collections.abc import Iterable
from dataclasses import dataclass

from plainworld import HOUR, MINUTE, Ticks, World

LATE = 10 * MINUTE  # an hour counts as surveyed so long after its end


@dataclass(frozen=True)
class Maker:
    """Whose visits and duty count: those of some officers, or of some devices (None: of all).

    Officer None stands for nobody: what a device did while it was not given out.
    """

    officers: frozenset[int | None] | None = None
    devices: frozenset[int] | None = None

    def counts(self, officer: int) -> bool:
        """Whether it is one of these officers."""
        return self.officers is None or officer in self.officers

    def carried(self, officer: int, device: int) -> bool:
        """Whether what an officer did with a device is theirs."""
        return self.counts(officer) and (self.devices is None or device in self.devices)

    def had(self, world: World, device: int, ticks: Ticks) -> Ticks:
        """In which of these ticks a device was in those hands."""
        if self.devices is not None and device not in self.devices:
            return set()
        if self.officers is None:
            return ticks
        return {tick for tick in ticks if _holder(world, device, tick) in self.officers}


def _holder(world: World, device: int, tick: int) -> int | None:
    """Who had a device."""
    mine = (held for held in world.carried if held.device == device)
    return next((held.officer for held in mine if held.start <= tick < held.end), None)


EVERYBODY = Maker()


def watched(world: World, maker: Maker, start: int, end: int) -> tuple[int, int]:
    """Tracked minutes of a slot, and how many of them were observed."""
    until = min(end, (world.as_at - LATE) // HOUR * HOUR)
    tracked = observed = 0
    for officer in rostered(world):
        if not maker.counts(officer):
            continue
        for tick in on_duty(world, officer, start, until):
            devices = {
                held.device
                for held in world.carried
                if held.officer == officer and held.start <= tick < held.end
            }
            if maker.devices is not None:
                devices &= maker.devices
            if tick % MINUTE == 0 and devices:
                minute = tick // MINUTE
                tracked += 1
                observed += any(world.observed(one, minute) for one in devices)
    return tracked, observed


def rostered(world: World) -> set[int]:
    """Officers with duty times, of the plan's teams if it names some."""
    teams = world.plan.teams
    return {
        duty.officer
        for duty in world.duty
        if teams is None or world.people[duty.officer].team in teams
    }


def on_duty(world: World, officer: int, start: int, end: int) -> Ticks:
    """When an officer was, within a stretch of time."""
    return {
        tick
        for duty in world.duty
        if duty.officer == officer
        for tick in range(max(duty.start, start), min(duty.end, end))
    }


def taken(world: World, officer: int, reason: str | None = None) -> Ticks:
    """When an officer was taken off the plan: by name, with the team, or with everybody."""
    team = world.people[officer].team
    return {
        tick
        for away in world.away
        if (away.officer == officer)
        or (away.officer is None and away.team is None)
        or (away.team is not None and away.team == team)
        if reason in {None, away.reason}
        for tick in range(away.start, away.end)
    }


def excused(world: World, start: int, end: int) -> bool:
    """Whether abstractions took half of a slot's officer time; of the slot, if that is unknown."""
    officers = rostered(world)
    duty = {officer: on_duty(world, officer, start, end) for officer in officers}
    whole = sum(map(len, duty.values()))
    if whole:
        return 2 * sum(len(duty[one] & taken(world, one)) for one in officers) >= whole
    slot = set(range(start, end))
    everybody = _away(world, None)
    teams = [_away(world, team) | everybody for team in world.plan.teams or ()]
    lost = set.intersection(*teams) if teams else everybody
    return 2 * len(slot & lost) >= len(slot)


def _away(world: World, team: int | None) -> Ticks:
    """When a team was taken away, or (None) everybody."""
    return {
        tick
        for away in world.away
        if away.officer is None and away.team == team
        for tick in range(away.start, away.end)
    }


def abstracted(
    world: World, maker: Maker, slots: Iterable[tuple[int, int]], reason: str | None = None
) -> float | None:
    """Officer-hours that abstractions took from some slots; None where no duty is known.

    Duty is nobody's by kinds of device.
    """
    if maker.devices is not None:
        return None
    officers = [one for one in rostered(world) if maker.counts(one)]
    duty = [(one, on_duty(world, one, *slot)) for slot in slots for one in officers]
    if not any(times for _, times in duty):
        return None
    return sum(len(times & taken(world, one, reason)) for one, times in duty) / HOUR
