from itertools import pairwise

import numpy as np
from compliance_rows import MINUTE, Visit, visits
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.intervals import Intervals, united
from app.compliance.visits import VisitColumns, attribute


def stretches(found: VisitColumns) -> list[tuple[int, float, float]]:
    return [
        (hotspot, enter / MINUTE, exit_ / MINUTE)
        for hotspot, enter, exit_ in zip(
            found.hotspot.tolist(), found.enter_us.tolist(), found.exit_us.tolist(), strict=True
        )
    ]


def test_a_moment_belongs_to_the_longer_of_overlapping_visits() -> None:
    found = attribute(visits(Visit(1, 5, 0, 20), Visit(1, 4, 15, 27), Visit(1, 3, 4, 9)))
    assert stretches(found) == [(5, 0, 20), (4, 20, 27)]
    # What is left of the second is cut at the first one's exit, its bounds too.
    assert found.outer_from_us.tolist() == [-0.5 * MINUTE, 20 * MINUTE]
    assert found.outer_to_us.tolist() == [20.5 * MINUTE, 27.5 * MINUTE]
    assert found.sure.group.tolist() == [0, 1]
    assert found.sure.start_us.tolist() == [0.5 * MINUTE, 20 * MINUTE]
    assert found.sure.end_us.tolist() == [19.5 * MINUTE, 26.5 * MINUTE]


def test_of_equally_long_visits_the_lower_hot_spot_keeps_the_moment() -> None:
    found = attribute(visits(Visit(1, 5, 0, 10), Visit(1, 4, 5, 15)))
    assert stretches(found) == [(5, 0, 5), (4, 5, 15)]


def test_a_visit_between_two_longer_ones_may_be_left_without_time() -> None:
    found = attribute(visits(Visit(1, 1, 0, 20), Visit(1, 2, 10, 25), Visit(1, 3, 18, 60)))
    assert stretches(found) == [(1, 0, 18), (3, 18, 60)]


def test_an_end_where_a_visit_was_cut_counts_as_seen() -> None:
    found = attribute(
        visits(Visit(1, 1, 0, 20), Visit(1, 2, 15, 25, enter_seen=False, exit_seen=False))
    )
    assert found.enter_seen.tolist() == [True, True]
    assert found.exit_seen.tolist() == [True, False]


def test_different_devices_and_mere_touching_are_left_alone() -> None:
    rows = visits(Visit(1, 1, 0, 20), Visit(2, 2, 5, 10), Visit(1, 2, 20, 25), Visit(1, 3, 30, 30))
    assert stretches(attribute(rows)) == stretches(rows)


def test_a_single_moment_during_a_visit_elsewhere_is_left_out() -> None:
    found = attribute(visits(Visit(1, 1, 0, 20), Visit(1, 2, 7, 7, outer=9)))
    assert stretches(found) == [(1, 0, 20)]


ROWS = st.lists(
    st.builds(
        lambda device, hotspot, enter, length: Visit(device, hotspot, enter, enter + length),
        st.integers(1, 2),
        st.integers(1, 4),
        st.integers(0, 60),
        st.integers(0, 30),
    ),
    max_size=12,
)


@given(ROWS)
def test_attribution_over_all_hot_spots_gives_the_time_that_passed(rows: list[Visit]) -> None:
    before = visits(*rows)
    after = attribute(before)
    for device in (1, 2):
        mine = after.device == device
        stays = Intervals(
            np.zeros(mine.sum(), dtype=np.int64), after.enter_us[mine], after.exit_us[mine]
        )
        theirs = before.device == device
        passed = united(
            Intervals(
                np.zeros(theirs.sum(), dtype=np.int64),
                before.enter_us[theirs],
                before.exit_us[theirs],
            )
        )
        by_spot = united(Intervals(after.hotspot[mine], stays.start_us, stays.end_us))
        assert by_spot.length_us.sum() == passed.length_us.sum()


@given(ROWS)
def test_no_device_is_at_two_hot_spots_at_once(rows: list[Visit]) -> None:
    after = attribute(visits(*rows))
    for device in (1, 2):
        mine = after.device == device
        order = np.argsort(after.enter_us[mine], kind="stable")
        stays = list(
            zip(
                after.hotspot[mine][order].tolist(),
                after.enter_us[mine][order].tolist(),
                after.exit_us[mine][order].tolist(),
                strict=True,
            )
        )
        assert all(one[2] <= two[1] for one, two in pairwise(stays) if one[0] != two[0])


@given(ROWS)
def test_bounds_still_hold_after_a_visit_was_cut(rows: list[Visit]) -> None:
    after = attribute(visits(*rows))
    assert (after.outer_from_us <= after.enter_us).all()
    assert (after.exit_us <= after.outer_to_us).all()
    row = after.sure.group
    assert (after.enter_us[row] <= after.sure.start_us).all()
    assert (after.sure.end_us <= after.exit_us[row]).all()
