"""Visits into patrols, and patrols into the rows of a plan: one visit, one tick at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from plainworld import Row, Stay, Ticks, cut, runs


@dataclass(frozen=True)
class Patrol:
    """Visits at one hot spot, united."""

    stays: tuple[Stay, ...]
    start: int
    end: int

    @property
    def hotspot(self) -> int:
        return self.stays[0].hotspot

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def ticks(self) -> Ticks:
        return set(range(self.start, self.end))

    @property
    def sure(self) -> Ticks:
        return {tick for stay in self.stays for tick in range(*stay.sure)}

    @property
    def outer(self) -> Ticks:
        return {tick for stay in self.stays for tick in range(*stay.outer)}

    def qualifies(self, minimum: int) -> bool:
        return self.length >= minimum

    def uncertain(self, minimum: int) -> bool:
        seen = all(stay.enter_seen and stay.exit_seen for stay in self.stays)
        return len(self.sure) < minimum and (len(self.outer) >= minimum or not seen)

    def touches(self, other: "Patrol") -> bool:
        near = self.start <= other.end and other.start <= self.end
        return self.hotspot == other.hotspot and near


@dataclass(frozen=True)
class Placed:
    """What each row got: patrols, pass-throughs, and those of these that may be patrols."""

    patrols: dict[Row, list[Patrol]] = field(default_factory=dict)
    passing: dict[Row, list[Patrol]] = field(default_factory=dict)
    doubtful: dict[Row, list[Patrol]] = field(default_factory=dict)


def attributed(stays: Sequence[Stay]) -> list[Stay]:
    """Visits cut so that each moment of a device is one hot spot's."""
    return [piece for stay in stays for piece in cut(stay, stay.ticks - _lost(stay, stays))]


def _lost(stay: Stay, stays: Sequence[Stay]) -> Ticks:
    """The moments of a visit that belong to another hot spot's: a longer one's, a lower one's."""
    rank = (stay.exit - stay.enter, -stay.hotspot)
    rivals = [other for other in stays if other.device == stay.device]
    return {
        tick
        for other in rivals
        if other.hotspot != stay.hotspot and (other.exit - other.enter, -other.hotspot) > rank
        for tick in other.ticks
    }


def united(stays: Iterable[Stay]) -> list[Patrol]:
    """Visits at one hot spot that overlap or touch, as one."""
    by_spot: dict[int, list[Stay]] = {}
    for stay in stays:
        by_spot.setdefault(stay.hotspot, []).append(stay)
    return [
        Patrol(tuple(stay for stay in here if start <= stay.enter < end), start, end)
        for _, here in sorted(by_spot.items())
        for start, end in runs({tick for stay in here for tick in stay.ticks})
    ]


def placed(rows: Sequence[Row], stays: Sequence[Stay], minimum: int) -> Placed:
    """Puts patrols and pass-throughs (of attributed visits) where they belong."""
    patrols = united(stay for stay in stays if not stay.brief)
    passing = united(stay for stay in stays if stay.brief)
    found = Placed()
    _place(rows, patrols, found.patrols)
    _place(rows, passing, found.passing)
    may = [patrol for patrol in patrols if patrol.qualifies(minimum) or patrol.uncertain(minimum)]
    for row, those in found.passing.items():
        found.doubtful[row] = [
            one
            for one in those
            if one.uncertain(minimum) and not any(one.touches(patrol) for patrol in may)
        ]
    return found


def _place(rows: Sequence[Row], patrols: Sequence[Patrol], into: dict[Row, list[Patrol]]) -> None:
    for patrol in patrols:
        here = [row for row in rows if row.hotspot == patrol.hotspot]
        windows = [row for row in here if row.arm != "rest" and row.ticks & patrol.ticks]
        rest = [row for row in here if row.arm == "rest" and patrol.start in row.ticks]
        if windows:
            windows.sort(key=lambda row: (-len(row.ticks & patrol.ticks), row.start))
        for row in (windows or rest)[:1]:
            into.setdefault(row, []).append(patrol)
