"""The report beside a plain reading of the definitions, on small random worlds."""

from collections.abc import Mapping
from dataclasses import asdict

import plaincompanions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plaincolumns import evidence
from plainduty import Maker
from plainfigures import Numbers, by, total
from plainfound import find
from plainmaking import WORLDS, days
from plainworld import World

from app.compliance.figures import Figures
from app.compliance.groups import Key, Makers, Parts, Period
from app.compliance.report import report

_, FIRST, LAST, _ = days()
PERIOD = Period(FIRST, LAST)
PARTS: tuple[Parts, ...] = ("hotspot", "window", "shift", "day", "week", "month")
MAKERS: tuple[Makers, ...] = ("team", "organisation", "source", "officer")


def same(told: Mapping[str, object], numbers: Numbers) -> None:
    """All that is told is what it is reckoned to be."""
    for name, value in told.items():
        expected = numbers[name]
        if isinstance(value, dict):
            same(value, expected)
        else:
            assert value == pytest.approx(expected), name


@given(WORLDS)
@settings(max_examples=80)
def test_totals_are_what_the_definitions_say(world: World) -> None:
    answer, found = report(evidence(world), PERIOD, "total"), find(world, FIRST, LAST)
    same(asdict(answer.total), total(found))
    assert answer.abstractions == pytest.approx(plaincompanions.reasons(found))


@given(WORLDS, st.sampled_from(PARTS))
@settings(max_examples=80)
def test_rows_of_places_and_times_are_what_the_definitions_say(world: World, parts: Parts) -> None:
    answer = report(evidence(world), PERIOD, parts)
    expected = by(find(world, FIRST, LAST), parts)
    assert len(answer.rows) == len(expected)
    for row in answer.rows:
        same(asdict(row.figures) | (asdict(row.trend) if row.trend else {}), expected[row.key])


def maker(world: World, makers: Makers, key: Key) -> Maker:
    """Who stands behind a row."""
    if makers == "source":
        return Maker(devices=frozenset(one for one, kind in world.kinds.items() if kind == key))
    mine = {
        officer
        for officer, person in world.people.items()
        if {"team": person.team, "organisation": person.organisation}.get(makers, officer) == key
    }
    return Maker(frozenset(mine | ({None} if key is None else set())))


@given(WORLDS, st.sampled_from(MAKERS))
@settings(max_examples=40)
def test_rows_of_makers_are_what_the_definitions_say(world: World, makers: Makers) -> None:
    answer = report(evidence(world), PERIOD, makers)
    for row in answer.rows:
        same(asdict(row.figures), total(find(world, FIRST, LAST, maker(world, makers, row.key))))
    told: dict[Key, Figures] = {row.key: row.figures for row in answer.rows}
    assert len(told) == len(answer.rows)
