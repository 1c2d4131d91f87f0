"""What the engine found, as rows of the table of visits."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.storage.catalogue import Catalogue
from app.storage.spans import SPAN, pack
from app.storage.types import from_us
from geofence.engine import Ends, Withdrawn
from geofence.model import FOREVER, METHOD, Visits

Key = tuple[int, int, int]
"""What stays the same while a visit grows: device, hot spot, first moment inside."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit; `first_us` is where its first presence begins."""

    device_id: int
    hotspot_id: int
    first_us: int
    version_id: int
    enter: dt.datetime
    exit: dt.datetime
    outer_from: dt.datetime
    outer_to: dt.datetime
    enter_seen: bool
    exit_seen: bool
    inside_us: int
    bridged_us: int
    low_us: int
    fixes: int
    mean_speed_mps: float
    pass_through: bool
    open: bool
    spans: bytes
    method: int
    continues: bool = False
    """Told of before: earlier spans than these are as they were stored."""

    @property
    def key(self) -> Key:
        """Which visit it is a version of."""
        return self.device_id, self.hotspot_id, self.first_us


@dataclass(frozen=True, slots=True)
class MovedEnd:
    """A new outer end of a device's visits at a hot spot that broke off inside.

    It is that of those with `first_us` from `from_us` to `to_us`, both included.
    """

    device_id: int
    hotspot_id: int
    from_us: int
    to_us: int
    outer_to: dt.datetime
    exit_seen: bool

    def applies_to(self, visit: VisitRow) -> bool:
        """Whether it is one of these visits."""
        here = visit.device_id == self.device_id and visit.hotspot_id == self.hotspot_id
        return here and self.from_us <= visit.first_us <= self.to_us


@dataclass(slots=True)
class Findings:
    """What a batch says about visits.

    `found` are new or changed; `ends` move those that broke off; `withdrawn` are visits no longer.
    `cuts_us` names the devices of which all visits after a moment (microseconds) were worked out
    anew, up to the one in `tops_us` where there is one: those that were not found again are no
    longer the truth.
    """

    found: list[VisitRow] = field(default_factory=list)
    ends: list[MovedEnd] = field(default_factory=list)
    withdrawn: set[Key] = field(default_factory=set)
    cuts_us: dict[int, int] = field(default_factory=dict)
    tops_us: dict[int, int] = field(default_factory=dict)

    def end_of(self, visit: VisitRow) -> MovedEnd | None:
        """The end that a stored visit has now, where it moved."""
        return next((end for end in self.ends if end.applies_to(visit)), None)

    def gone(self, visit: VisitRow) -> bool:
        """Whether a stored visit that was not found again is the truth no longer."""
        cut = self.cuts_us.get(visit.device_id)
        top = self.tops_us.get(visit.device_id, FOREVER)
        anew = cut is not None and cut < visit.first_us <= top
        return anew or visit.key in self.withdrawn

    def firsts_us(self) -> dict[int, int]:
        """Per device, from which `first_us` on stored visits may be touched."""
        firsts = dict(self.cuts_us)
        for device, first_us in self._touched():
            firsts[device] = min(first_us, firsts.get(device, first_us))
        return firsts

    def _touched(self) -> Iterator[tuple[int, int]]:
        yield from ((visit.device_id, visit.first_us) for visit in self.found)
        yield from ((end.device_id, end.from_us) for end in self.ends)
        yield from ((device, first_us) for device, _, first_us in self.withdrawn)


def visit_rows(visits: Visits, catalogue: Catalogue) -> list[VisitRow]:
    """The engine's visits, one row each."""
    spans = pack(visits.spans.start_us, visits.spans.end_us, visits.spans.kind)
    edge = (visits.spans.offset * SPAN.itemsize).tolist()
    return [
        VisitRow(
            device_id=int(visits.device[i]),
            hotspot_id=int(visits.hotspot[i]),
            first_us=int(visits.first_us[i]),
            version_id=catalogue.version_of(int(visits.hotspot[i]), int(visits.first_us[i])),
            enter=from_us(int(visits.enter_us[i])),
            exit=from_us(int(visits.exit_us[i])),
            outer_from=from_us(int(visits.outer_from_us[i])),
            outer_to=from_us(int(visits.outer_to_us[i])),
            enter_seen=bool(visits.enter_seen[i]),
            exit_seen=bool(visits.exit_seen[i]),
            inside_us=int(visits.inside_us[i]),
            bridged_us=int(visits.bridged_us[i]),
            low_us=int(visits.low_us[i]),
            fixes=int(visits.fixes[i]),
            mean_speed_mps=float(visits.mean_speed_mps[i]),
            pass_through=bool(visits.pass_through[i]),
            open=bool(visits.open[i]),
            spans=spans[edge[i] : edge[i + 1]],
            method=METHOD,
            continues=bool(visits.continues[i]),
        )
        for i in range(len(visits))
    ]


def moved_ends(ends: Ends) -> list[MovedEnd]:
    """The engine's ends, one row each."""
    return [
        MovedEnd(
            device_id=int(ends.device[i]),
            hotspot_id=int(ends.hotspot[i]),
            from_us=int(ends.from_us[i]),
            to_us=int(ends.to_us[i]),
            outer_to=from_us(int(ends.outer_to_us[i])),
            exit_seen=bool(ends.exit_seen[i]),
        )
        for i in range(len(ends.device))
    ]


def withdrawn_keys(withdrawn: Withdrawn) -> set[Key]:
    """The keys of the visits that the engine takes back."""
    columns = (withdrawn.device, withdrawn.hotspot, withdrawn.first_us)
    return set(zip(*(column.tolist() for column in columns), strict=True))
