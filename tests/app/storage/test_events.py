import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import sqlalchemy as sa
from happenings import MINUTE, NOW, PHONE, PLACE, RADIO, enrolled, numbered, tell

from app.access.viewer import Role, Viewer
from app.storage import events
from app.storage.engine import Database
from app.storage.events import Event, Wanted
from app.storage.pages import Slice
from app.storage.schema import events as table

ANALYST = Viewer("analyst", Role.ANALYST)
SEEN = {
    ANALYST: ["before", "phone's", "after", "nobody's"],
    Viewer("north", Role.SUPERVISOR, team_ids=frozenset({1})): ["before", "nobody's"],
    Viewer("south", Role.SUPERVISOR, team_ids=frozenset({2})): ["after", "nobody's"],
    Viewer("first", Role.OFFICER, officer_id=1): ["before", "nobody's"],
    Viewer("second", Role.OFFICER, officer_id=2): ["after", "nobody's"],
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with enrolled(database_url) as opened:
        yield opened


@pytest.fixture
async def postgis(postgis_url: str) -> AsyncIterator[Database]:
    async with enrolled(postgis_url) as opened:
        yield opened


async def live(database: Database, after: int = 0, most: int = 100) -> list[str | None]:
    async with database.read() as reader:
        return [told.detail for told in await events.after(reader, after, most)]


async def test_an_event_is_told_with_the_names_of_whose_and_where_it_was(
    database: Database,
) -> None:
    await tell(database, Event("entered", NOW - MINUTE, RADIO, PLACE))
    async with database.read() as reader:
        [told] = await events.after(reader, 0, 10)
    assert (told.kind, told.device, told.hotspot, told.detail) == ("entered", "radio", "HS1", None)
    assert (told.time, told.stored, told.live) == (NOW - MINUTE, NOW, True)
    assert [(one.number, one.team_id) for one in told.carriers] == [("2", 2)]


async def test_what_is_history_when_it_comes_is_kept_and_not_told_but_for_an_emergency(
    database: Database,
) -> None:
    cases = {
        ("entered", 15): True,
        ("entered", 15.01): False,
        ("entered", -5): True,
        ("battery_low", 16): False,
        ("emergency", 16): True,
        ("emergency", 60 * 24 * 400): True,
    }
    told = [Event(kind, NOW - age * MINUTE, PHONE, None, str(age)) for kind, age in cases]
    await tell(database, *told)
    async with database.read() as reader:
        heard = {(one.kind, float(one.detail or 0)) for one in await events.after(reader, 0, 10)}
        found = (await events.page(reader, ANALYST, Wanted(), Slice(10))).items
        assert await events.last(reader) == max(one.id for one in found if one.live)
    assert heard == {case for case, is_live in cases.items() if is_live}
    assert {(one.kind, float(one.detail or 0)): one.live for one in found} == cases


async def test_reading_goes_on_past_an_id_without_a_gap(database: Database) -> None:
    await tell(database, *numbered(range(5)))
    await tell(database, Event("left", NOW - 20 * MINUTE, RADIO, PLACE), *numbered([5]))
    assert await live(database, most=4) == list("0123")
    assert await live(database, after=4) == list("45")


async def test_ids_come_in_the_order_of_the_commits(postgis: Database) -> None:
    """A slow transaction holds up the events of others: no smaller id ever appears behind one."""
    async with postgis.write() as slow:
        await events.write(slow, numbered(["slow"]), NOW)
        quick = asyncio.create_task(tell(postgis, *numbered(["quick"])))
        for _ in range(5):
            await asyncio.sleep(0.05)
            assert await live(postgis) == []
        assert not quick.done()
    await quick
    assert await live(postgis) == ["slow", "quick"]


async def test_who_has_read_up_to_an_id_missed_none_however_many_write(database: Database) -> None:
    """Many writers, some of which give up; a reader that goes on past what it has seen."""
    done = asyncio.Event()

    async def write(number: int) -> None:
        for i in range(8):
            with suppress(ZeroDivisionError):
                async with database.write() as writer:
                    await events.write(writer, numbered([f"{number}.{i}"]), NOW)
                    await asyncio.sleep(0.002 * (number % 3))
                    assert 1 / (i % 4 - 3)  # gives up

    async def read() -> list[str | None]:
        found: list[str | None] = []
        position, ended = 0, False
        while not ended:
            ended = done.is_set()
            async with database.read() as reader:
                told = await events.after(reader, position, 1000)
            found += [one.detail for one in told]
            position = told[-1].id if told else position
        return found

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write(number) for number in range(5)))
    done.set()
    found = await reading
    assert sorted(map(str, found)) == [f"{n}.{i}" for n in range(5) for i in range(8) if i % 4 != 3]


async def test_no_id_is_given_twice_even_if_all_events_go_away(database: Database) -> None:
    await tell(database, *numbered(range(3)))
    async with database.write() as writer:
        await writer.execute(sa.delete(table))
    await tell(database, *numbered("n"))
    assert await live(database, after=3) == ["n"]


async def test_one_sees_the_events_of_who_had_the_device_then_in_lists_and_live(
    database: Database,
) -> None:
    hour = dt.timedelta(hours=1)
    await tell(
        database,
        Event("emergency", NOW - 2 * hour, RADIO, detail="before"),
        Event("emergency", NOW - 1.5 * hour, PHONE, detail="phone's"),
        Event("emergency", NOW - hour, RADIO, detail="after"),
        Event("emergency", NOW, detail="nobody's"),
    )
    for viewer, seen in SEEN.items():
        async with database.read() as reader:
            found = (await events.page(reader, viewer, Wanted(), Slice(10))).items
            told = await events.after(reader, 0, 10)
        assert [one.detail for one in found] == seen, viewer
        shown = [one.seen_by(viewer) for one in told]
        assert list(found) == [one for one in shown if one], viewer
        numbers = [carrier.number for one in found for carrier in one.carriers]
        carried = {"before": "1", "after": "2"}
        assert numbers == [carried[detail] for detail in seen if detail in carried], viewer


async def test_a_device_without_a_name_is_not_nobodys(database: Database) -> None:
    await tell(database, Event("emergency", NOW, device_id=99))
    async with database.read() as reader:
        [told] = await events.after(reader, 0, 10)
    assert told.device is None
    seen = {viewer.name: told.seen_by(viewer) is not None for viewer in SEEN}
    assert [name for name, sees in seen.items() if sees] == ["analyst"]


async def test_a_list_is_by_time_a_part_at_a_time_and_of_some_kinds_or_times(
    database: Database,
) -> None:
    times = [NOW - 3 * MINUTE, NOW, NOW, NOW - 9 * MINUTE, NOW]
    await tell(database, *(Event("emergency", t, detail=str(i)) for i, t in enumerate(times)))
    await tell(database, Event("left", NOW + MINUTE, detail="5"))

    async def details(wanted: Wanted, part: Slice) -> tuple[list[str | None], Slice | None]:
        async with database.read() as reader:
            page = await events.page(reader, ANALYST, wanted, part)
        rest = None if page.next is None else Slice(part.limit, page.next)
        return [told.detail for told in page.items], rest

    found, part = [], Slice(2)
    while part is not None:
        some, part = await details(Wanted(), part)
        found.append(some)
    assert found == [["3", "0"], ["1", "2"], ["4", "5"]]
    assert (await details(Wanted(kinds=["left"]), Slice(9)))[0] == ["5"]
    minutes = Wanted(NOW - 3 * MINUTE, NOW)
    assert (await details(minutes, Slice(9)))[0] == ["0"]
