import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from wandering import enrol, feed, split, stored, wandering

from app.announce import comings_and_goings
from app.storage.engine import Database
from app.storage.findings import VisitRow
from app.storage.schema import events, visits
from app.storage.types import to_us
from app.storage.visits import Change
from ingest.errors import StorageUnavailable

TEN = dt.datetime(2026, 1, 15, 10, tzinfo=dt.UTC)


def visit(enter: int, exit_: int, *, open_: bool = True, hotspot: int = 7) -> VisitRow:
    """A visit by device 3, from and until so many minutes past ten."""
    begin, end = (TEN + dt.timedelta(minutes=minutes) for minutes in (enter, exit_))
    return VisitRow(
        device_id=3,
        hotspot_id=hotspot,
        first_us=to_us(begin),
        version_id=1,
        enter=begin,
        exit=end,
        outer_from=begin,
        outer_to=end,
        enter_seen=True,
        exit_seen=not open_,
        inside_us=to_us(end) - to_us(begin),
        bridged_us=0,
        low_us=0,
        fixes=9,
        mean_speed_mps=1.0,
        pass_through=False,
        open=open_,
        spans=b"",
        method=1,
    )


def said(*changes: Change) -> list[tuple[str, int]]:
    """Each event's kind, and how many minutes past ten it happened."""
    events = comings_and_goings(changes)
    assert {(event.device_id, event.hotspot_id) for event in events} <= {(3, 7)}
    return [(event.kind, (event.time - TEN) // dt.timedelta(minutes=1)) for event in events]


def test_who_is_first_seen_inside_has_entered() -> None:
    assert said(Change(None, visit(1, 2))) == [("entered", 1)]


def test_who_stays_on_is_nothing_new() -> None:
    assert said(Change(visit(1, 2), visit(1, 9))) == []


def test_a_visit_that_closes_has_been_left() -> None:
    assert said(Change(visit(1, 2), visit(1, 9, open_=False))) == [("left", 9)]


def test_a_visit_that_is_known_only_when_it_is_over_was_entered_and_left() -> None:
    assert said(Change(None, visit(1, 2, open_=False))) == [("entered", 1), ("left", 2)]


def test_a_closed_visit_that_late_fixes_change_is_not_told_of_again() -> None:
    before, after = visit(1, 9, open_=False), visit(1, 12, open_=False)
    assert said(Change(before, after)) == []
    assert said(Change(before, None)) == []


def test_a_visit_that_turns_out_to_go_on_is_left_once_more() -> None:
    before, longer = visit(1, 9, open_=False), visit(1, 12)
    assert said(Change(before, longer)) == []
    assert said(Change(longer, replace(longer, open=False))) == [("left", 12)]


def test_a_visit_that_began_earlier_than_was_known_is_not_entered_again() -> None:
    was, now = visit(5, 9), visit(3, 9)
    assert said(Change(was, None), Change(None, now)) == []
    assert said(Change(None, now), Change(was, None)) == []
    closed = replace(now, open=False)
    assert said(Change(was, None), Change(None, closed)) == [("left", 9)]
    assert said(Change(replace(was, open=False), None), Change(None, closed)) == []


def test_another_stay_in_place_of_one_that_never_was_is_entered() -> None:
    was, now = visit(5, 9), visit(20, 25)
    assert said(Change(was, None), Change(None, now)) == [("entered", 20)]
    elsewhere = visit(5, 9, hotspot=8)
    assert said(Change(elsewhere, None), Change(None, visit(5, 9))) == [("entered", 5)]


async def test_each_stay_of_a_track_is_entered_once_and_left_once_when_it_is_over(
    database: Database,
) -> None:
    await enrol(database)
    fixes = wandering(2)
    await feed(database, split(fixes, np.argsort(fixes.time_us), 7))
    e, v = events.c, visits.c
    async with database.read() as reader:
        told = (await reader.execute(sa.select(e.kind, e.device_id, e.hotspot_id, e.time))).all()
        query = sa.select(v.device_id, v.hotspot_id, v.exit, v.open).where(v.known_to.is_(None))
        held = (await reader.execute(query)).all()
    assert len(held) > 10
    entered = Counter(row[1:3] for row in told if row.kind == "entered")
    assert entered == Counter(row[:2] for row in held)
    left = sorted(tuple(row[1:]) for row in told if row.kind == "left")
    assert left == sorted(tuple(row[:3]) for row in held if not row.open)


async def test_without_its_events_nothing_of_a_batch_is_stored(database: Database) -> None:
    await enrol(database)
    async with database.write() as writer:
        await writer.exec_driver_sql("ALTER TABLE events RENAME TO away")
    with pytest.raises(StorageUnavailable):
        await feed(database, [wandering(2)])
    assert await stored(database) == set()
