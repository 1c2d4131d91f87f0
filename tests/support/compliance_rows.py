"""Visits, assignments and cells written by hand, in minutes, as the columns compliance takes."""

from dataclasses import dataclass

import numpy as np

from app.compliance.cells import Cells
from app.compliance.intervals import Intervals
from app.compliance.visits import Assignments, VisitColumns

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


def cells(*rows: tuple[int, float, float, int]) -> Cells:
    """Rows of hot spot, window's start and end, required patrols; 10 to 15 minutes each."""
    count = len(rows)
    return Cells(
        hotspot=np.array([row[0] for row in rows], dtype=np.int64),
        window=np.zeros(count, dtype=np.int64),
        day=np.ones(count, dtype=np.int64),
        start_us=us([row[1] for row in rows]),
        end_us=us([row[2] for row in rows]),
        required=np.array([row[3] for row in rows], dtype=np.int64),
        minimum_us=us([10.0] * count),
        maximum_us=us([15.0] * count),
        retrospective=np.zeros(count, dtype=bool),
        windows=("late",),
    )
