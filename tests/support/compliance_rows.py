"""Visits, assignments and cells written by hand, in minutes, as the columns compliance takes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from app.compliance.account import Account, Grounds, account
from app.compliance.calendar import Calendar
from app.compliance.cells import CONTROL, NEVER_US, REQUIRED, REST, Cells, Slots
from app.compliance.effort import effort
from app.compliance.groups import Groups, Key
from app.compliance.intervals import Intervals
from app.compliance.layout import Layout, layout
from app.compliance.observed import NO_NEARBY
from app.compliance.shifts import Shifts
from app.compliance.visits import Assignments, VisitColumns, attribute
from app.compliance.work import work

MINUTE = 60_000_000


@dataclass(frozen=True)
class Visit:
    """One visit in minutes: surely there but for half a minute at each end, unless told."""

    device: int
    hotspot: int
    enter: float
    exit: float
    sure: float = -0.5
    outer: float = 0.5
    enter_seen: bool = True
    exit_seen: bool = True

    @property
    def sure_stretch(self) -> tuple[float, float]:
        return self.enter - self.sure, self.exit + self.sure


def us(minutes: list[float]) -> np.ndarray:
    return np.round(np.array(minutes, dtype=np.float64) * MINUTE).astype(np.int64)


def visits(*rows: Visit) -> VisitColumns:
    sure = [(row, *visit.sure_stretch) for row, visit in enumerate(rows)]
    sure = [stretch for stretch in sure if stretch[1] < stretch[2]]
    return VisitColumns(
        device=np.array([row.device for row in rows], dtype=np.int64),
        hotspot=np.array([row.hotspot for row in rows], dtype=np.int64),
        enter_us=us([row.enter for row in rows]),
        exit_us=us([row.exit for row in rows]),
        outer_from_us=us([row.enter - row.outer for row in rows]),
        outer_to_us=us([row.exit + row.outer for row in rows]),
        enter_seen=np.array([row.enter_seen for row in rows], dtype=bool),
        exit_seen=np.array([row.exit_seen for row in rows], dtype=bool),
        pass_through=np.array([row.exit - row.enter < 2 for row in rows], dtype=bool),
        open=np.zeros(len(rows), dtype=bool),
        sure=Intervals(
            np.array([row for row, _, _ in sure], dtype=np.int64),
            us([start for _, start, _ in sure]),
            us([end for _, _, end in sure]),
        ),
    )


def assignments(*rows: tuple[int, int, float, float]) -> Assignments:
    """Rows of device, officer, start and end."""
    return Assignments(
        device=np.array([row[0] for row in rows], dtype=np.int64),
        officer=np.array([row[1] for row in rows], dtype=np.int64),
        start_us=us([row[2] for row in rows]),
        end_us=us([row[3] for row in rows]),
    )


@dataclass(frozen=True)
class Row:
    """One row of a plan's cells, in minutes; 10 to 15 minutes a patrol. Without a window: a day."""

    hotspot: int
    start: float
    end: float
    required: int = 1
    kind: int = REQUIRED
    day: int = 1


def rows(*given: Row) -> Cells:
    """Those of windows first; each start and end of a window is a slot."""
    times = sorted({(row.day, row.start, row.end) for row in given if row.kind != REST})
    slots = [
        times.index((row.day, row.start, row.end)) if row.kind != REST else -1 for row in given
    ]
    count = len(given)
    return Cells(
        hotspot=ints(row.hotspot for row in given),
        kind=ints(row.kind for row in given),
        treated=np.zeros(count, dtype=bool),
        control=np.array([row.kind == CONTROL for row in given], dtype=bool),
        slot=ints(slots),
        window=ints(-1 if row.kind == REST else 0 for row in given),
        day=ints(row.day for row in given),
        start_us=us([row.start for row in given]),
        end_us=us([row.end for row in given]),
        required=ints(row.required if row.kind == REQUIRED else 0 for row in given),
        minimum_us=us([10.0] * count),
        maximum_us=us([15.0] * count),
        retrospective=np.zeros(count, dtype=bool),
        windows=("late",),
        slots=Slots(
            day=ints(day for day, _, _ in times),
            window=ints(0 for _ in times),
            start_us=us([start for _, start, _ in times]),
            end_us=us([end for _, _, end in times]),
            least=np.full(len(times), 0.8),
            target=np.full(len(times), 0.9),
            staff=ints(0 for _ in times),
            staffs=(None,),
        ),
    )


def cells(*given: tuple[int, float, float, int]) -> Cells:
    """Rows of hot spot, window's start and end, required patrols."""
    return rows(*(Row(*one) for one in given))


def ints(values: Iterable[int]) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def everything(cells: Cells) -> Layout:
    """All cells as one group, of days that ended long ago."""
    return grouped(cells, np.zeros(len(cells), dtype=np.int64), "all")


def by_hotspot(cells: Cells) -> Layout:
    keys, label = np.unique(cells.hotspot, return_inverse=True)
    return grouped(cells, label, *keys.tolist())


def grouped(cells: Cells, label: np.ndarray, *keys: Key) -> Layout:
    """Cells by the number of their group; -1: of none."""
    return layout(cells, Groups(label, keys, np.full(len(keys), NEVER_US)))


def grounds(cells: Cells, as_at_us: int = NEVER_US) -> Grounds:
    """Nothing is known but visits; days are of Greenwich and begin at midnight."""
    slots = np.zeros(len(cells.slots), dtype=bool)
    return Grounds(
        cells=cells,
        asked=np.ones(len(cells), dtype=bool),
        answered=np.zeros(len(cells), dtype=bool),
        excused=slots,
        surveyed=slots,
        frame_us=(0, NEVER_US),
        as_at_us=as_at_us,
        calendar=Calendar(ZoneInfo("UTC"), dt.time(0)),
    )


def unstaffed(cells: Cells) -> Shifts:
    """No duty time is known."""
    return Shifts(*(np.zeros(len(cells.slots), dtype=np.int64) for _ in range(4)))


def account_of(
    cells: Cells,
    *done: Visit,
    carried: Assignments | None = None,
    as_at_us: int = NEVER_US,
    known: Grounds | None = None,
    near: Intervals = NO_NEARBY.times,
    shifts: Shifts | None = None,
) -> Account:
    """What visits, attributed first, amount to where nothing else is known but what is given."""
    made = work(attribute(visits(*done)), cells)
    held = assignments() if carried is None else carried
    worked = effort(made, held, np.zeros_like(held.officer))
    return account(
        known or grounds(cells, as_at_us),
        made,
        worked.of(0, len(cells)),
        near,
        unstaffed(cells) if shifts is None else shifts,
    )
