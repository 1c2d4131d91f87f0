import datetime as dt

import numpy as np
import pytest

from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import NEVER_US, REQUIRED, Cells, HotspotVersions, PlanVersion, cells
from app.compliance.groups import OUTSIDE, Key, Parts, Period, everything, groups
from app.compliance.plan import Plan, Window

FRIDAY = dt.date(2026, 1, 30)
LONDON = Calendar()
WINDOWS = (
    Window("late", dt.time(15), dt.time(23)),
    Window("early", dt.time(7), dt.time(15), frozenset(range(5))),
)
PERIOD = Period(FRIDAY, FRIDAY + 3 * DAY)


def made() -> Cells:
    """Two hot spots from a day before the period to one after it."""
    long_ago = np.full(2, LONDON.start_of(FRIDAY - 90 * DAY))
    never = np.full(2, NEVER_US)
    spots = HotspotVersions(np.array([4, 9]), long_ago, never, long_ago, never)
    version = PlanVersion(Plan("p", "P", WINDOWS, FRIDAY - 9 * DAY), int(long_ago[0]))
    around = PERIOD.widened()
    return cells([version], spots, around.first, around.last, NEVER_US)


@pytest.mark.parametrize(
    ("by", "keys", "last_days"),
    [
        ("hotspot", [4, 9], [3, 3]),
        # In the order in which they come first, on the day before the period.
        ("window", ["early", "late"], [3, 3]),
        ("day", [FRIDAY + n * DAY for n in range(4)], [0, 1, 2, 3]),
        ("week", [FRIDAY - 4 * DAY, FRIDAY + 3 * DAY], [2, 3]),
        ("month", [dt.date(2026, 1, 1), dt.date(2026, 2, 1)], [1, 3]),
        (
            "shift",
            [
                (FRIDAY, "early"),
                (FRIDAY, "late"),
                (FRIDAY + DAY, "late"),
                (FRIDAY + 2 * DAY, "late"),
                (FRIDAY + 3 * DAY, "early"),
                (FRIDAY + 3 * DAY, "late"),
            ],
            [0, 0, 1, 2, 3, 3],
        ),
    ],
)
def test_each_cell_of_the_period_is_in_the_row_of_what_it_is_of(
    by: Parts, keys: list[Key], last_days: list[int]
) -> None:
    asked = made()
    found = groups(asked, PERIOD, by, LONDON)
    assert found.keys == keys
    ends = [LONDON.start_of(FRIDAY + (day + 1) * DAY) for day in last_days]
    assert found.until_us.tolist() == ends
    inside = PERIOD.holds(asked) & ((asked.slot != OUTSIDE) | (by not in {"window", "shift"}))
    assert ((found.label != OUTSIDE) == inside).all()


def test_all_of_a_period_is_what_its_rows_are_together() -> None:
    asked = made()
    whole = everything(asked, PERIOD, LONDON)
    assert len(whole) == 1
    assert (whole.label == np.where(PERIOD.holds(asked), 0, OUTSIDE)).all()
    # Six shifts of two hot spots are required.
    assert len(whole.of_kind(asked, REQUIRED)) == 12


def test_a_week_of_which_only_a_day_is_asked_for_ends_with_it() -> None:
    one = Period(FRIDAY, FRIDAY)
    found = groups(made(), one, "week", LONDON)
    assert found.keys == [FRIDAY - 4 * DAY]
    assert found.until_us.tolist() == [LONDON.start_of(FRIDAY + DAY)]
