import numpy as np
import pytest
from compliance_rows import (
    MINUTE,
    Visit,
    account_of,
    assignments,
    by_hotspot,
    cells,
    everything,
    grouped,
    us,
)
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.cells import Cells
from app.compliance.figures import Figures, Share
from app.compliance.groups import OUTSIDE
from app.compliance.visits import Assignments

NOBODY = assignments()
LATE = 10_000 * MINUTE


def figures(
    windows: Cells, *rows: Visit, carried: Assignments = NOBODY, as_at_us: int = LATE
) -> Figures:
    account = account_of(windows, *rows, carried=carried, as_at_us=as_at_us)
    return account.figures(everything(windows))[0]


def share(value: float, low: float, high: float, n: float) -> Share:
    return Share(pytest.approx(value), pytest.approx(low), pytest.approx(high), n)


def test_four_figures_together_with_their_n() -> None:
    windows = cells((1, 0, 480, 2), (2, 0, 480, 2))
    found = figures(
        windows,
        Visit(1, 1, 10, 22),  # 12 min, surely 11
        Visit(1, 1, 100, 117),  # 17 min: 2 of them surplus
        Visit(1, 2, 200, 206),  # 6 min, at most 7
        Visit(1, 2, 300, 301),  # a pass-through, at most 2 min
    )
    assert found.cells == 2
    assert found.coverage == share(1 / 2, 1 / 2, 1 / 2, 2)
    assert found.compliance_cells == share(1 / 2, 1 / 2, 1 / 2, 2)
    assert found.compliance_patrols == share(2 / 4, 2 / 4, 2 / 4, 4)
    # Hot spot 1 has 29 min, capped at 20; hot spot 2 has 6 of 20, from 5 to 7.
    assert found.compliance_minutes == share(26 / 40, 25 / 40, 27 / 40, 40)
    assert found.mean_patrol_minutes.value == 14.5
    assert found.mean_patrol_minutes.n == 2
    assert found.bands == {
        "under_2": 0,
        "2_to_5": 0,
        "5_to_10": 1,
        "10_to_15": 1,
        "15_to_20": 1,
        "over_20": 0,
    }
    assert (found.surplus_patrols, found.surplus_minutes) == (1, 2)
    assert (found.patrols, found.patrols_qualifying, found.pass_throughs) == (3, 2, 1)
    assert found.patrol_minutes == 35
    assert (found.cells_covered, found.cells_complete, found.cells_uncertain) == (1, 1, 0)


def test_uncertain_patrols_give_every_percentage_a_range() -> None:
    windows = cells((1, 0, 480, 1), (2, 0, 480, 1), (3, 0, 480, 1), (4, 0, 480, 1))
    found = figures(
        windows,
        Visit(1, 1, 10, 22),  # surely 11
        Visit(1, 2, 100, 111, sure=-2),  # 11, surely 7
        Visit(1, 3, 200, 209, sure=-2, outer=2),  # 9, surely 5, at most 13
    )
    assert found.coverage == share(2 / 4, 1 / 4, 3 / 4, 4)
    assert found.compliance_cells == found.coverage
    assert found.compliance_patrols == share(2 / 4, 1 / 4, 3 / 4, 4)
    assert found.compliance_minutes == share(29 / 40, 22 / 40, 30 / 40, 40)
    assert found.cells_uncertain == 2


def test_a_cell_whose_coverage_is_sure_may_yet_be_uncertain_to_be_complete() -> None:
    found = figures(cells((1, 0, 480, 2)), Visit(1, 1, 10, 22), Visit(1, 1, 50, 61, sure=-2))
    assert found.coverage == share(1, 1, 1, 1)
    assert found.compliance_cells == share(1, 0, 1, 1)
    assert found.cells_uncertain == 1


@pytest.mark.parametrize(
    ("visit", "high"),
    [
        (Visit(1, 1, 10, 11), 0),
        (Visit(1, 1, 10, 11, outer=5), 1),
        (Visit(1, 1, 10, 11, exit_seen=False), 1),
        (Visit(1, 1, 10, 10, outer=5), 1),
    ],
)
def test_a_pass_through_that_may_have_been_a_patrol_makes_its_cell_uncertain(
    visit: Visit, high: int
) -> None:
    found = figures(cells((1, 0, 480, 1)), visit)
    assert found.coverage == share(0, 0, high, 1)
    assert found.compliance_minutes.high == high
    assert (found.cells_uncertain, found.patrols, found.pass_throughs) == (high, 0, 1)


def test_a_doubtful_pass_through_during_a_patrol_is_no_second_patrol() -> None:
    windows = cells((1, 0, 480, 2))
    found = figures(windows, Visit(1, 1, 10, 22), Visit(2, 1, 15, 16, outer=9))
    assert found.compliance_patrols == share(1 / 2, 1 / 2, 1 / 2, 2)
    apart = figures(windows, Visit(1, 1, 10, 22), Visit(2, 1, 45, 46, outer=9))
    assert apart.compliance_patrols == share(1 / 2, 1 / 2, 1, 2)


def test_where_nothing_is_required_there_is_no_percentage() -> None:
    found = figures(cells(), Visit(1, 1, 0, 30))
    assert found.coverage == Share(None, None, None, 0)
    assert found.compliance_minutes == Share(None, None, None, 0)
    assert found.mean_patrol_minutes.value is None
    assert found.cells == found.patrols == 0


def test_where_nobody_came_the_figure_is_zero() -> None:
    found = figures(cells((1, 0, 480, 1)))
    assert found.coverage == Share(0, 0, 0, 1)
    assert found.mean_patrol_minutes.value is None


def test_minutes_outside_the_window_do_not_count_but_the_patrol_s_length_does() -> None:
    found = figures(cells((1, 0, 480, 1)), Visit(1, 1, 474, 485))
    assert found.coverage.value == 1
    assert found.compliance_minutes == share(6 / 10, 5.5 / 10, 6.5 / 10, 10)
    assert found.mean_patrol_minutes.value == 11


@pytest.mark.parametrize(
    ("minutes", "band"),
    [
        (2, "2_to_5"),
        (4.99, "2_to_5"),
        (5, "5_to_10"),
        (9.99, "5_to_10"),
        (10, "10_to_15"),
        (15, "10_to_15"),
        (15.01, "15_to_20"),
        (20, "15_to_20"),
        (20.01, "over_20"),
    ],
)
def test_bands_end_where_the_design_says(minutes: float, band: str) -> None:
    found = figures(cells((1, 0, 480, 1)), Visit(1, 1, 0, minutes))
    assert {name for name, count in found.bands.items() if count} == {band}


def test_a_visit_that_attribution_leaves_less_than_two_minutes_is_no_patrol() -> None:
    elsewhere = Visit(1, 1, 0, 20)
    brief = figures(cells((2, 0, 480, 1)), elsewhere, Visit(1, 2, 15, 21.99))
    assert (brief.patrols, brief.pass_throughs, brief.patrol_minutes) == (0, 1, 0)
    enough = figures(cells((2, 0, 480, 1)), elsewhere, Visit(1, 2, 15, 22))
    assert (enough.patrols, enough.pass_throughs, enough.patrol_minutes) == (1, 0, 2)


def test_officer_minutes_count_each_officer_once_and_unassigned_devices_not() -> None:
    carried = assignments((1, 77, 0, 100), (2, 77, 0, 100), (3, 88, 0, 15), (3, 99, 15, 100))
    found = figures(
        cells((1, 0, 480, 1)),
        Visit(1, 1, 0, 20),  # officer 77, who
        Visit(2, 1, 10, 22),  # has two devices: 22 min
        Visit(3, 1, 5, 25),  # 10 min of 88, then 10 of 99
        Visit(4, 1, 0, 30),  # nobody's
        carried=carried,
    )
    assert found.patrol_minutes == 30
    assert found.officer_minutes == 42
    assert found.person_hours == pytest.approx(0.7)


def test_cells_whose_window_was_not_over_are_counted() -> None:
    windows = cells((1, 0, 60, 1), (1, 60, 120, 1))
    assert figures(windows, as_at_us=60 * MINUTE).cells_unfinished == 1
    assert figures(windows, as_at_us=60 * MINUTE - 1).cells_unfinished == 2


VISITS = st.lists(
    st.builds(
        lambda device, spot, enter, length, outer, seen: Visit(
            device, spot, enter, enter + length, outer=outer, sure=-length / 5, exit_seen=seen
        ),
        st.integers(1, 3),
        st.integers(1, 4),
        st.integers(-20, 200),
        st.integers(0, 40),
        st.integers(0, 10),
        st.booleans(),
    ),
    max_size=14,
)
WINDOWS = cells(*((spot, at, at + 90, 1 + spot % 2) for spot in (1, 2, 3) for at in (0, 90)))


@given(VISITS)
def test_totals_are_the_sums_over_hot_spots(rows: list[Visit]) -> None:
    account = account_of(WINDOWS, *rows, carried=assignments((1, 7, 0, 500)))
    (whole,) = account.figures(everything(WINDOWS))
    parts = account.figures(by_hotspot(WINDOWS))
    for name in ("cells", "cells_covered", "cells_uncertain", "patrols", "pass_throughs"):
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts)
    for name in ("patrol_minutes", "officer_minutes", "surplus_minutes"):
        assert getattr(whole, name) == pytest.approx(sum(getattr(part, name) for part in parts))
    for name in ("coverage", "compliance_cells", "compliance_patrols", "compliance_minutes"):
        made = sum(getattr(part, name).value * getattr(part, name).n for part in parts)
        assert getattr(whole, name).value * getattr(whole, name).n == pytest.approx(made)


@given(VISITS)
def test_no_share_is_over_one_and_each_lies_in_its_range(rows: list[Visit]) -> None:
    account = account_of(WINDOWS, *rows)
    groups = everything(WINDOWS), by_hotspot(WINDOWS)
    for found in (figures for group in groups for figures in account.figures(group)):
        for name in ("coverage", "compliance_cells", "compliance_patrols", "compliance_minutes"):
            one = getattr(found, name)
            assert 0 <= one.low <= one.value <= one.high <= 1


@given(VISITS, st.randoms(use_true_random=False))
def test_the_order_of_visits_does_not_matter(rows: list[Visit], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis' own Random
    carried = assignments((1, 7, 0, 90), (2, 7, 30, 500))
    assert figures(WINDOWS, *rows, carried=carried) == figures(WINDOWS, *shuffled, carried=carried)


def test_rows_are_of_the_cells_of_each_group() -> None:
    account = account_of(WINDOWS, Visit(1, 2, 10, 22))
    by_spot = account.figures(by_hotspot(WINDOWS))
    assert by_spot[1].coverage == share(1 / 2, 1 / 2, 1 / 2, 2)
    early = np.where(WINDOWS.start_us == 0, 0, OUTSIDE)
    (found,) = account.figures(grouped(WINDOWS, early, "early"))
    assert found.coverage == share(1 / 3, 1 / 3, 1 / 3, 3)


def test_a_year_of_a_force_is_tallied_in_columns() -> None:
    random = np.random.default_rng(1)
    spots, days = 40, 400
    windows = cells(
        *((spot, day * 1440, day * 1440 + 480, 3) for day in range(days) for spot in range(spots))
    )
    starts = random.uniform(0, days * 1440, 20_000)
    rows = [
        Visit(int(device), int(spot), start, start + length)
        for start, length, device, spot in zip(
            starts.tolist(),
            random.uniform(0, 30, 20_000).tolist(),
            random.integers(0, 300, 20_000),
            random.integers(0, spots, 20_000),
            strict=True,
        )
    ]
    found = figures(windows, *rows, carried=assignments(*((d, d, 0, 1e6) for d in range(300))))
    assert found.cells == spots * days
    assert us([found.officer_minutes])[0] >= us([found.patrol_minutes])[0]
