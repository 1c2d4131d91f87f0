import pytest
from compliance_rows import MINUTE, Visit, cells, us, visits

from app.compliance.patrols import OUTSIDE, patrols, place


def test_a_double_crew_is_one_patrol() -> None:
    found, patrol = patrols(visits(Visit(1, 9, 0, 8), Visit(2, 9, 4, 12), Visit(3, 9, 30, 41)))
    assert patrol.tolist() == [0, 0, 1]
    assert (found.stays.length_us / MINUTE).tolist() == [12, 11]
    # Surely there from 0.5 to 7.5 and from 4.5 to 11.5; at most from -0.5 to 12.5.
    assert (found.low_us / MINUTE).tolist() == [11, 10]
    assert (found.outer.length_us / MINUTE).tolist() == [13, 12]


def test_visits_that_touch_are_one_patrol_and_others_are_not() -> None:
    found, _ = patrols(
        visits(Visit(1, 9, 0, 5), Visit(2, 9, 5, 10), Visit(2, 8, 4, 6), Visit(3, 9, 10.1, 15))
    )
    assert found.stays.group.tolist() == [8, 9, 9]
    assert (found.stays.length_us / MINUTE).tolist() == [2, 10, pytest.approx(4.9)]


@pytest.mark.parametrize(
    ("visit", "uncertain"),
    [
        (Visit(1, 9, 0, 12, sure=-0.5), False),  # surely 11
        (Visit(1, 9, 0, 12, sure=-1), False),  # surely 10: qualifies
        (Visit(1, 9, 0, 12, sure=-1.01), True),  # 9.98 to 13
        (Visit(1, 9, 0, 8, outer=0.99), False),  # at most 9.98
        (Visit(1, 9, 0, 8, outer=1), True),  # at most 10
        (Visit(1, 9, 0, 8, outer=0, exit_seen=False), True),
        (Visit(1, 9, 0, 8, outer=0, enter_seen=False), True),
        (Visit(1, 9, 0, 12, sure=-1, enter_seen=False), False),
    ],
)
def test_a_patrol_is_uncertain_if_it_may_or_may_not_have_lasted(
    visit: Visit, *, uncertain: bool
) -> None:
    found, _ = patrols(visits(visit))
    assert found.uncertain(us([10.0])).tolist() == [uncertain]


def test_a_patrol_belongs_to_the_window_that_holds_most_of_it() -> None:
    found, _ = patrols(
        visits(
            Visit(1, 9, 50, 61),  # mostly in the first window
            Visit(2, 9, 90, 110),  # as much in the second as in the third: the earlier
            Visit(3, 9, 160, 170),  # after all
            Visit(4, 8, 10, 20),  # of another hot spot
        )
    )
    windows = cells((9, 0, 60, 1), (9, 60, 100, 1), (9, 100, 150, 1))
    placed = dict(zip((found.stays.start_us / MINUTE).tolist(), place(found, windows), strict=True))
    assert placed == {50: 0, 90: 1, 160: OUTSIDE, 10: OUTSIDE}


def test_a_stay_of_a_single_moment_is_in_the_window_that_begins_with_it() -> None:
    found, _ = patrols(visits(Visit(1, 9, 60, 60)))
    assert place(found, cells((9, 0, 60, 1), (9, 60, 100, 1))).tolist() == [1]
    assert place(found, cells((9, 0, 60, 1))).tolist() == [OUTSIDE]
