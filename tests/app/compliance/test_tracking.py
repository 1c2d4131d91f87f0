"""Minutes of duty with a device, and how many of them were observed."""

from dataclasses import replace

import numpy as np
from compliance_rows import MINUTE, Row, assignments, ints, rows, us

from app.compliance.duty import NO_OFFICERS, DutyTimes
from app.compliance.observed import Hours, Pending
from app.compliance.roster import roster
from app.compliance.tracking import Tracking, settled_us, tracking
from app.compliance.visits import Assignments

SLOTS = rows(Row(1, 30, 150)).slots
LATE = 10_000 * MINUTE


def hours(*given: tuple[int, int, int, int]) -> Hours:
    """Rows of device, hour, and from which minute of it until before which it was observed."""
    return Hours(
        ints(device for device, *_ in given),
        us([hour * 60 for _, hour, _, _ in given]),
        ints((1 << end) - (1 << first) for _, _, first, end in given),
    )


def tracked(
    duty: tuple[tuple[int, float, float], ...],
    carried: Assignments,
    seen: Hours,
    as_at_us: int = LATE,
) -> Tracking:
    times = DutyTimes(
        ints(officer for officer, *_ in duty),
        us([start for _, start, _ in duty]),
        us([end for *_, end in duty]),
    )
    return tracking(roster(times, NO_OFFICERS, SLOTS), carried, seen, as_at_us)


def minutes(found: Tracking) -> tuple[int, int]:
    both = found.minutes(np.zeros(len(found), np.int64), 1, len(SLOTS))
    return int(both[0].sum()), int(both[1].sum())


def test_tracked_is_duty_with_a_device_in_the_slot() -> None:
    # On duty from 0 to 140, with the device from 40 to 200, the slot from 30 to 150.
    found = tracked(((1, 0, 140),), assignments((7, 1, 40, 200)), hours((7, 0, 50, 60)))
    assert minutes(found) == (100, 10)


def test_a_minute_counts_if_its_start_lies_in_the_time() -> None:
    seen = hours((7, 1, 0, 60))
    one = tracked(((1, 60.5, 62),), assignments((7, 1, 0, 200)), seen)
    assert minutes(one) == (1, 1)
    two = tracked(((1, 60, 61.1),), assignments((7, 1, 0, 200)), seen)
    assert minutes(two) == (2, 2)
    none = tracked(((1, 60.1, 60.9),), assignments((7, 1, 0, 200)), seen)
    assert minutes(none) == (0, 0)


def test_an_officer_with_two_devices_counts_once_and_is_observed_by_either() -> None:
    both = assignments((7, 1, 60, 120), (8, 1, 90, 150))
    seen = hours((7, 1, 0, 40), (8, 1, 30, 50), (8, 2, 0, 10))
    assert minutes(tracked(((1, 60, 150),), both, seen)) == (90, 50 + 10)


def test_two_officers_with_one_device_after_another_are_each_tracked() -> None:
    both = assignments((7, 1, 60, 90), (7, 2, 90, 120))
    found = tracked(((1, 60, 120), (2, 60, 120)), both, hours((7, 1, 0, 45)))
    by_officer = found.minutes(found.officer - 1, 2, len(SLOTS))
    assert by_officer[0].tolist() == [[30], [30]]
    assert by_officer[1].tolist() == [[30], [15]]


def test_nothing_counts_before_its_hour_can_be_judged() -> None:
    duty, carried = ((1, 30, 150),), assignments((7, 1, 0, 200))
    seen = hours((7, 0, 0, 60), (7, 1, 0, 60), (7, 2, 0, 60))
    assert minutes(tracked(duty, carried, seen, 130 * MINUTE - 1)) == (30, 30)
    assert minutes(tracked(duty, carried, seen, 130 * MINUTE)) == (90, 90)
    assert settled_us(130 * MINUTE) == 120 * MINUTE


def test_hours_of_another_device_are_no_evidence() -> None:
    found = tracked(((1, 60, 90),), assignments((7, 1, 0, 200)), hours((8, 1, 0, 60)))
    assert minutes(found) == (30, 0)


def test_what_is_still_to_be_surveyed_is_neither_tracked_nor_observed() -> None:
    # Device 7 as of some time in the second hour; 8 is up to date, with nothing to be found.
    duty, carried = ((1, 30, 150), (2, 120, 150)), assignments((7, 1, 0, 200), (8, 2, 0, 200))
    seen = hours((7, 0, 0, 60), (7, 2, 0, 60), (9, 0, 0, 60))
    waiting = replace(seen, pending=Pending(ints([9, 7]), us([0, 90])))
    assert minutes(tracked(duty, carried, seen)) == (120 + 30, 30 + 30)
    assert minutes(tracked(duty, carried, waiting)) == (30 + 30, 30)
    at_the_hour = replace(seen, pending=Pending(ints([7]), us([120])))
    assert minutes(tracked(duty, carried, at_the_hour)) == (90 + 30, 30)


def test_without_duty_times_nothing_is_tracked() -> None:
    assert minutes(tracked((), assignments((7, 1, 0, 200)), hours((7, 1, 0, 60)))) == (0, 0)
