"""Small random worlds to reckon figures of: four days across the ends of a week and of a month."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st
from plainworld import (
    BRIEF,
    DAY,
    HOUR,
    Away,
    Carried,
    Dark,
    Duty,
    Near,
    Person,
    Stay,
    World,
)

from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window

FRIDAY = dt.date(2026, 1, 30)
DAYS = tuple(FRIDAY + dt.timedelta(days=number) for number in range(4))
SPOTS = (1, 2, 3)
DEVICES = (1, 2, 3)
OFFICERS = (1, 2, 3)
TEAMS = (1, 2)
KEYS = {1: "north", 2: "market", 3: "üst"}
END = 5 * DAY
# Evening, midnight, and the end of the operational day: where windows meet and patrols cross.
LATE, NIGHT, DAWN = dt.time(22), dt.time(23), dt.time(5, 30)
spots, devices = st.sampled_from(SPOTS), st.sampled_from(DEVICES)
officers, teams = st.sampled_from(OFFICERS), st.sampled_from(TEAMS)
# Most of what happens happens about the windows.
moments = st.builds(
    lambda day, hour, half: day * DAY + hour * HOUR + half,
    st.sampled_from([1, 2, 0, 3]),
    st.sampled_from([22, 23, 24, 29, 21, 30]),
    st.integers(0, HOUR - 1),
)


@st.composite
def stays(draw: st.DrawFn) -> Stay:
    enter, length = draw(moments), draw(st.integers(1, 45))
    late, soon = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    return Stay(
        draw(devices),
        draw(spots),
        enter,
        enter + length,
        sure=(enter + late, enter + length - soon),
        outer=(enter - draw(st.integers(0, 6)), enter + length + draw(st.integers(0, 6))),
        enter_seen=draw(st.integers(0, 9)) > 0,
        exit_seen=draw(st.integers(0, 9)) > 0,
        brief=length < BRIEF,
    )


def apart(found: Sequence[Stay]) -> tuple[Stay, ...]:
    """Those without a second visit of one device to one hot spot at one time: there are none."""
    kept: list[Stay] = []
    for stay in found:
        same = [one for one in kept if (one.device, one.hotspot) == (stay.device, stay.hotspot)]
        if all(one.exit < stay.enter or stay.exit < one.enter for one in same):
            kept.append(stay)
    return tuple(kept)


@st.composite
def carried(draw: st.DrawFn, device: int) -> list[Carried]:
    """A device in the hands of one officer after another, or of none."""
    ends = [0, *sorted(draw(st.lists(moments, max_size=3, unique=True))), END]
    hands = [draw(st.sampled_from([1, 2, 3, None])) for _ in ends[1:]]
    return [
        Carried(device, hand, start, end)
        for hand, (start, end) in zip(hands, pairwise(ends), strict=True)
        if hand is not None
    ]


windows = st.sampled_from(
    [
        ((LATE, NIGHT),),
        ((LATE, dt.time(0, 30)),),
        ((LATE, NIGHT), (NIGHT, dt.time(0, 30))),
        ((LATE, dt.time(23, 30)), (NIGHT, dt.time(0, 30))),
        ((NIGHT, dt.time(0, 30)), (DAWN, dt.time(6, 20))),
    ]
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    named = draw(st.sampled_from([frozenset(SPOTS), frozenset({1, 3}), frozenset({2}), None]))
    by_weight = named is not None and draw(st.booleans())
    weights = draw(st.dictionaries(spots, st.sampled_from([0.5, 1, 2, 4, 0.1, 2.3])))
    weekdays = st.sampled_from([frozenset(range(7)), frozenset({4, 5}), frozenset({6, 0})])
    return Plan(
        key="plan",
        name="Plan",
        windows=tuple(
            Window(
                name=f"w{number}",
                start=start,
                end=end,
                weekdays=draw(weekdays),
                patrols=draw(st.integers(1, 4)),
                by_weight=by_weight,
            )
            for number, (start, end) in enumerate(draw(windows))
        ),
        first_day=draw(st.sampled_from(DAYS[:2])),
        hotspots=named,
        weights={spot: one for spot, one in weights.items() if spot in (named or ())},
        trial=None if named is None else draw(trials(sorted(named))),
        keys=KEYS,
        teams=draw(st.one_of(st.none(), st.frozensets(teams, min_size=1))),
    )


@st.composite
def trials(draw: st.DrawFn, named: list[int]) -> DrawnTrial | ListedTrial | None:
    drawn = st.builds(DrawnTrial, st.integers(0, 99), st.integers(1, len(named)))
    listable = st.tuples(st.sampled_from(named), st.sampled_from(DAYS[1:]))
    listed = st.builds(
        ListedTrial, st.dictionaries(listable, st.booleans(), min_size=1, max_size=8)
    )
    return draw(st.one_of(drawn, listed, st.none()))


stretches = st.builds(
    lambda start, length: (start, start + length), moments, st.sampled_from([90, 31, 400, 1])
)
briefly = st.builds(lambda start, length: (start, start + length), moments, st.integers(1, 20))
reasons = st.sampled_from(["football", "roads policing"])
aways = st.one_of(
    st.builds(lambda at, why, who: Away(at[0], at[1], why, who), stretches, reasons, officers),
    st.builds(lambda at, why, who: Away(at[0], at[1], why, team=who), stretches, reasons, teams),
    st.builds(lambda at, why: Away(at[0], at[1], why), stretches, reasons),
)
cells = st.tuples(spots, st.sampled_from(DAYS), st.sampled_from(["w0", "w1"]))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Worlds of which everything may be asked; of some, duty times are unknown."""
    least = draw(st.sampled_from([1, 0]))
    return World(
        date=FRIDAY,
        plan=draw(plans()),
        spots={1: FRIDAY, 2: FRIDAY, 3: DAYS[2]},
        as_at=draw(st.one_of(st.just(END), moments)),
        stays=apart(draw(st.lists(stays(), min_size=4, max_size=14))),
        carried=tuple(held for device in DEVICES for held in draw(carried(device))),
        people={1: Person(1, "Police"), 2: Person(2, "Police"), 3: Person(None, "Council")},
        kinds={1: "radio", 2: "radio", 3: "phone"},
        duty=tuple(
            Duty(officer, *when)
            for officer in OFFICERS
            for when in draw(st.lists(stretches, min_size=least, max_size=4))
        ),
        away=tuple(draw(st.lists(aways, min_size=1, max_size=3))),
        dark=tuple(
            Dark(draw(devices), *when) for when in draw(st.lists(stretches, min_size=2, max_size=6))
        ),
        near=tuple(
            Near(draw(devices), draw(spots), *when) for when in draw(st.lists(briefly, max_size=5))
        ),
        answers=draw(st.frozensets(cells, max_size=4)),
    )
