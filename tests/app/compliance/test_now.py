import datetime as dt
from dataclasses import replace

import pytest
from scenes import DAY, LATE, PLAN, Stay, scene, us

from app.compliance.calendar import Calendar
from app.compliance.figures import Share
from app.compliance.now import Slot, Standing, State, standing
from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window
from app.compliance.scene import Scene, first_day, record
from app.compliance.shifts import Observability


def slot_of(given: Scene) -> Slot:
    [slot] = standing(given, record(given))
    return slot


def spots(given: Scene) -> dict[int, Standing]:
    return {spot.hotspot: spot for spot in slot_of(given).hotspots}


def states(given: Scene) -> list[tuple[int, str]]:
    return [(spot.hotspot, str(spot.state)) for spot in slot_of(given).hotspots]


def test_each_hot_spot_says_what_it_is_owed_the_most_urgent_first() -> None:
    given = scene(
        70,
        Stay(1, 1, 10, 22),
        Stay(2, 2, 64, 69.5, open=True),
        Stay(1, 4, 30, 34),
        answered=[3],
        spots=5,
    )
    assert states(given) == [
        (5, "overdue"),
        (4, "due"),
        (3, "answered"),
        (2, "being_patrolled"),
        (1, "done"),
    ]
    found = spots(given)
    counts = {n: (spot.required, spot.made, spot.owed) for n, spot in found.items()}
    assert counts == {1: (1, 1, 0), 2: (1, 0, 1), 3: (1, 0, 1), 4: (1, 0, 1), 5: (1, 0, 1)}
    owed = {n: spot.owed_us / 60e6 for n, spot in found.items()}
    assert owed == {1: 0, 2: 4.5, 3: 10, 4: 6, 5: 10}
    assert found[1].last == (us(10), us(22), us(22))
    assert found[4].last == (us(30), us(34), None)
    assert found[5].last == (None, None, None)


def test_who_is_there_is_told_with_since_when_and_when_they_were_last_seen() -> None:
    # The second of a double crew has just come, and may be passing through.
    given = scene(16, Stay(1, 1, 1, 15.5, open=True), Stay(2, 1, 15, 15.75, open=True))
    inside = spots(given)[1].inside
    assert inside is not None
    assert (inside.devices, inside.since_us, inside.seen_us) == ((1, 2), us(1), us(15.75))
    assert not inside.overstayed
    later = spots(scene(17, Stay(1, 1, 1, 16.5, open=True)))[1].inside
    assert later is not None
    assert later.overstayed
    # Done, and yet somebody is there.
    assert spots(scene(16, Stay(1, 1, 1, 15.5, open=True)))[1].state is State.BEING_PATROLLED


def test_a_visit_that_has_not_ended_by_the_fixes_is_nobodys_who_was_not_told_to_be_there() -> None:
    given = scene(60, Stay(1, 1, 1, 5, open=True), entered=[(1, 2)])
    assert spots(given)[1].inside is None
    # An earlier visit of a device that broke off is open, too; it is in the last.
    given = scene(60, Stay(1, 1, 1, 5, open=True), Stay(1, 1, 50, 59, open=True))
    inside = spots(given)[1].inside
    assert inside is not None
    assert inside.since_us == us(50)


@pytest.mark.parametrize(
    ("now", "stays", "state"),
    [
        (59.9, [], State.DUE),
        (60, [], State.OVERDUE),
        (83.9, [Stay(1, 1, 20, 24)], State.DUE),
        (84, [Stay(1, 1, 20, 24)], State.OVERDUE),
        # Just passing through is no visit.
        (60, [Stay(1, 1, 20, 21)], State.OVERDUE),
        # Before the window nobody waits for it.
        (59.9, [Stay(1, 1, -80, -60)], State.DUE),
        (60, [Stay(1, 1, -80, -60)], State.OVERDUE),
        (200, [Stay(1, 1, 20, 30)], State.DONE),
    ],
)
def test_a_hot_spot_is_overdue_after_an_hour_without_a_visit(
    now: float, stays: list[Stay], state: State
) -> None:
    assert spots(scene(now, *stays))[1].state is state


def test_how_long_is_overdue_is_the_plans_to_say() -> None:
    patient = replace(PLAN, overdue_minutes=90)
    assert spots(scene(89, plan=patient))[1].state is State.DUE
    assert spots(scene(90, plan=patient))[1].state is State.OVERDUE


def test_several_patrols_are_owed_where_the_window_asks_for_them() -> None:
    plan = replace(PLAN, windows=(replace(LATE, patrols=3),))
    spot = spots(scene(100, Stay(1, 1, 10, 22), Stay(1, 1, 40, 46), plan=plan))[1]
    assert (spot.required, spot.made, spot.owed, spot.owed_us / 60e6) == (3, 1, 2, 12)


def test_a_window_shared_by_weight_asks_only_where_its_patrols_go() -> None:
    window = replace(LATE, patrols=3, by_weight=True)
    plan = replace(PLAN, windows=(window,), hotspots=frozenset({1, 2, 3}), weights={1: 4.0})
    assert {n: spot.required for n, spot in spots(scene(1, plan=plan)).items()} == {1: 2, 2: 1}


def test_controls_are_not_asked_for() -> None:
    listed = ListedTrial({(1, DAY): True, (2, DAY): False})
    assert list(spots(scene(1, plan=replace(PLAN, trial=listed)))) == [1]
    names = {1: "a", 2: "b", 3: "c"}
    drawn = replace(PLAN, hotspots=frozenset(names), keys=names, trial=DrawnTrial(7, 2))
    assert len(spots(scene(1, plan=drawn))) == 2


@pytest.mark.parametrize(
    ("now", "stays", "projected", "at_risk"),
    [
        (0, [Stay(1, 1, -5, 10)], None, False),
        # Too early to warn, though it does not look well.
        (119, [], 0, False),
        (120, [], 0, True),
        (120, [Stay(1, 1, 10, 20)], 1, False),
        (240, [Stay(1, 1, 10, 20)], 0.5, True),
        # Whoever is inside is counted as though they stayed.
        (240, [Stay(1, 1, 10, 20), Stay(1, 2, 237, 239, open=True)], 1, False),
        (240, [Stay(1, 1, 10, 20), Stay(1, 1, 237, 239, open=True)], 0.5, True),
    ],
)
def test_a_window_is_projected_to_go_on_at_its_rate(
    now: float, stays: list[Stay], projected: float | None, at_risk: bool
) -> None:
    slot = slot_of(scene(now, *stays))
    assert (slot.projected, slot.at_risk) == (projected, at_risk)


def test_coverage_so_far_has_its_range() -> None:
    # Surely 9.5 minutes and at most 11.5; surely 7 and at most 9.
    slot = slot_of(scene(60, Stay(1, 1, 10, 20.5), Stay(1, 2, 30, 38)))
    assert (slot.covered, slot.coverage) == (1, Share(0.25, 0.0, 0.25, 4))


@pytest.mark.parametrize(
    ("now", "observed", "share", "tracked", "measurable"),
    [
        # The first hour can be judged ten minutes after it.
        (69, [60], None, 0, None),
        (70, [60], 1, 60, True),
        (190, [60, 54, 30], 0.8, 180, True),
        (190, [60, 54, 29], 143 / 180, 180, False),
        (190, [], 0, 180, False),
    ],
)
def test_where_too_little_was_observed_nobody_is_overdue_and_nothing_projected(
    now: float, observed: list[int], share: float | None, tracked: int, measurable: bool | None
) -> None:
    slot = slot_of(scene(now, Stay(1, 1, 10, 20.5), observed=observed))
    assert (slot.observability, slot.measurable) == (Observability(share, tracked), measurable)
    known = measurable is not False
    assert slot.coverage == Share(0.25 if known else None, 0.0, 0.25 if known else 1.0, 4)
    assert slot.at_risk == (known and now >= 120)
    assert (slot.projected is None) != known
    late = State.OVERDUE if known else State.NOT_MEASURABLE
    assert [str(spot.state) for spot in slot.hotspots] == [late] * 3 + [State.DONE]


def test_a_window_that_is_over_is_judged_as_it_stood_at_its_end() -> None:
    stays = [Stay(1, 1, 475, 485), Stay(1, 2, 488, 500, open=True)]
    slot = slot_of(scene(490, *stays, back=15))
    assert slot.at_us == us(480)
    found = {spot.hotspot: spot for spot in slot.hotspots}
    assert found[1].state is State.BEING_PATROLLED
    assert found[1].last.ended_us == us(480)
    # Who came after it is none of its business.
    assert found[2].state is State.OVERDUE
    assert slot.projected == 0.25
    over = scene(495, *stays, back=15)
    assert standing(over, record(over)) == []


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 2), ("2026-10-25", 4)])
def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is(day: str, hours: int) -> None:
    night = Window("night", dt.time(0), dt.time(3))
    sunday = dt.date.fromisoformat(day)
    plan = Plan("p", "Nights", (night,), sunday - dt.timedelta(days=1))
    midnight = Calendar().at(sunday, dt.time(0))
    passed = (midnight - us(0)) // 60_000_000
    slot = slot_of(scene(passed + 60, Stay(1, 1, passed + 10, passed + 20), plan=plan))
    assert (slot.end_us - slot.start_us) / 3600e6 == hours
    assert slot.projected == min(1.0, 0.25 * hours)
    assert dt.date.fromordinal(slot.day) == sunday - dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "back", "found"),
    [(-1, 0, None), (0, 0, DAY), (479, 0, DAY), (480, 0, None), (490, 15, DAY), (495, 15, None)],
)
def test_nothing_is_looked_at_while_no_window_is_on(
    now: float, back: float, found: dt.date | None
) -> None:
    last = replace(PLAN, last_day=DAY)
    assert first_day(scene(now, plan=last).plans, us(now - back), us(now)) == found
