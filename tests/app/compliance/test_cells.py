import datetime as dt

import numpy as np

from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import NEVER_US, HotspotVersions, PlanVersion, cells, most_cells
from app.compliance.plan import Plan, Window

MONDAY = dt.date(2026, 1, 12)
HOUR = 3_600_000_000
LONDON = Calendar()
LONG_AGO = LONDON.start_of(dt.date(2025, 1, 1))
LATER = LONDON.start_of(dt.date(2026, 2, 1))
LATE = Window("late", dt.time(15), dt.time(23), patrols=2)
NIGHT = Window("night", dt.time(2), dt.time(5), frozenset({4}))


def plan(**changes: object) -> Plan:
    given = {"key": "p", "name": "P", "windows": (NIGHT, LATE), "first_day": MONDAY}
    return Plan(**{**given, **changes})  # type: ignore[arg-type] # a table's row


def hotspots(*rows: tuple[int, int, int, int, int]) -> HotspotVersions:
    return HotspotVersions(*np.array(rows, dtype=np.int64).reshape(-1, 5).T)


def always(*ids: int) -> HotspotVersions:
    return hotspots(*((id_, LONG_AGO, NEVER_US, LONG_AGO, NEVER_US) for id_ in ids))


def test_a_cell_is_a_hot_spot_a_window_and_a_day() -> None:
    found = cells([PlanVersion(plan(), LONG_AGO)], always(7, 3), MONDAY, MONDAY + 4 * DAY, LATER)
    # Five late windows and Friday's night, at two hot spots each.
    assert len(found) == 12
    assert found.hotspot.tolist() == [3, 7] * 6
    assert [found.windows[index] for index in found.window] == ["late"] * 10 + ["night"] * 2
    assert found.day.tolist()[:4] == [MONDAY.toordinal()] * 2 + [MONDAY.toordinal() + 1] * 2
    assert found.start_us[0] == LONDON.start_of(MONDAY) + 9 * HOUR
    assert found.end_us[-1] == LONDON.start_of(MONDAY + 5 * DAY) - 1 * HOUR
    assert found.required.tolist() == [2] * 10 + [1] * 2
    assert set((found.minimum_us / 60e6).tolist()) == {10.0}
    assert not found.retrospective.any()


def test_only_the_plan_s_days_and_hot_spots_are_asked_for() -> None:
    asked = plan(last_day=MONDAY, hotspots=frozenset({3}), windows=(LATE,))
    found = cells(
        [PlanVersion(asked, LONG_AGO)], always(3, 7), MONDAY - DAY, MONDAY + 5 * DAY, LATER
    )
    assert found.hotspot.tolist() == [3]
    assert found.day.tolist() == [MONDAY.toordinal()]


def test_a_hot_spot_is_asked_for_while_it_is_valid() -> None:
    tuesday = LONDON.start_of(MONDAY + DAY)
    spots = hotspots((1, LONG_AGO, tuesday, LONG_AGO, NEVER_US))
    found = cells(
        [PlanVersion(plan(windows=(LATE,)), LONG_AGO)], spots, MONDAY, MONDAY + 3 * DAY, LATER
    )
    assert found.day.tolist() == [MONDAY.toordinal()]


def test_a_change_of_plan_counts_from_the_next_operational_day() -> None:
    changed = LONDON.start_of(MONDAY) + 8 * HOUR
    one = PlanVersion(plan(windows=(LATE,)), LONG_AGO, changed)
    two = PlanVersion(plan(windows=(LATE,), minimum_minutes=12), changed)
    found = cells([one, two], always(1), MONDAY, MONDAY + DAY, LATER)
    assert (found.minimum_us / 60e6).tolist() == [10.0, 12.0]
    assert not found.retrospective.any()


def test_a_plan_loaded_after_the_day_began_is_used_and_marked_retrospective() -> None:
    loaded = LONDON.start_of(MONDAY) + HOUR
    spots = hotspots((1, LONG_AGO, NEVER_US, loaded + HOUR, NEVER_US))
    version = PlanVersion(plan(windows=(LATE,)), loaded)
    found = cells([version], spots, MONDAY, MONDAY, LATER)
    assert found.hotspot.tolist() == [1]
    assert found.retrospective.all()
    assert not cells([version], spots, MONDAY + DAY, MONDAY + DAY, LATER).retrospective.any()


def test_nothing_known_later_than_asked_is_used() -> None:
    loaded = LONDON.start_of(MONDAY) + HOUR
    version = PlanVersion(plan(windows=(LATE,)), loaded)
    assert len(cells([version], always(1), MONDAY, MONDAY, loaded - 1)) == 0
    assert len(cells([version], always(1), MONDAY, MONDAY, loaded)) == 1


def test_a_hot_spot_loaded_after_the_day_began_waits_for_the_next() -> None:
    loaded = LONDON.start_of(MONDAY) + HOUR
    spots = hotspots((1, LONG_AGO, NEVER_US, loaded, NEVER_US))
    found = cells(
        [PlanVersion(plan(windows=(LATE,)), LONG_AGO)], spots, MONDAY, MONDAY + DAY, LATER
    )
    assert found.day.tolist() == [MONDAY.toordinal() + 1]


def test_a_change_of_a_retrospective_plan_leaves_its_days_as_they_were() -> None:
    wednesday, friday = (LONDON.start_of(MONDAY + n * DAY) + HOUR for n in (2, 4))
    one = PlanVersion(plan(windows=(LATE,)), wednesday, friday)
    two = PlanVersion(plan(windows=(Window("late", dt.time(15), dt.time(23), patrols=3),)), friday)
    spots = hotspots(
        (1, LONG_AGO, NEVER_US, wednesday, NEVER_US),
        (2, LONG_AGO, NEVER_US, friday, NEVER_US),
    )
    before = cells([one], spots, MONDAY, MONDAY, friday - 1)
    after = cells([one, two], spots, MONDAY, MONDAY, LATER)
    assert before.required.tolist() == after.required.tolist() == [2]
    assert before.hotspot.tolist() == after.hotspot.tolist() == [1]
    assert after.retrospective.all()
    saturday = cells([one, two], spots, MONDAY + 5 * DAY, MONDAY + 5 * DAY, LATER)
    assert saturday.required.tolist() == [3, 3]


def test_no_day_has_more_cells_than_is_said_without_making_them() -> None:
    versions = [PlanVersion(plan(hotspots=frozenset({3})), LONG_AGO, LATER - 1)]
    versions.append(PlanVersion(plan(), LATER - 1))
    most = most_cells(versions, always(3, 7), MONDAY, MONDAY + 4 * DAY)
    assert most == 5 * 2 * 2
    assert len(cells(versions, always(3, 7), MONDAY, MONDAY + 4 * DAY, LATER)) <= most
