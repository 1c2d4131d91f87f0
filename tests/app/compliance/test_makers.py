"""What is counted for teams, organisations, kinds of device and officers."""

from dataclasses import replace

import numpy as np
import pytest
from compliance_rows import (
    MINUTE,
    Row,
    Visit,
    assignments,
    everything,
    grounds,
    ints,
    rows,
    us,
    visits,
)

from app.compliance.attendance import Attendance
from app.compliance.cells import REQUIRED, REST, Cells
from app.compliance.duty import NOBODY, Devices, DutyTimes, Officers
from app.compliance.effort import effort
from app.compliance.figures import Figures
from app.compliance.groups import Key, Makers
from app.compliance.makers import Crews, apart
from app.compliance.observed import Hours, Nearby
from app.compliance.roster import roster
from app.compliance.tracking import tracking
from app.compliance.visits import Assignments, attribute
from app.compliance.work import work

CELLS = rows(Row(1, 0, 480), Row(2, 0, 480), Row(1, 0, 1440, kind=REST), Row(2, 0, 1440, kind=REST))
OFFICERS = Officers(
    ints([1, 2, 3, 4]), ints([10, 10, 20, NOBODY]), ints([0, 0, 1, 0]), ("Police", "Council")
)
DEVICES = Devices(ints([7, 8, 9]), ints([0, 0, 1]), ("radio", "phone"))
# Radio 7 goes from officer 1 to officer 3 at 100; radio 8 is officer 2's; nobody has phone 9.
HELD = assignments((7, 1, 0, 100), (7, 3, 100, 480), (8, 2, 0, 480))
DONE = (
    Visit(7, 1, 90, 115),  # officer 1 for 10 minutes, then officer 3 for 15
    Visit(8, 1, 95, 108),  # officer 2
    Visit(8, 2, 200, 212),
    Visit(9, 2, 205, 225),
)
DUTY = DutyTimes(ints([1, 2]), us([0, 0]), us([100, 480]))
HOURS = Hours(ints([7, 8]), us([0, 60]), ints([(1 << 60) - 1, (1 << 30) - 1]))


def made(
    by: Makers,
    *done: Visit,
    seen: frozenset[int] | None = None,
    held: Assignments = HELD,
    cells: Cells = CELLS,
) -> dict[Key, Figures]:
    listed = roster(DUTY, OFFICERS, cells.slots)
    attendance = Attendance(
        1,
        listed,
        np.zeros(len(listed), np.int64),
        tracking(listed, held, HOURS, 10_000 * MINUTE),
    )
    near = Nearby(ints([7, 9]), ints([1, 2]), us([90, 230]), us([110, 233]))
    crews = Crews(by, held, DUTY, OFFICERS, DEVICES, seen)
    known = replace(grounds(cells), surveyed=np.array([True]), frame_us=(0, 1440 * MINUTE))
    whole = everything(cells)
    all_done = work(attribute(visits(*(done or DONE))), cells)
    parts = apart(crews, known, all_done, near, attendance)
    return {key: part.figures(whole)[0] for key, part in parts}


def patrols(found: dict[Key, Figures]) -> dict[Key, tuple[int, int, float, float]]:
    return {
        key: (one.cells_covered, one.patrols, one.patrol_minutes, one.officer_minutes)
        for key, one in found.items()
    }


def test_a_team_s_row_is_of_what_its_officers_did() -> None:
    assert patrols(made("team")) == {
        None: (1, 1, 20, 0),  # what nobody had
        10: (2, 2, 18 + 12, 10 + 13 + 12),  # 90 to 108 is one patrol of two
        20: (1, 1, 15, 15),
    }


def test_an_officer_s_visits_are_cut_to_when_they_had_the_device() -> None:
    assert patrols(made("officer")) == {
        1: (1, 1, 10, 10),
        2: (2, 2, 25, 25),
        3: (1, 1, 15, 15),
    }


def test_a_piece_too_short_for_a_patrol_is_a_pass_through() -> None:
    found = made("officer", Visit(7, 1, 98.5, 115))
    assert (found[1].patrols, found[1].pass_throughs) == (0, 1)
    assert found[3].patrols == 1
    # An end where a visit was cut is seen: it cannot have been longer.
    assert found[1].cells_uncertain == 0


def test_a_hand_over_within_a_team_does_not_cut_a_visit() -> None:
    mine = replace(OFFICERS, team=ints([10, 10, 10, NOBODY]))
    crews = Crews("team", HELD, DUTY, mine, DEVICES)
    maker, times = crews.times(ints([7]))
    assert maker.tolist() == [NOBODY, NOBODY, 10, 10]
    assert (times.take(maker == 10).length_us / MINUTE).tolist() == [480, 480]


def test_organisations_and_officers_of_no_team() -> None:
    assert list(made("organisation")) == [None, "Police", "Council"]
    teamless = replace(HELD, officer=ints([4, 3, 2]))
    crews = Crews("team", teamless, DUTY, OFFICERS, DEVICES)
    maker, times = crews.times(ints([7]))
    # Nobody's time and that of somebody of no team run on.
    of_none = times.take((maker == NOBODY) & (times.group == 7))
    assert of_none.end_us.tolist()[0] == 100 * MINUTE


def test_kinds_of_device_count_whoever_had_them() -> None:
    assert patrols(made("source")) == {
        "radio": (2, 2, 25 + 12, 10 + 13 + 15 + 12),
        "phone": (1, 1, 20, 0),
    }


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        # Officer 1 had radio 7 on duty for 100 minutes, of which the first hour was observed;
        # officer 2 radio 8 for 480, of which half of the second hour was.
        ("officer", {1: (100, 0.6), 2: (480, 30 / 480), 3: (0, None)}),
        ("team", {None: (0, None), 10: (580, 90 / 580), 20: (0, None)}),
        ("source", {"radio": (580, 90 / 580), "phone": (0, None)}),
    ],
)
def test_each_maker_is_observed_for_itself(
    by: Makers, expected: dict[Key, tuple[int, float | None]]
) -> None:
    found = {key: one.observability for key, one in made(by).items()}
    assert {key: (one.n, one.value) for key, one in found.items()} == expected


def test_time_just_outside_is_of_whoever_had_the_device() -> None:
    found = made("officer")
    assert [found[one].nearby_minutes for one in (1, 2, 3)] == [10, 0, 10]
    assert made("team")[None].nearby_minutes == 3


def test_only_officers_who_may_be_seen_have_rows() -> None:
    assert list(made("officer", seen=frozenset({2, 4}))) == [2]
    assert list(made("officer", seen=frozenset())) == []
    assert list(made("team", seen=frozenset())) == [None, 10, 20]


@pytest.mark.parametrize("by", ["team", "organisation", "officer"])
@pytest.mark.parametrize(
    ("handed_over", "done"),
    [
        # Longer in the window than after it: all of it belongs there, the second officer's, too.
        (480, Visit(7, 1, 450, 500)),
        (480, Visit(7, 1, 470, 500)),
        # A piece too short for a patrol of its own is officer time all the same.
        (450.5, Visit(7, 1, 449, 470)),
        # Handed over before the window began.
        (-5, Visit(7, 1, -10, 20)),
    ],
)
def test_a_patrol_that_is_handed_over_is_officer_time_of_both(
    by: Makers, handed_over: float, done: Visit
) -> None:
    held = assignments((7, 1, -100, handed_over), (7, 3, handed_over, 1000))
    all_done = work(attribute(visits(done)), CELLS)
    whole = effort(all_done, held, np.zeros_like(held.officer)).of(0, len(CELLS))
    assert whole.sum() == (done.exit - done.enter) * MINUTE
    found = made(by, done, held=held)
    cells = CELLS.kind == REQUIRED
    assert sum(one.officer_minutes for one in found.values()) == whole[cells].sum() / MINUTE


def test_officers_whose_time_lies_after_the_days_asked_for_have_their_rows() -> None:
    held = assignments((7, 1, 0, 1450), (7, 3, 1450, 2000))
    late = rows(Row(1, 1400, 1500))
    found = made("officer", Visit(7, 1, 1435, 1460), held=held, cells=late)
    assert {key: one.officer_minutes for key, one in found.items()} == {1: 15, 2: 0, 3: 10}


def test_officer_minutes_of_teams_add_up() -> None:
    for by in ("team", "organisation", "officer"):
        assert sum(one.officer_minutes for one in made(by).values()) == 10 + 13 + 15 + 12
