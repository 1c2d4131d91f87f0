"""What stands beside cells: answers, surveys, time just outside, too little that was observed."""

from dataclasses import replace

import numpy as np
from compliance_rows import (
    MINUTE,
    Row,
    Visit,
    account_of,
    everything,
    grounds,
    ints,
    rows,
    unstaffed,
    us,
)

from app.compliance.cells import CONTROL, REST
from app.compliance.circumstances import answered, nearby_us, of_slots, surveyed
from app.compliance.duty import Answers
from app.compliance.figures import Figures, Share
from app.compliance.intervals import Intervals
from app.compliance.observed import Hours
from app.compliance.shifts import Observability, Shifts

# Two slots; hot spot 2 is a control in the first.
CELLS = rows(
    Row(1, 0, 60),
    Row(2, 0, 60, kind=CONTROL),
    Row(1, 120, 180, required=2),
    Row(2, 120, 180),
    Row(1, 0, 1440, kind=REST),
)


def test_cells_of_both_arms_are_of_a_slot_and_the_rest_of_a_day_is_of_none() -> None:
    assert of_slots(CELLS, np.array([True, False])).tolist() == [True, True, False, False, False]
    assert of_slots(CELLS, np.array([False, True])).tolist() == [False, False, True, True, False]


def test_an_answer_is_of_a_required_cell() -> None:
    said = Answers(ints([1, 2, 3, 1]), ints([1, 1, 1, 2]), ints([1, 1, 1, 1]), ("no", "late"))
    # Both windows are called late here; hot spot 3 and day 2 have none.
    assert answered(CELLS, said).tolist() == [True, False, True, True, False]
    other = Answers(ints([1]), ints([1]), ints([0]), ("no", "late"))
    assert not answered(CELLS, other).any()


def test_a_slot_is_surveyed_if_an_hour_of_some_device_reaches_into_it() -> None:
    def found(*hours: int) -> list[bool]:
        starts = us([hour * 60 for hour in hours])
        return surveyed(
            CELLS, Hours(ints([7] * len(hours)), starts, ints([0] * len(hours)))
        ).tolist()

    assert found() == [False, False]
    assert found(-1, 1, 3) == [False, False]
    assert found(0) == [True, False]
    assert found(2) == [False, True]


def test_time_just_outside_counts_once_whatever_devices_were_there() -> None:
    near = Intervals(ints([1, 1, 1, 2, 3]), us([-5, 5, 50, 10, 10]), us([5, 15, 130, 30, 30]))
    # 0 to 15 and 50 to 60; 120 to 130; control and rest have none.
    assert (nearby_us(CELLS, near) / MINUTE).tolist() == [25, 0, 10, 0, 0]


def figures(shifts: Shifts, *done: Visit) -> Figures:
    known = replace(grounds(CELLS), surveyed=np.array([True, False]))
    near = Intervals(ints([1]), us([30]), us([36]))
    found = account_of(CELLS, *done, known=known, near=near, shifts=shifts)
    return found.figures(everything(CELLS))[0]


def staffed(*minutes: tuple[int, int]) -> Shifts:
    """Tracked and observed minutes of each slot."""
    nothing = ints([0] * len(minutes))
    return Shifts(ints(m for m, _ in minutes), ints(m for _, m in minutes), nothing, nothing)


def test_cells_of_a_slot_that_was_hardly_observed_may_have_had_all() -> None:
    done = Visit(1, 1, 10, 22), Visit(1, 1, 130, 142)
    found = figures(staffed((100, 90), (100, 79)), *done)
    # Hot spot 2 was not covered in the second slot, hot spot 1 was, if not completely.
    assert found.cells_unmeasurable == 1
    assert found.coverage == Share(2 / 3, 2 / 3, 1, 3)
    assert found.compliance_cells == Share(1 / 3, 1 / 3, 2 / 3, 3)
    assert found.compliance_patrols == Share(2 / 4, 2 / 4, 3 / 4, 4)
    # 12 minutes, at most 13, of the 20 that two patrols are to last.
    assert found.compliance_minutes == Share(22 / 40, 21 / 40, (10 + 13 + 10) / 40, 40)
    assert found.cells_uncertain == 0
    assert (found.observability, found.measurable) == (Observability(0.845, 200), True)


def test_where_too_little_was_observed_there_is_a_range_but_no_value() -> None:
    found = figures(staffed((100, 79), (100, 79)), Visit(1, 1, 10, 22))
    assert found.measurable is False
    assert found.coverage == Share(None, 1 / 3, 1, 3)
    assert found.compliance_minutes == Share(None, 1 / 4, 1, 40)
    assert (found.mean_patrol_minutes.value, found.mean_patrol_minutes.n) == (None, 1)
    assert found.excused.value is found.as_treated.value is found.as_assigned.value is None


def test_four_fifths_are_enough_and_no_duty_time_is_no_verdict() -> None:
    assert figures(staffed((100, 80), (100, 80))).measurable is True
    unknown = figures(unstaffed(CELLS))
    assert (unknown.measurable, unknown.observability) == (None, Observability(None, 0))
    assert unknown.coverage == Share(0, 0, 0, 3)


def test_strictness_is_the_share_of_time_inside() -> None:
    found = figures(unstaffed(CELLS), Visit(1, 1, 10, 22))
    assert (found.nearby_minutes, found.strictness) == (6, 12 / 18)


def test_where_nothing_was_surveyed_nothing_is_said_of_what_is_nearby() -> None:
    (figures_,) = account_of(CELLS).figures(everything(CELLS))
    assert figures_.nearby_minutes is figures_.strictness is None


def test_excused_cells_are_left_out_of_one_reading_only() -> None:
    known = replace(grounds(CELLS), excused=np.array([False, True]))
    done = Visit(1, 1, 10, 22), Visit(1, 1, 130, 139, outer=2)
    (figures_,) = account_of(CELLS, *done, known=known).figures(everything(CELLS))
    assert figures_.cells_excused == 2
    assert figures_.coverage == Share(1 / 3, 1 / 3, 2 / 3, 3)
    assert figures_.excused == Share(1, 1, 1, 1)
