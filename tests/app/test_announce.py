import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from redrawing import ALWAYS, SHIFTED, draw, work
from wandering import NOW, SQUARES, Row, enrol, feed, split, stored, wandering

from app import housekeeping
from app.announce import comings_and_goings
from app.storage.engine import Database
from app.storage.findings import VisitRow
from app.storage.schema import events, visits
from app.storage.types import to_us
from app.storage.visits import Change
from app.storage.whereabouts import Stay
from ingest.errors import StorageUnavailable

TEN = dt.datetime(2026, 1, 15, 10, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def visit(enter: int, exit_: int, *, open_: bool = True, hotspot: int = 7) -> VisitRow:
    """A visit by device 3, from and until so many minutes past ten."""
    begin, end = (TEN + minutes * MINUTE for minutes in (enter, exit_))
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


def stay(begun: int, *, live: bool = True) -> Stay:
    return Stay(3, 7, TEN + begun * MINUTE, live)


def said(
    *changes: Change,
    told: Sequence[Stay] = (),
    under_way: Sequence[VisitRow] | None = None,
    now: int = 15,
) -> list[tuple[str, int, int, bool | None]]:
    """Each event's kind, when it happened, its visit (minutes past ten), and if told at once.

    Under way are the open ones of these changes, if nothing else is said.
    """
    if under_way is None:
        under_way = [after for _, after in changes if after is not None and after.open]
    news = comings_and_goings(changes, told, under_way, TEN + now * MINUTE)
    assert {(event.device_id, event.hotspot_id) for event in news.events} <= {(3, 7)}
    return [
        (event.kind, (event.time - TEN) // MINUTE, (event.visit - TEN) // MINUTE, event.live)
        for event in news.events
        if event.visit is not None
    ]


def test_who_is_first_seen_inside_has_entered() -> None:
    assert said(Change(None, visit(1, 2))) == [("entered", 1, 1, True)]
    assert said(Change(None, visit(1, 2)), now=18) == [("entered", 1, 1, False)]


def test_who_was_there_a_moment_ago_is_told_of_at_once_however_long_since() -> None:
    assert said(Change(None, visit(1, 50)), now=52) == [("entered", 1, 1, True)]


def test_who_stays_on_is_nothing_new() -> None:
    assert said(Change(visit(1, 2), visit(1, 9)), told=[stay(1)]) == []


def test_a_visit_that_closes_has_been_left_at_once_if_it_was_entered_at_once() -> None:
    over = Change(visit(1, 2), visit(1, 9, open_=False))
    for live in (True, False):
        assert said(over, told=[stay(1, live=live)], now=60) == [("left", 9, 1, live)]


def test_a_visit_that_is_known_only_when_it_is_over_was_entered_and_left() -> None:
    over = Change(None, visit(1, 2, open_=False))
    assert said(over) == [("entered", 1, 1, True), ("left", 2, 1, True)]
    assert said(over, now=30) == [("entered", 1, 1, False), ("left", 2, 1, False)]


def test_a_closed_visit_that_late_fixes_change_is_not_told_of_again() -> None:
    before, after = visit(1, 9, open_=False), visit(1, 12, open_=False)
    assert said(Change(before, after)) == []
    assert said(Change(before, None)) == []


def test_a_visit_that_turns_out_to_go_on_is_entered_again_and_left_once_more() -> None:
    before, longer = visit(1, 9, open_=False), visit(1, 12)
    assert said(Change(before, longer)) == [("entered", 1, 1, True)]
    over = Change(longer, replace(longer, open=False))
    assert said(over, told=[stay(1)]) == [("left", 12, 1, True)]


def test_a_visit_that_never_was_is_left_again() -> None:
    assert said(Change(visit(1, 9), None), told=[stay(1)]) == [("left", 1, 1, True)]


def test_who_comes_back_after_a_gap_has_left_before() -> None:
    broken_off, again = visit(1, 9), visit(31, 31)
    changes = Change(None, again)
    found = said(changes, told=[stay(1)], under_way=[again, broken_off], now=31)
    assert found == [("left", 9, 1, True), ("entered", 31, 31, True)]
    # Later both are known to be over.
    closed = [Change(one, replace(one, open=False)) for one in (broken_off, again)]
    assert said(*closed, told=[stay(31)], now=40) == [("left", 31, 31, True)]


def test_late_fixes_that_join_two_visits_are_nothing_new() -> None:
    joined = Change(visit(1, 9), visit(1, 31))
    assert said(joined, Change(visit(31, 31), None), told=[stay(31)], now=31) == []


def test_late_fixes_that_part_a_visit_say_when_the_first_was_left() -> None:
    parted = Change(visit(1, 30), visit(1, 9, open_=False)), Change(None, visit(20, 30))
    found = said(*parted, told=[stay(1)], now=31)
    assert found == [("left", 9, 1, True), ("entered", 20, 20, True)]


def test_a_visit_that_began_earlier_than_was_known_is_not_entered_again() -> None:
    was, now = visit(5, 9), visit(3, 9)
    assert said(Change(was, None), Change(None, now), told=[stay(5)]) == []
    assert said(Change(None, now), Change(was, None), told=[stay(5)]) == []
    closed = replace(now, open=False)
    moved = Change(was, None), Change(None, closed)
    assert said(*moved, told=[stay(5)]) == [("left", 9, 5, True)]
    assert said(Change(replace(was, open=False), None), Change(None, closed)) == []


def test_another_stay_in_place_of_one_that_never_was_is_entered() -> None:
    was, now = visit(5, 9), visit(20, 25)
    found = said(Change(was, None), Change(None, now), told=[stay(5)], now=26)
    assert found == [("left", 5, 5, True), ("entered", 20, 20, True)]


def test_a_visit_of_before_is_no_news_while_the_device_is_there_again() -> None:
    earlier, current = visit(1, 4, open_=False), visit(8, 9)
    found = said(Change(None, earlier), told=[stay(8)], under_way=[current], now=10)
    assert found == [("entered", 1, 1, False), ("left", 4, 1, False)]


def test_who_was_there_as_history_and_is_seen_there_now_is_told_of_at_once() -> None:
    caught_up = Change(visit(1, 9), visit(1, 60))
    assert said(caught_up, told=[stay(1, live=False)], now=61) == [("entered", 1, 1, True)]
    assert said(caught_up, told=[stay(1)], now=61) == []


def test_of_visits_measured_anew_only_those_under_way_are_told_of() -> None:
    changes = [Change(None, visit(1, 4, open_=False)), Change(None, visit(8, 9))]
    news = comings_and_goings(changes, [], [visit(8, 9)], TEN + 10 * MINUTE, history=False)
    assert [event.time for event in news.events] == [TEN + 8 * MINUTE]


async def inside(database: Database) -> tuple[set[Row], set[Row]]:
    """Where devices are: as the events say, each place's last, and as the visits do."""
    e, v = events.c, visits.c
    async with database.read() as reader:
        query = sa.select(e.device_id, e.hotspot_id, e.kind, e.visit).order_by(e.id)
        last = {row[:2]: row for row in map(tuple, await reader.execute(query))}
        query = sa.select(v.device_id, v.hotspot_id, v.open).where(v.known_to.is_(None))
        held = await reader.execute(query.order_by(v.first_us))
        opened = {tuple(row[:2]): row.open for row in held}
    told = {place for place, row in last.items() if row[2] == "entered"}
    return told, {place for place, is_open in opened.items() if is_open}


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_said_last_is_where_a_device_is_whatever_comes_late(
    database: Database, seed: int
) -> None:
    await enrol(database)
    fixes = wandering(seed)
    random = np.random.default_rng(seed)
    order = np.argsort(fixes.time_us + random.exponential(300e6, fixes.n))
    ever: set[Row] = set()
    for i, batch in enumerate(split(fixes, order, 40)):
        await feed(database, [batch])
        if i % 4 == 3:
            await housekeeping.close_silent(database, to_us(NOW + dt.timedelta(hours=i)))
        if i % 6 == 5:
            await draw(database, 1, SHIFTED if i % 12 == 5 else SQUARES[1], ALWAYS)
            await work(database)
        told, held = await inside(database)
        assert told == held
        ever |= told
    assert len(ever) > 3


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
