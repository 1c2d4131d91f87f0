import datetime as dt
import subprocess

import numpy as np

from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window
from app.compliance.trial import arms

DAY = dt.date(2026, 1, 16)
KEYS = {7: "HS7", 3: "HS3", 5: "Bahnhofstraße"}


def plan(trial: DrawnTrial | ListedTrial | None) -> Plan:
    window = Window("late", dt.time(15), dt.time(23))
    spots = frozenset(KEYS)
    return Plan("p", "P", (window,), DAY, hotspots=spots, keys=KEYS, trial=trial)


def split(
    trial: DrawnTrial | ListedTrial | None, *spots: int, day: dt.date = DAY
) -> list[list[int]]:
    return [arm.tolist() for arm in arms(plan(trial), day, np.array(spots, dtype=np.int64))]


def test_without_a_trial_all_are_under_treatment() -> None:
    assert split(None, 3, 5, 7) == [[3, 5, 7], []]


def test_lots_can_be_drawn_again_with_another_tool() -> None:
    lots = {
        spot: subprocess.run(
            ["sha256sum"], input=f"42:2026-01-16:{key}".encode(), capture_output=True, check=True
        ).stdout
        for spot, key in KEYS.items()
    }
    first, second, third = sorted(lots, key=lots.__getitem__)
    assert split(DrawnTrial(42, 1), 3, 5, 7) == [[first], sorted((second, third))]
    assert split(DrawnTrial(42, 2), 3, 5, 7) == [sorted((first, second)), [third]]


def test_of_fewer_hot_spots_than_are_to_be_treated_all_are() -> None:
    assert split(DrawnTrial(42, 3), 3, 5) == [[3, 5], []]


def test_each_day_is_drawn_for_itself() -> None:
    days = [DAY + dt.timedelta(days=n) for n in range(60)]
    treated = [split(DrawnTrial(1, 1), 3, 5, 7, day=day)[0][0] for day in days]
    # Of 60 fair draws of one in three, each has between 8 and 32 but in one of ten thousand seeds.
    assert all(8 <= treated.count(spot) <= 32 for spot in KEYS)


def test_what_is_not_listed_is_in_no_arm() -> None:
    listed = ListedTrial({(3, DAY): True, (5, DAY): False, (7, DAY + dt.timedelta(days=1)): True})
    assert split(listed, 3, 5, 7) == [[3], [5]]
