"""What each cell got, in columns that add up: every figure of any group is a sum of its cells."""

from dataclasses import dataclass, fields

import numpy as np

from app.compliance.cells import REST
from app.compliance.circumstances import Circumstances
from app.compliance.intervals import Ints, counts, shared, sums
from app.compliance.visits import Bools
from app.compliance.work import Placed, Work
from geofence.model import MINUTE_US

# Minutes: <2, 2-5, 5-10, 10-15, 15-20, >20; 15 and 20 minutes sharp are not over.
BANDS = ("under_2", "2_to_5", "5_to_10", "10_to_15", "15_to_20", "over_20")
BAND_EDGES_US = np.array([2, 5, 10, 15, 20]) * MINUTE_US + np.array([0, 0, 0, 1, 1])


@dataclass(frozen=True, slots=True)
class Tally:
    """One row a cell or a group of cells, int64; times in microseconds.

    Columns with three values a row have the lowest that the data allow, the figure, the highest.
    `minutes_us` is clipped to the window and capped at `required_us`, `inside_us` only clipped;
    `made` is capped at `required`. Excused are cells that were not covered; doubtfully, if that is
    not sure.
    """

    cells: Ints
    uncertain_cells: Ints
    unfinished_cells: Ints
    unmeasurable_cells: Ints
    excused_cells: Ints
    doubtfully_excused_cells: Ints
    answered_cells: Ints
    surveyed_cells: Ints
    required: Ints
    required_us: Ints
    covered: Ints  # rows x 3
    complete: Ints  # rows x 3
    made: Ints  # rows x 3
    minutes_us: Ints  # rows x 3
    inside_us: Ints
    nearby_us: Ints
    patrols: Ints
    patrol_us: Ints
    officer_us: Ints
    qualifying: Ints
    qualifying_us: Ints
    surplus: Ints
    surplus_us: Ints
    pass_throughs: Ints
    background_us: Ints
    bands: Ints  # rows x BANDS

    def take(self, rows: Ints) -> "Tally":
        """Those rows, by index."""
        return Tally(*(getattr(self, field.name)[rows] for field in fields(self)))

    def grouped(self, group: Ints, size: int) -> "Tally":
        """The sums of groups 0 to `size` - 1; `group` has one number a row."""
        return Tally(*(_grouped(group, getattr(self, field.name), size) for field in fields(self)))


def tallied(done: Work, beside: Circumstances, officer_us: Ints, as_at_us: int) -> Tally:
    """Counts what was done in each cell, beside what else is known of it, and officers' time.

    A cell is unfinished if its window was still to end at `as_at_us`. Where too little was observed
    a cell that is not covered may have had all that was required.
    """
    found, cells = done.found, done.found.cells
    size, clipped_us = len(cells), found.clipped_us(found.patrols.stays)
    doubtful = done.doubtful
    number = _qualifying(found, doubtful)
    required_us = cells.required * cells.minimum_us
    covered, complete = number >= 1, number >= cells.required[:, None]
    made = np.minimum(number, cells.required[:, None])
    minutes_us = np.minimum(_minutes_us(found, doubtful, clipped_us), required_us[:, None])
    uncertain = _vary(covered) | _vary(complete)
    missed = ~covered[:, 1]
    hidden = beside.unmeasurable & missed
    covered[hidden, 2] = complete[hidden, 2] = True
    made[hidden, 2], minutes_us[hidden, 2] = cells.required[hidden], required_us[hidden]
    surplus_us = np.maximum(found.length_us - cells.maximum_us[found.cell], 0)
    return Tally(
        cells=np.ones(size, dtype=np.int64),
        uncertain_cells=uncertain.astype(np.int64),
        unfinished_cells=(cells.end_us > as_at_us).astype(np.int64),
        unmeasurable_cells=hidden.astype(np.int64),
        excused_cells=(beside.excused & missed).astype(np.int64),
        doubtfully_excused_cells=(beside.excused & missed & covered[:, 2]).astype(np.int64),
        answered_cells=(beside.answered & missed).astype(np.int64),
        surveyed_cells=beside.surveyed.astype(np.int64),
        required=cells.required,
        required_us=required_us,
        covered=covered.astype(np.int64),
        complete=complete.astype(np.int64),
        made=made,
        minutes_us=minutes_us,
        inside_us=sums(found.cell, clipped_us, size),
        nearby_us=beside.nearby_us,
        patrols=counts(found.cell, size),
        patrol_us=sums(found.cell, found.length_us, size),
        officer_us=officer_us,
        qualifying=number[:, 1],
        qualifying_us=sums(found.cell, found.length_us * found.qualifies, size),
        surplus=counts(found.cell[surplus_us > 0], size),
        surplus_us=sums(found.cell, surplus_us, size),
        pass_throughs=counts(done.passing.cell, size),
        background_us=_background_us(done),
        bands=_bands(found),
    )


def _qualifying(found: Placed, doubtful: Placed) -> Ints:
    """Patrols of each cell that certainly qualify, that do by their dwell, and that may."""
    size = len(found.cells)
    sure = found.qualifies & ~found.uncertain
    may = found.qualifies | found.uncertain
    return np.column_stack(
        (
            counts(found.cell[sure], size),
            counts(found.cell[found.qualifies], size),
            counts(found.cell[may], size) + counts(doubtful.cell, size),
        )
    )


def _minutes_us(found: Placed, doubtful: Placed, clipped_us: Ints) -> Ints:
    """Patrols' time in the window of each cell: the certain, by their dwell, the possible."""
    size, sure = len(found.cells), found.patrols.sure
    return np.column_stack(
        (
            sums(found.cell[sure.group], found.clipped_us(sure, sure.group), size),
            sums(found.cell, clipped_us, size),
            sums(found.cell, found.highest_us, size)
            + sums(doubtful.cell, doubtful.highest_us, size),
        )
    )


def _background_us(done: Work) -> Ints:
    """Time of pass-throughs, and what else there is of stays outside all windows."""
    passing, size = done.passing, len(done.passing.cells)
    resting = done.found.take(done.found.cells.kind[done.found.cell] == REST)
    stay, _, common = shared(resting.patrols.stays, passing.patrols.stays)
    return (
        sums(passing.cell, passing.length_us, size)
        + sums(resting.cell, resting.length_us, size)
        - sums(resting.cell[stay], common.length_us, size)
    )


def bands(length_us: Ints) -> Ints:
    """Which of the bands, by index, each length of a patrol is in."""
    return np.searchsorted(BAND_EDGES_US, length_us, side="right")


def _bands(found: Placed) -> Ints:
    size = len(found.cells) * len(BANDS)
    band = bands(found.length_us)
    return counts(found.cell * len(BANDS) + band, size).reshape(-1, len(BANDS))


def _vary(verdicts: Bools) -> Bools:
    """Whether the lowest and the highest of each row disagree."""
    varies: Bools = verdicts[:, 0] != verdicts[:, 2]
    return varies


def _grouped(group: Ints, values: Ints, size: int) -> Ints:
    if values.ndim == 1:
        return sums(group, values, size)
    # One column at a time is much quicker than rows of them.
    return np.column_stack([sums(group, column, size) for column in values.T])
