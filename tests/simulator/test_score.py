"""The score of visits made by hand, whose agreement with the truth can be counted on fingers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from simulator import make
from simulator.score import LIMITS, Agreement, Score, VisitRow, breaches, score
from simulator.truth import TrueVisit, Truth

SCENARIO = make(1, date(2026, 3, 6))


def true(enter_s: int, exit_s: int, device: str = "phone-1", hotspot: str = "HS01") -> TrueVisit:
    return TrueVisit(device, hotspot, enter_s, exit_s)


def row(
    enter_s: float,
    exit_s: float,
    *,
    margin_s: float = 30.0,
    seen: bool = True,
    device: str = "phone-1",
    hotspot: str = "HS01",
) -> VisitRow:
    dwell_s = exit_s - enter_s
    return {
        "device": device,
        "hotspot": hotspot,
        "enter": (SCENARIO.start + timedelta(seconds=enter_s)).isoformat(),
        "exit": (SCENARIO.start + timedelta(seconds=exit_s)).isoformat(),
        "dwell_s": dwell_s,
        "low_s": max(dwell_s - margin_s, 0.0),
        "high_s": dwell_s + margin_s,
        "enter_seen": seen,
        "exit_seen": seen,
        "pass_through": dwell_s < 120,
    }


def scored(rows: Sequence[VisitRow], visits: Sequence[TrueVisit]) -> Score:
    return score(rows, replace(SCENARIO, truth=Truth(tuple(visits), {"HS01": 0})))


def phones(rows: Sequence[VisitRow], visits: Sequence[TrueVisit]) -> Agreement:
    return next(found for found in scored(rows, visits).kinds if found.kind == "phone")


def test_bias_and_rms_are_of_reported_minus_true_dwell() -> None:
    found = phones([row(100, 930), row(2000, 2760)], [true(100, 900), true(2000, 2800)])
    assert (found.true, found.missed, found.invented) == (2, 0, 0)
    assert found.bias_s == pytest.approx((30 - 40) / 2)
    assert found.rms_s == pytest.approx(((30**2 + 40**2) / 2) ** 0.5)


def test_bounds_hold_a_true_dwell_to_the_second() -> None:
    visits = [true(0, 800), true(2000, 2800), true(4000, 4800)]
    rows = [row(0, 830), row(2000, 2831.5), row(4000, 4860)]
    assert phones(rows, visits).within_bounds == pytest.approx(1 / 3)


def test_a_visit_that_nothing_overlaps_is_missed_and_one_on_nothing_is_invented() -> None:
    found = phones([row(3000, 3300)], [true(0, 700)])
    assert (found.true, found.missed, found.invented) == (1, 1, 1)


def test_the_same_times_at_another_hot_spot_or_of_another_device_do_not_match() -> None:
    rows = [row(0, 700, hotspot="HS02"), row(0, 700, device="phone-3")]
    found = phones(rows, [true(0, 700)])
    assert (found.missed, found.invented) == (1, 2)


def test_short_passes_neither_count_as_missed_nor_as_invented() -> None:
    found = phones([row(3000, 3100)], [true(0, 119)])
    assert (found.true, found.missed, found.invented) == (0, 0, 0)


def test_an_interrupted_visit_counts_for_the_bounds_and_not_for_the_error() -> None:
    whole, broken = true(0, 800), replace(true(2000, 2800), interrupted=True)
    found = phones([row(0, 810), row(2000, 2300)], [whole, broken])
    assert (found.true, found.interrupted) == (2, 1)
    assert found.rms_s == pytest.approx(10)
    assert found.within_bounds == 0.5


def test_a_visit_reported_in_two_parts_is_divided_and_the_longer_part_stands_for_it() -> None:
    whole = [true(2000, 2800)]
    found = phones([row(0, 300), row(400, 1000), row(2000, 2810)], [true(0, 1000), *whole])
    assert (found.missed, found.invented, found.divided) == (0, 0, 1)
    assert found.bias_s == pytest.approx(10)
    assert found.within_bounds == 0.5


def test_a_reported_visit_stands_for_one_true_visit_only() -> None:
    found = phones([row(0, 1500)], [true(0, 600), true(800, 1500)])
    assert (found.missed, found.divided) == (1, 1)


@pytest.mark.parametrize(
    ("reported", "visit", "sure", "wrong"),
    [
        (row(0, 640), true(0, 640), 1, 0),  # low is 610: at least ten minutes, and it was
        (row(0, 640), true(0, 590), 1, 1),
        (row(0, 620), true(0, 590), 0, 0),  # from 590 to 650: no verdict
        (row(0, 560), true(0, 590), 1, 0),  # high is 590: not ten minutes
        (row(0, 560), true(0, 640), 1, 1),
        (row(0, 560, seen=False), true(0, 640), 0, 0),
        (row(3000, 3700), true(0, 640), 1, 1),  # ten minutes, surely, of nothing at all
        (row(3000, 3300), true(0, 640), 0, 0),
    ],
)
def test_sure_verdicts_are_held_against_the_truth(
    reported: VisitRow, visit: TrueVisit, sure: int, wrong: int
) -> None:
    found = phones([reported], [visit])
    assert (found.sure, found.wrong) == (sure, wrong)


def test_the_total_is_over_all_kinds() -> None:
    rows = [row(0, 700), row(0, 740, device="radio-1")]
    found = scored(rows, [true(0, 700), true(0, 700, device="radio-1")])
    assert [kind.kind for kind in found.kinds] == ["radio", "phone", "handheld"]
    assert [kind.true for kind in found.kinds] == [1, 1, 0]
    assert found.total.true == 2
    assert found.total.bias_s == pytest.approx(20)


GOOD = Agreement(
    kind="phone",
    true=30,
    missed=0,
    interrupted=2,
    divided=0,
    bias_s=0.0,
    rms_s=5.0,
    within_bounds=1.0,
    invented=0,
    sure=25,
    wrong=0,
)


def told(found: Agreement) -> list[str]:
    return breaches(Score((found,), found))


def test_a_good_agreement_breaks_no_limit() -> None:
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("worse", "sentence"),
    [
        (replace(GOOD, bias_s=-60.0), "phone: bias -60.0 s"),
        (replace(GOOD, rms_s=300.0), "phone: RMS error 300.0 s"),
        (replace(GOOD, within_bounds=0.5), "phone: 50% of true dwells within their bounds"),
        (replace(GOOD, missed=9), "phone: 9 of 30 visits missed"),
        (replace(GOOD, divided=9), "phone: 9 of 30 visits divided"),
        (replace(GOOD, invented=9), "phone: 9 visits invented"),
        (replace(GOOD, wrong=9), "phone: 9 of 25 sure verdicts wrong"),
    ],
)
def test_each_limit_is_told_by_name(worse: Agreement, sentence: str) -> None:
    assert told(worse) == [sentence]


def test_figures_of_nothing_found_do_not_pass() -> None:
    nothing = phones([], [true(0, 700)] * LIMITS["phone"].missed + [true(0, 700)])
    assert len(told(nothing)) == 4
