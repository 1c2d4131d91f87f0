import datetime as dt
from dataclasses import replace

import numpy as np

from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import (
    NEVER_US,
    REST,
    Cells,
    HotspotVersions,
    PlanVersion,
    most_cells,
)
from app.compliance.cells import cells as every_cell
from app.compliance.plan import ListedTrial, Plan, Window

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


def windows_of(found: Cells) -> Cells:
    """The rows that are in windows."""
    held = found.kind != REST
    columns = (name for name in Cells.__dataclass_fields__ if name not in {"windows", "slots"})
    return replace(found, **{name: getattr(found, name)[held] for name in columns})


def cells(*given: object) -> Cells:
    return windows_of(every_cell(*given))  # type: ignore[arg-type] # as it takes them


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


def kinds(found: Cells) -> list[tuple[int, str, str, int]]:
    """Hot spot, kind, window and required patrols of each row."""
    names = ("required", "control", "rest")
    windows = [*found.windows, "-"]  # the last one is no window's
    rows = zip(found.hotspot, found.kind, found.window, found.required, strict=True)
    return [(int(spot), names[kind], windows[window], int(due)) for spot, kind, window, due in rows]


def test_patrols_of_a_window_are_shared_by_weight_and_a_share_of_none_is_no_cell() -> None:
    shared = Window("late", dt.time(15), dt.time(23), patrols=3, by_weight=True)
    asked = plan(windows=(shared,), hotspots=frozenset({1, 2, 3}), weights={1: 8.0, 3: 3.0})
    found = every_cell([PlanVersion(asked, LONG_AGO)], always(1, 2, 3), MONDAY, MONDAY, LATER)
    # 3 x 8/12 = 2, 3 x 1/12 = 0.25, 3 x 3/12 = 0.75.
    assert kinds(found) == [
        (1, "required", "late", 2),
        (3, "required", "late", 1),
        (1, "rest", "-", 0),
        (2, "rest", "-", 0),
        (3, "rest", "-", 0),
    ]


def test_a_trial_s_controls_require_nothing_and_what_is_in_no_arm_has_no_cell() -> None:
    trial = ListedTrial({(1, MONDAY): True, (2, MONDAY): False})
    asked = plan(windows=(LATE,), hotspots=frozenset({1, 2, 3}), trial=trial)
    found = every_cell([PlanVersion(asked, LONG_AGO)], always(1, 2, 3), MONDAY, MONDAY, LATER)
    assert kinds(found) == [
        (1, "required", "late", 2),
        (2, "control", "late", 0),
        (1, "rest", "-", 0),
        (3, "rest", "-", 0),
        (2, "rest", "-", 0),
    ]
    assert found.control.tolist() == [False, True, False, False, True]


def test_weights_are_shared_among_those_under_treatment() -> None:
    shared = Window("late", dt.time(15), dt.time(23), patrols=4, by_weight=True)
    trial = ListedTrial({(1, MONDAY): True, (2, MONDAY): False, (3, MONDAY): True})
    asked = plan(
        windows=(shared,), hotspots=frozenset({1, 2, 3}), trial=trial, weights={2: 100.0, 3: 3.0}
    )
    found = every_cell([PlanVersion(asked, LONG_AGO)], always(1, 2, 3), MONDAY, MONDAY, LATER)
    assert kinds(found)[:2] == [(1, "required", "late", 1), (3, "required", "late", 3)]


def test_the_rest_is_a_day_of_each_hot_spot_also_without_a_window() -> None:
    """An operational day of the spring change has 23 hours, and the one before it 24."""
    saturday = dt.date(2026, 3, 28)
    asked = plan(windows=(Window("week", dt.time(15), dt.time(23), frozenset(range(5))),))
    found = every_cell(
        [PlanVersion(asked, LONG_AGO)], always(1), saturday, saturday + DAY, LATER + 90 * 24 * HOUR
    )
    assert kinds(found) == [(1, "rest", "-", 0)] * 2
    assert len(found.slots) == 0
    # The clocks go forward in the night that still belongs to Saturday.
    assert ((found.end_us - found.start_us) / HOUR).tolist() == [23, 24]


def test_a_slot_knows_whose_duty_counts_and_how_much_must_be_observed() -> None:
    both = plan(windows=(NIGHT, LATE), teams=frozenset({4}), least_observability=0.6)
    found = every_cell([PlanVersion(both, LONG_AGO)], always(1), MONDAY, MONDAY + 4 * DAY, LATER)
    assert found.slots.least.tolist() == [0.6] * 6
    assert [found.slots.staffs[one] for one in found.slots.staff] == [frozenset({4})] * 6
    windows = found.slot != -1
    assert (found.slots.start_us[found.slot[windows]] == found.start_us[windows]).all()
