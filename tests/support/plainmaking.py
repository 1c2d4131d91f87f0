"""Small random worlds to reckon figures of: four days across the ends of a week and of a month.

What happens, happens about the windows, at times and for lengths at which verdicts turn.
"""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from hypothesis import strategies as st
from plainworld import (
    BRIEF,
    DAY,
    HOUR,
    MINUTE,
    Away,
    Carried,
    Dark,
    Duty,
    Near,
    Person,
    Stay,
    World,
)

from app.compliance.calendar import Calendar
from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window

FRIDAY = dt.date(2026, 1, 30)
END = 5 * DAY
KEYS = {1: "north", 2: "market", 3: "üst"}
PEOPLE = {1: Person(1, "Police"), 2: Person(2, "Police"), 3: Person(None, "Council")}
KINDS = {1: "radio", 2: "radio", 3: "phone"}
DAY_STARTS = (dt.time(6), dt.time(6), dt.time(6), dt.time(), dt.time(22, 30))
LATE, NIGHT, SOON = dt.time(22), dt.time(23), dt.time(0, 30)
# One window; two that meet, that overlap, and one over the end of the operational day.
WINDOWS = (
    ((LATE, SOON),),
    ((LATE, NIGHT), (NIGHT, SOON)),
    ((LATE, dt.time(23, 30)), (NIGHT, SOON)),
    ((LATE, SOON), (dt.time(5, 30), dt.time(6, 20))),
)
# About what makes a pass-through, a patrol, one that qualifies, and a surplus; in half minutes.
LENGTHS = (3, 3, 4, 10, 14, 19, 20, 20, 21, 24, 25, 30, 31, 42)
WEIGHTS: tuple[dict[int, float], ...] = ({1: 4.0}, {2: 4.0}, {1: 0.1, 3: 2.5}, {3: 0.5}, {})


def days(friday: dt.date = FRIDAY) -> tuple[dt.date, ...]:
    """The four days of a world."""
    return tuple(friday + dt.timedelta(days=number) for number in range(4))


def random_world(random: Random, friday: dt.date = FRIDAY) -> World:
    """A world of which everything may be asked; of some, duty times are unknown."""
    plan = _plan(random, days(friday))
    rostered = KEYS if random.random() < 0.7 else ()
    stays = [_stay(random) for _ in range(random.randint(8, 24))]
    return World(
        date=friday,
        plan=plan,
        spots={1: friday, 2: friday, 3: days(friday)[random.randint(0, 2)]},
        as_at=random.choice([END, 2 * DAY + 23 * HOUR + 10 * MINUTE - random.randint(0, 1)]),
        stays=_apart(stays),
        carried=tuple(held for device in KINDS for held in _carried(random, device)),
        people=PEOPLE,
        kinds=KINDS,
        duty=tuple(Duty(officer, *_stretch(random)) for officer in rostered for _ in range(4)),
        away=tuple(_away(random) for _ in range(random.randint(0, 4))),
        dark=tuple(
            Dark(random.choice((1, 2, 3)), *_stretch(random)) for _ in range(random.randint(0, 8))
        ),
        near=tuple(
            Near(random.choice((1, 2, 3)), random.choice((1, 2, 3)), start, start + 15)
            for start in (_moment(random) for _ in range(5))
        ),
        answers=frozenset(
            (spot, random.choice(days(friday)), random.choice(("w0", "w1"))) for spot in KEYS
        ),
    )


def _moment(random: Random) -> int:
    """By the five minutes, so that much happens at one time."""
    hour = random.choice((22, 22, 22, 23, 23, 24, 29, 30))
    return random.choice((0, 1, 1, 1, 2, 2, 3)) * DAY + hour * HOUR + 10 * random.randint(0, 11)


def _stretch(random: Random) -> tuple[int, int]:
    start = _moment(random)
    return start, start + random.choice((1, 31, 60, 120, 240, 300))


def _stay(random: Random) -> Stay:
    start, length = _moment(random), random.choice(LENGTHS)
    wide = [random.choice((0, 1, 2, 8)) for _ in range(2)]
    return Stay(
        random.choice((1, 2, 3)),
        random.choice((1, 2, 3)),
        start,
        start + length,
        sure=(start + random.choice((0, 1, 2)), start + length - random.choice((0, 1, 2))),
        outer=(start - wide[0], start + length + wide[1]),
        enter_seen=random.random() < 0.7,
        exit_seen=random.random() < 0.7,
        brief=length < BRIEF,
    )


def _apart(stays: Sequence[Stay]) -> tuple[Stay, ...]:
    """Without a device's second visit to a hot spot at one time: they would be one visit."""
    kept: list[Stay] = []
    for stay in stays:
        same = [one for one in kept if (one.device, one.hotspot) == (stay.device, stay.hotspot)]
        if all(one.exit < stay.enter or stay.exit < one.enter for one in same):
            kept.append(stay)
    return tuple(kept)


def _carried(random: Random, device: int) -> list[Carried]:
    """A device in the hands of one officer after another, or of none."""
    changes = sorted({_moment(random) for _ in range(random.randint(0, 4))})
    return [
        Carried(device, officer, start, end)
        for start, end in pairwise([0, *changes, END])
        for officer in [random.choice((1, 2, 3, None))]
        if officer is not None
    ]


def _away(random: Random) -> Away:
    start, end = _stretch(random)
    reason = random.choice(("football", "roads policing"))
    match random.randint(0, 2):
        case 0:
            return Away(start, end, reason, officer=random.choice((1, 2, 3)))
        case 1:
            return Away(start, end, reason, team=random.choice((1, 2)))
        case _:
            return Away(start, end, reason)


def _plan(random: Random, days: Sequence[dt.date]) -> Plan:
    named = random.choice([frozenset(KEYS), frozenset(KEYS), frozenset({1, 3}), None])
    by_weight = named is not None and random.random() < 0.5
    everyday, some = frozenset(range(7)), frozenset({5, 0})
    return Plan(
        key="plan",
        name="Plan",
        windows=tuple(
            Window(
                name=f"w{number}",
                start=start,
                end=end,
                weekdays=random.choice((everyday, everyday, some)),
                patrols=random.choice((2, 3, 4, 5) if by_weight else (1, 1, 2)),
                by_weight=by_weight,
            )
            for number, (start, end) in enumerate(random.choice(WINDOWS))
        ),
        first_day=random.choice(days[:2]),
        hotspots=named,
        weights={
            spot: one for spot, one in random.choice(WEIGHTS).items() if spot in (named or ())
        },
        trial=None if named is None else _trial(random, sorted(named), days),
        keys=KEYS,
        teams=random.choice([None, frozenset({1}), frozenset({1, 2})]),
        calendar=Calendar(day_start=random.choice(DAY_STARTS)),
    )


def _trial(
    random: Random, named: Sequence[int], days: Sequence[dt.date]
) -> DrawnTrial | ListedTrial | None:
    match random.randint(0, 3):
        case 0:
            return DrawnTrial(seed=random.randint(0, 99), treated=random.randint(1, len(named)))
        case 1:
            arms = {(spot, day): random.random() < 0.5 for spot in named for day in days[1:]}
            return ListedTrial(dict(random.sample(sorted(arms.items()), len(arms) - 1)))
        case _:
            return None


# Not hypothesis' own Random: its numbers are mostly small, and so would be the worlds.
WORLDS = st.randoms(use_true_random=True).map(random_world)
