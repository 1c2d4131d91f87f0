import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.intervals import (
    Intervals,
    gaps,
    meeting,
    ragged,
    shared,
    unite,
    united,
)

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 8)).map(
        lambda row: (row[0] * 10**18, row[1] - 15, row[1] - 15 + row[2])
    ),
    max_size=25,
)


def intervals(*rows: tuple[int, int, int]) -> Intervals:
    return Intervals(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)


def moments(found: Intervals) -> set[tuple[int, float]]:
    """Whole and half units that are covered, by group."""
    rows = zip(found.group.tolist(), found.start_us.tolist(), found.end_us.tolist(), strict=True)
    return {
        (group, half / 2) for group, start, end in rows for half in range(2 * start, 2 * end + 1)
    }


def test_what_overlaps_or_touches_in_one_group_is_united() -> None:
    found = intervals((1, 0, 10), (2, 5, 6), (1, 10, 12), (1, 13, 14), (1, 2, 3), (2, 6, 6))
    assert unite(found).tolist() == [0, 2, 0, 1, 0, 2]
    one = united(found)
    assert one.group.tolist() == [1, 1, 2]
    assert one.start_us.tolist() == [0, 13, 5]
    assert one.end_us.tolist() == [12, 14, 6]


def test_an_end_beyond_all_time_does_not_overflow() -> None:
    never = np.iinfo(np.int64).max
    found = intervals((1, -never, never), (2**62, 0, never), (2**62, 5, 6))
    assert unite(found).tolist() == [0, 1, 1]


@given(ROWS)
def test_uniting_covers_the_same_moments_with_disjoint_intervals(
    rows: list[tuple[int, int, int]],
) -> None:
    found = intervals(*rows)
    one = united(found)
    assert moments(one) == moments(found)
    same = one.group[1:] == one.group[:-1]
    assert (one.start_us[1:] > one.end_us[:-1])[same].all()


@given(ROWS, ROWS)
def test_meeting_finds_each_pair_that_shares_a_moment_once(
    left: list[tuple[int, int, int]], right: list[tuple[int, int, int]]
) -> None:
    one, other = meeting(intervals(*left), intervals(*right))
    expected = {
        (i, j)
        for i, (group, start, end) in enumerate(left)
        for j, (its_group, its_start, its_end) in enumerate(right)
        if group == its_group and start <= its_end and its_start <= end
    }
    found = list(zip(one.tolist(), other.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_clipping_leaves_nothing_of_what_lies_outside_its_frame() -> None:
    found = intervals((0, 0, 10), (0, 20, 30), (0, 40, 50), (0, 24, 60))
    frame = np.full(4, 25), np.full(4, 45)
    assert found.clip(*frame).length_us.tolist() == [0, 5, 5, 20]


@given(ROWS)
def test_gaps_and_what_they_lie_between_fill_the_time(rows: list[tuple[int, int, int]]) -> None:
    found = intervals(*rows)
    groups = np.array([0, 10**18, 5 * 10**18])
    mine = found.take(np.isin(found.group, groups))
    left = gaps(mine, groups, -20, 25)
    both = united(left.joined(mine))
    assert both.group.tolist() == groups.tolist()
    assert both.start_us.tolist() == [-20] * 3
    assert both.end_us.tolist() == [25] * 3
    _, _, overlap = shared(left, united(mine))
    assert not overlap.length_us.any()


def test_gaps_of_all_time_can_be_told() -> None:
    never = np.iinfo(np.int64).max
    left = gaps(intervals((1, 0, 10), (1, 10, 12), (2, 5, never)), np.array([1, 2]), -never, never)
    assert left.group.tolist() == [1, 1, 2]
    assert left.start_us.tolist() == [-never, 12, -never]
    assert left.end_us.tolist() == [0, never, 5]


def test_what_pairs_share_is_told_by_the_left_one_s_row() -> None:
    one, other, part = shared(intervals((1, 0, 10), (2, 0, 10)), intervals((2, 4, 20), (2, 30, 40)))
    assert (one.tolist(), other.tolist()) == ([1], [0])
    assert (part.start_us.tolist(), part.end_us.tolist()) == ([4], [10])


def test_rows_are_told_off_one_after_another() -> None:
    row, place = ragged(np.array([7, 0, 3]), np.array([2, 0, 3]))
    assert row.tolist() == [0, 0, 2, 2, 2]
    assert place.tolist() == [7, 8, 3, 4, 5]
