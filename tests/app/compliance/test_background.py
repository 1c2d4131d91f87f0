"""What is done besides patrols in windows, and where a trial's controls are."""

from dataclasses import replace

import pytest
from compliance_rows import Row, Visit, account_of, everything, ints, rows

from app.compliance.cells import CONTROL, REST, Cells
from app.compliance.figures import Background, Figures
from app.compliance.shifts import Shifts

EVENING = rows(Row(1, 60, 120), Row(1, 0, 1440, kind=REST))
TRIAL = rows(
    Row(1, 60, 120),
    Row(2, 60, 120, kind=CONTROL),
    Row(1, 0, 1440, kind=REST),
    Row(2, 0, 1440, kind=REST),
)


def figures(cells: Cells, *done: Visit) -> Figures:
    return account_of(cells, *done).figures(everything(cells))[0]


def in_trial(*done: Visit) -> Figures:
    cells = replace(TRIAL, control=TRIAL.hotspot == 2)
    return figures(cells, *done)


def test_pass_throughs_anywhere_and_stays_outside_windows_are_background() -> None:
    found = figures(
        EVENING,
        Visit(1, 1, 70, 82),  # a patrol
        Visit(2, 1, 90, 91),  # a pass-through in the window: 1
        Visit(3, 1, 200, 201.5),  # one outside of it: 1.5
        Visit(4, 1, 300, 330),  # a stay outside of it: 30
    )
    assert found.background == Background(32.5, 32.5, 1)
    assert (found.patrols, found.pass_throughs, found.patrol_minutes) == (1, 1, 12)


def test_a_moment_is_background_once() -> None:
    found = figures(
        EVENING,
        Visit(1, 1, 300, 330),
        Visit(2, 1, 329, 330.5),  # half a minute more than the stay
        Visit(3, 1, 330, 330.25),
        Visit(4, 1, 40, 59.5),  # over before the window begins
        Visit(5, 1, 59, 60.75),  # in the window for most of its time; half a minute is shared
    )
    assert found.background.minutes == pytest.approx(30.5 + 20.75)


def test_a_stay_that_reaches_into_a_window_is_a_patrol_of_it() -> None:
    found = figures(EVENING, Visit(1, 1, 40, 61))
    assert found.background.minutes == 0
    assert found.patrol_minutes == 21


def test_without_the_rest_of_the_day_background_is_by_cell() -> None:
    found = figures(rows(Row(1, 60, 120), Row(2, 60, 120)), Visit(2, 1, 90, 91))
    assert found.background == Background(1, 0.5, 2)


def test_controls_are_told_apart() -> None:
    found = in_trial(
        Visit(1, 1, 70, 82),
        Visit(2, 1, 300, 310),
        Visit(3, 2, 70, 81),  # contaminates a control
        Visit(3, 2, 100, 104),  # does not by itself
        Visit(3, 2, 300, 307),
        Visit(3, 2, 400, 401),
    )
    assert (found.cells, found.cells_covered, found.patrols) == (1, 1, 1)
    assert found.background == Background(10, 10, 1)
    assert found.control is not None
    assert (found.control.cells, found.control.patrols) == (1, 2)
    assert found.control.patrol_minutes == 15
    assert found.control.background_minutes == 8
    assert found.control.contaminated.value == 1


def test_as_treated_and_as_assigned_take_controls_in() -> None:
    """The control may have been patrolled for as little as 9 minutes, which would not count."""
    found = in_trial(Visit(3, 2, 70, 81, sure=-1))
    assert found.control is not None
    assert vars_of(found.control.contaminated) == (1, 0, 1, 1)
    assert vars_of(found.coverage) == (0, 0, 0, 1)
    assert vars_of(found.as_treated) == (0.5, 0, 0.5, 2)
    assert vars_of(found.as_assigned) == (0, 0, 0.5, 2)


def test_a_control_that_could_not_be_seen_may_have_been_patrolled() -> None:
    """Both arms' slot was hardly observed: nothing is sure of the control but what was seen."""
    nothing = ints([0])
    cells = replace(TRIAL, control=TRIAL.hotspot == 2)
    dark = Shifts(ints([100]), ints([10]), nothing, nothing)
    found = account_of(cells, Visit(1, 1, 70, 82), shifts=dark).figures(everything(cells))[0]
    assert found.control is not None
    assert vars_of(found.control.contaminated) == (None, 0, 1, 1)
    assert vars_of(found.as_treated) == (None, 0.5, 1, 2)
    assert vars_of(found.as_assigned) == (None, 0.5, 1, 2)
    assert found.cells_unmeasurable == 0


def test_a_control_is_measured_by_its_own_slots() -> None:
    """That of the treatment was observed, that of the control was not."""
    cells = rows(Row(1, 60, 120), Row(2, 180, 240, kind=CONTROL))
    cells = replace(cells, control=cells.hotspot == 2)
    nothing = ints([0, 0])
    seen = Shifts(ints([100, 100]), ints([100, 10]), nothing, nothing)
    found = account_of(cells, shifts=seen).figures(everything(cells))[0]
    assert found.control is not None
    assert (found.measurable, found.observability.n) == (True, 100)
    assert vars_of(found.coverage) == (0, 0, 0, 1)
    assert vars_of(found.control.contaminated) == (None, 0, 1, 1)
    # 110 of 200 minutes.
    assert vars_of(found.as_treated) == (None, 0, 0.5, 2)


def vars_of(share: object) -> tuple[object, ...]:
    return tuple(getattr(share, name) for name in ("value", "low", "high", "n"))


def test_without_a_trial_there_are_no_figures_of_controls() -> None:
    assert figures(EVENING).control is None
