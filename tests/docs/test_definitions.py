"""The worked examples of docs/definitions.md: worked out, reckoned plainly, and reported."""

import datetime as dt
import operator
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache, reduce

import plaincolumns
import plainfigures
import pytest
import worked
from plainduty import Maker
from plainfound import Found, find
from plainworld import MINUTE, World, lot
from worked import Claim

from app.compliance.cells import PlanVersion
from app.compliance.groups import Grouping, Key, Period
from app.compliance.happenings import AlreadyTold, happenings
from app.compliance.now import standing
from app.compliance.report import Report, report
from app.compliance.scene import Scene, record

WORLDS = worked.worlds()
CLAIMS = worked.claims()


def named(claim: Claim) -> str:
    return f"{claim.world} {claim.by} {claim.key} {claim.figure}"


def told(numbers: plainfigures.Numbers, figure: str) -> float | None:
    """A figure by its name; of one with a range its value."""
    found: object = reduce(operator.getitem, figure.split("."), numbers)
    value = found["value"] if isinstance(found, dict) else found
    assert value is None or isinstance(value, int | float)
    return value


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_the_arithmetic_comes_to_what_is_printed(claim: Claim) -> None:
    if claim.rounded is None:
        assert claim.value is None
    else:
        printed, within = claim.rounded
        assert claim.value == pytest.approx(printed, abs=within)


def plainly(world: World, claim: Claim) -> plainfigures.Numbers:
    first, last = world.plan.first_day, world.plan.last_day or world.plan.first_day
    if claim.by in {"officer", "team"}:
        return plainfigures.total(find(world, first, last, maker(world, claim)))
    found = find(world, first, last)
    if claim.by == "total":
        return plainfigures.total(found)
    return plainfigures.by(found, claim.by)[key(claim)]


def maker(world: World, claim: Claim) -> Maker:
    if claim.by == "officer":
        return Maker(frozenset({worked.OFFICERS[claim.key]}))
    team = worked.TEAMS[claim.key]
    return Maker(frozenset(who for who, person in world.people.items() if person.team == team))


def key(claim: Claim) -> Key:
    """As a report has it."""
    ids = {"hotspot": worked.SPOTS, "team": worked.TEAMS, "officer": worked.OFFICERS}
    if claim.by in ids:
        return ids[claim.by][claim.key]
    if claim.by == "week":
        return dt.date.fromisoformat(claim.key)
    if claim.by == "shift":
        day, window = claim.key.split()
        return dt.date.fromisoformat(day), window
    return claim.key


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_a_plain_reading_of_the_definitions_gives_the_same(claim: Claim) -> None:
    numbers = plainly(WORLDS[claim.world], claim)
    assert told(numbers, claim.figure) == pytest.approx(claim.value)


@cache
def reported(world: str, by: Grouping) -> Report:
    plan = WORLDS[world].plan
    period = Period(plan.first_day, plan.last_day or plan.first_day)
    return report(plaincolumns.evidence(WORLDS[world]), period, by)


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_the_report_says_the_same(claim: Claim) -> None:
    answer = reported(claim.world, claim.by)
    rows = {
        row.key: asdict(row.figures) | (asdict(row.trend) if row.trend else {})
        for row in answer.rows
    }
    numbers = asdict(answer.total) if claim.by == "total" else rows[key(claim)]
    assert told(numbers, claim.figure) == pytest.approx(claim.value)


def test_the_lots_are_what_anybody_can_draw() -> None:
    drawn = worked.rows_of("", "lots")
    assert (
        [row["lot"] for row in drawn]
        == [lot(1, worked.DAY, row["hot spot"]) for row in drawn]
        == sorted(row["lot"] for row in drawn)
    )
    assert [row["arm"] for row in drawn] == ["treatment", "treatment", "control"]


def test_the_evening_s_patrols_are_those_of_the_page() -> None:
    found = find(WORLDS["evening"], worked.DAY, worked.DAY)
    assert sorted(patrols_told(found)) == sorted(
        tuple(row.values()) for row in worked.rows_of("evening", "patrols")
    )


def patrols_told(found: Found) -> Iterator[tuple[str, ...]]:
    names = {number: key for key, number in worked.SPOTS.items()}
    for row, patrols in found.got.patrols.items():
        for patrol in patrols:
            lengths = (patrol.length, len(patrol.sure), len(patrol.outer))
            yield (
                f"{clock(patrol.start)} to {clock(patrol.end)}",
                names[patrol.hotspot],
                row.window or "none",
                *(f"{length / MINUTE:g}" for length in lengths),
                ("yes" if patrol.qualifies(found.minimum) else "no") if row.window else "",
                ("uncertain" if patrol.uncertain(found.minimum) else "sure") if row.window else "",
            )


def clock(tick: int) -> str:
    midnight = dt.datetime.combine(worked.DAY, dt.time())
    time = (midnight + dt.timedelta(seconds=30 * tick)).time().isoformat()
    return time.removesuffix(":00")


@pytest.mark.parametrize("found_by", ["19:29", "19:59", "23:00"])
def test_of_the_evening_people_are_told_what_the_page_says(found_by: str) -> None:
    rows = [row for row in worked.rows_of("evening", "events") if row["found by"] == found_by]
    kinds = {row["event"] for row in rows}
    assert sorted(told for told in events(found_by) if told[0] in kinds) == sorted(
        (row["event"], row["hot spot"], row["time"]) for row in rows
    )


def events(time: str) -> Iterator[tuple[str, str, str]]:
    """What would have been raised at a moment, by what was over then."""
    world = WORLDS["evening"]
    now = world.at(worked.DAY, dt.time.fromisoformat(time))
    scene = scene_of(
        replace(world, stays=tuple(stay for stay in world.stays if stay.exit <= now)), now
    )
    done = record(scene)
    names = {number: key for key, number in worked.SPOTS.items()}
    for found in happenings(scene, done, standing(scene, done), AlreadyTold(())):
        when = dt.datetime.fromtimestamp(found.time_us / 1e6, scene.calendar.zone)
        yield found.key.kind, names.get(found.key.hotspot, ""), f"{when:%H:%M}"


def scene_of(world: World, now: int) -> Scene:
    return Scene(
        plans=[PlanVersion(world.plan, known_from_us=0)],
        hotspots=plaincolumns.hotspots(world),
        visits=plaincolumns.visits(world),
        assignments=plaincolumns.assignments(world),
        duty=plaincolumns.duty(world),
        officers=plaincolumns.officers(world),
        hours=plaincolumns.hours(world),
        answers=plaincolumns.answers(world),
        entered=(),
        first=worked.DAY,
        since_us=plaincolumns.moment(world, now) - 4 * 3_600_000_000,
        now_us=plaincolumns.moment(world, now),
    )
