"""What each cell got, in columns that add up: every figure of any group is a sum of its cells."""

from dataclasses import dataclass, fields

import numpy as np

from app.compliance.cells import Cells
from app.compliance.intervals import Intervals, Ints, meeting, united
from app.compliance.patrols import OUTSIDE, Patrols, patrols, place
from app.compliance.plan import MINUTE_US
from app.compliance.visits import Assignments, Bools, VisitColumns, attribute

# Minutes: <2, 2-5, 5-10, 10-15, 15-20, >20; 15 and 20 minutes sharp are not over.
BANDS = ("under_2", "2_to_5", "5_to_10", "10_to_15", "15_to_20", "over_20")
BAND_EDGES_US = np.array([2, 5, 10, 15, 20]) * MINUTE_US + np.array([0, 0, 0, 1, 1])


@dataclass(frozen=True, slots=True)
class Tally:
    """One row a cell or a group of cells, int64; times in microseconds.

    Columns with three values a row have the lowest that the data allow, the figure, the highest.
    `minutes_us` is clipped to the window and capped at `required_us`; `made` at `required`.
    """

    cells: Ints
    uncertain_cells: Ints
    unfinished_cells: Ints
    required: Ints
    required_us: Ints
    covered: Ints  # rows x 3
    complete: Ints  # rows x 3
    made: Ints  # rows x 3
    minutes_us: Ints  # rows x 3
    patrols: Ints
    patrol_us: Ints
    officer_us: Ints
    qualifying: Ints
    qualifying_us: Ints
    surplus: Ints
    surplus_us: Ints
    pass_throughs: Ints
    bands: Ints  # rows x BANDS

    def grouped(self, group: Ints, size: int) -> "Tally":
        """The sums of groups 0 to `size` - 1; `group` has one number a row."""
        return Tally(*(_sums(group, getattr(self, field.name), size) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class _Placed:
    """Patrols, or pass-throughs, with the row of the cell that each belongs to."""

    patrols: Patrols
    cell: Ints
    cells: Cells

    @property
    def length_us(self) -> Ints:
        return self.patrols.stays.length_us

    @property
    def qualifies(self) -> Bools:
        return self.length_us >= self.cells.minimum_us[self.cell]

    @property
    def uncertain(self) -> Bools:
        return self.patrols.uncertain(self.cells.minimum_us[self.cell])

    def clipped_us(self, times: Intervals, row: Ints | None = None) -> Ints:
        """How much of each stretch of time lies in the window of its patrol's cell."""
        cell = self.cell if row is None else self.cell[row]
        return times.clip(self.cells.start_us[cell], self.cells.end_us[cell]).length_us

    @property
    def highest_us(self) -> Ints:
        """What each may bring to its window: at least the minimum, where it may have lasted it."""
        least = np.where(self.uncertain, self.cells.minimum_us[self.cell], 0)
        return np.maximum(self.clipped_us(self.patrols.outer), least)


def tally(visits: VisitColumns, assignments: Assignments, cells: Cells, as_at_us: int) -> Tally:
    """Counts what visits (all devices', at all hot spots) make of a plan's cells.

    A cell is unfinished if its window was still to end at `as_at_us`.
    """
    owned = attribute(visits)
    lasting = owned.take(~owned.pass_through)
    united_visits, patrol = patrols(lasting)
    officer_us = _officer_us(lasting, patrol, assignments, len(united_visits))
    found, inside = _placed(united_visits, cells)
    passing, _ = _placed(patrols(owned.take(owned.pass_through))[0], cells)
    return _tally(found, officer_us[inside], passing, cells.end_us > as_at_us)


def _tally(found: _Placed, officer_us: Ints, passing: _Placed, unfinished: Bools) -> Tally:
    cells, size = found.cells, len(found.cells)
    doubtful = _doubtful(passing, found)
    counts = _counts(found, doubtful)
    covered, complete = counts >= 1, counts >= cells.required[:, None]
    required_us = cells.required * cells.minimum_us
    surplus_us = np.maximum(found.length_us - cells.maximum_us[found.cell], 0)
    return Tally(
        cells=np.ones(size, dtype=np.int64),
        uncertain_cells=(_vary(covered) | _vary(complete)).astype(np.int64),
        unfinished_cells=unfinished.astype(np.int64),
        required=cells.required,
        required_us=required_us,
        covered=covered.astype(np.int64),
        complete=complete.astype(np.int64),
        made=np.minimum(counts, cells.required[:, None]),
        minutes_us=np.minimum(_minutes_us(found, doubtful), required_us[:, None]),
        patrols=_counted(found.cell, size),
        patrol_us=_sums(found.cell, found.length_us, size),
        officer_us=_sums(found.cell, officer_us, size),
        qualifying=counts[:, 1],
        qualifying_us=_sums(found.cell, found.length_us * found.qualifies, size),
        surplus=_counted(found.cell[surplus_us > 0], size),
        surplus_us=_sums(found.cell, surplus_us, size),
        pass_throughs=_counted(passing.cell, size),
        bands=_bands(found),
    )


def _placed(found: Patrols, cells: Cells) -> tuple[_Placed, Bools]:
    """Those of the patrols that some cell's window holds; and which of all these are."""
    cell = place(found, cells)
    inside = cell != OUTSIDE
    return _Placed(found.take(inside), cell[inside], cells), inside


def _doubtful(passing: _Placed, found: _Placed) -> _Placed:
    """The uncertain pass-throughs that may be patrols which nothing else shows.

    One that meets a patrol which may qualify is that patrol, seen once more.
    """
    may = found.patrols.stays.take(found.uncertain | found.qualifies)
    met, _ = meeting(passing.patrols.stays, may)
    keep = passing.uncertain
    keep[met] = False
    return _Placed(passing.patrols.take(keep), passing.cell[keep], passing.cells)


def _counts(found: _Placed, doubtful: _Placed) -> Ints:
    """Patrols of each cell that certainly qualify, that do by their dwell, and that may."""
    size = len(found.cells)
    sure = found.qualifies & ~found.uncertain
    may = found.qualifies | found.uncertain
    return np.column_stack(
        (
            _counted(found.cell[sure], size),
            _counted(found.cell[found.qualifies], size),
            _counted(found.cell[may], size) + _counted(doubtful.cell, size),
        )
    )


def _minutes_us(found: _Placed, doubtful: _Placed) -> Ints:
    """Patrols' time in the window of each cell: the certain, by their dwell, the possible."""
    size, sure = len(found.cells), found.patrols.sure
    return np.column_stack(
        (
            _sums(found.cell[sure.group], found.clipped_us(sure, sure.group), size),
            _sums(found.cell, found.clipped_us(found.patrols.stays), size),
            _sums(found.cell, found.highest_us, size)
            + _sums(doubtful.cell, doubtful.highest_us, size),
        )
    )


def _officer_us(visits: VisitColumns, patrol: Ints, assignments: Assignments, size: int) -> Ints:
    """Officer time of each patrol; two devices on one officer count once, an unassigned one not."""
    carried = Intervals(visits.device, visits.enter_us, visits.exit_us)
    visit, held = meeting(carried, assignments.times)
    part = carried.take(visit).clip(assignments.start_us[held], assignments.end_us[held])
    _, officer = np.unique(assignments.officer[held], return_inverse=True)
    many = int(officer.max(initial=0)) + 1
    times = united(Intervals(patrol[visit] * many + officer, part.start_us, part.end_us))
    return _sums(times.group // many, times.length_us, size)


def _bands(found: _Placed) -> Ints:
    band = np.searchsorted(BAND_EDGES_US, found.length_us, side="right")
    counts = np.zeros((len(found.cells), len(BANDS)), dtype=np.int64)
    np.add.at(counts, (found.cell, band), 1)
    return counts


def _vary(verdicts: Bools) -> Bools:
    """Whether the lowest and the highest of each row disagree."""
    varies: Bools = verdicts[:, 0] != verdicts[:, 2]
    return varies


def _counted(row: Ints, size: int) -> Ints:
    return np.bincount(row, minlength=size).astype(np.int64)


def _sums(row: Ints, values: Ints, size: int) -> Ints:
    total = np.zeros((size, *values.shape[1:]), dtype=np.int64)
    np.add.at(total, row, values)
    return total
