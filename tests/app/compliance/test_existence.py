import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from app.compliance.calendar import Calendar
from app.compliance.cells import NEVER_US, HotspotVersions
from app.compliance.existence import days_of, notes, require_valid
from app.compliance.plan import ListedTrial, Plan, PlanError, Window

CALENDAR = Calendar()
FEBRUARY = dt.date(2026, 2, 1)


def start_of(text: str) -> int:
    return CALENDAR.start_of(dt.date.fromisoformat(text))


# Hot spot 1 is there from 1 February on, 2 in January only, 3 is withdrawn, 4 all the time, in two
# versions, and 5 was moved from January to March.
SPOTS = HotspotVersions(
    *np.array(
        [
            (1, start_of("2026-02-01"), NEVER_US, 0, NEVER_US),
            (2, start_of("2026-01-01"), start_of("2026-02-01"), 0, NEVER_US),
            (3, start_of("2026-01-01"), NEVER_US, 0, 5),
            (4, start_of("2026-01-20"), NEVER_US, 0, NEVER_US),
            (4, start_of("2025-01-01"), start_of("2026-01-20"), 0, NEVER_US),
            (5, start_of("2026-01-01"), NEVER_US, 0, 5),
            (5, start_of("2026-03-01"), NEVER_US, 5, NEVER_US),
        ],
        np.int64,
    ).T
)
KEYS = {number: f"HS{number}" for number in range(1, 6)}


def plan(*listed: tuple[int, dt.date], last_day: dt.date | None = None) -> Plan:
    return Plan(
        key="autumn",
        name="Autumn",
        windows=(Window("late", dt.time(15), dt.time(23)),),
        first_day=dt.date(2026, 1, 1),
        last_day=last_day,
        hotspots=frozenset(KEYS),
        keys=KEYS,
        trial=ListedTrial(dict.fromkeys(listed, True)) if listed else None,
    )


def test_a_hot_spot_is_there_from_its_first_day_to_its_last() -> None:
    assert days_of(plan(), SPOTS, known_us=5) == {
        1: (FEBRUARY, None),
        2: (dt.date(2026, 1, 1), dt.date(2026, 1, 31)),
        4: (dt.date(2025, 1, 1), None),
        5: (dt.date(2026, 3, 1), None),
    }
    assert days_of(plan(), SPOTS, known_us=4)[5] == (dt.date(2026, 1, 1), None)


def test_notes_tell_which_hot_spots_are_not_there_on_all_days_of_the_plan() -> None:
    asked = plan()
    assert notes(asked, days_of(asked, SPOTS, known_us=5)) == [
        "HS3: valid on no day, so that nothing is asked for there",
        "HS1: valid from 2026-02-01 on, so that nothing is asked for there before",
        "HS5: valid from 2026-03-01 on, so that nothing is asked for there before",
        "HS2: valid until 2026-01-31, so that nothing is asked for there after",
    ]
    asked = plan(last_day=dt.date(2026, 1, 31))
    assert not any("HS2" in note for note in notes(asked, days_of(asked, SPOTS, known_us=4)))


def test_of_many_hot_spots_the_first_are_named_and_the_others_counted() -> None:
    keys = {number: f"HS{number}" for number in range(1, 9)}
    asked = replace(plan(), hotspots=frozenset(keys), keys=keys)
    (note,) = notes(asked, {})
    assert note.startswith("HS1, HS2, HS3, HS4, HS5 and 3 more: valid on no day")


@pytest.mark.parametrize(
    ("place_day", "said"),
    [
        ((1, dt.date(2026, 1, 31)), "HS1 is not valid on 2026-01-31: it is from 2026-02-01 on"),
        ((2, FEBRUARY), "HS2 is not valid on 2026-02-01: it is from 2026-01-01 to 2026-01-31"),
        ((3, FEBRUARY), "HS3 is valid on no day"),
    ],
)
def test_a_trial_lists_no_hot_spot_on_a_day_on_which_it_is_not_valid(
    place_day: tuple[int, dt.date], said: str
) -> None:
    listed = (1, FEBRUARY), (2, dt.date(2026, 1, 31))
    asked = plan(*listed, place_day)
    with pytest.raises(PlanError) as caught:
        require_valid(asked, days_of(asked, SPOTS, known_us=5))
    assert str(caught.value) == f"trial.days[2]: {said}"
    asked = plan(*listed)
    require_valid(asked, days_of(asked, SPOTS, known_us=5))
