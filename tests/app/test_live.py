import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import asyncpg
import pytest
import sqlalchemy as sa
from happenings import NOW, enrolled, numbered, tell

from app import live as live_module
from app.access.viewer import Role, Viewer
from app.live import Live
from app.storage.engine import Database
from app.storage.schema import assignments

# Far longer than anything here takes.
LONG_S = 20.0


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with enrolled(database_url) as opened:
        yield opened


@pytest.fixture
async def postgis(postgis_url: str) -> AsyncIterator[Database]:
    async with enrolled(postgis_url) as opened:
        yield opened


@pytest.fixture
async def live(database: Database) -> AsyncIterator[Live]:
    async with Live(database) as reading:
        yield reading


async def follow(live: Live, position: int, until: str) -> list[str | None]:
    """The details of what is told past a position, up to one."""
    found: list[str | None] = []
    with live.following():
        while until not in found:
            told, position = await live.after(position, LONG_S)
            found += [one.detail for one in told]
            assert all(a.id < b.id for a, b in pairwise(told))
    return found


async def test_who_follows_is_told_at_once_what_another_process_commits(
    live: Live, database_url: str
) -> None:
    elsewhere = Database(database_url)
    position = await live.last()
    with live.following():
        waiting = asyncio.create_task(live.after(position, LONG_S))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await tell(elsewhere, *numbered("x"))
        async with asyncio.timeout(LONG_S / 2):
            told, _ = await waiting
    assert [one.detail for one in told] == ["x"]
    await elsewhere.close()


async def test_postgresql_calls_and_nobody_has_to_look(postgis: Database) -> None:
    async with Live(postgis, look_every_s=LONG_S) as live:
        with live.following():
            waiting = asyncio.create_task(live.after(0, LONG_S))
            await asyncio.sleep(0.5)
            await tell(postgis, *numbered("x"))
            async with asyncio.timeout(LONG_S / 2):
                assert [one.detail for one in (await waiting).told] == ["x"]


async def test_followers_that_come_at_any_time_are_told_each_event_once(
    live: Live, database: Database
) -> None:
    details = [str(i) for i in range(40)]
    followers = []
    for detail in details:
        position = await live.last()
        followers.append(asyncio.create_task(follow(live, position, details[-1])))
        await tell(database, *numbered([detail]))
    assert await asyncio.gather(*followers) == [details[i:] for i in range(len(details))]


async def test_who_is_behind_what_is_in_memory_reads_the_table(
    live: Live, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "RECENT", 3)
    details = [str(i) for i in range(20)]
    await tell(database, *numbered(details[:8]))
    with live.following():
        await live.after(0, LONG_S)
        for detail in details[8:]:
            await tell(database, *numbered([detail]))
        assert await follow(live, await live.last() - 1, details[-1]) == details[-1:]
        assert len(live._recent) <= 3
        for position in range(20):
            assert await follow(live, position, details[-1]) == details[position:]


async def test_events_while_nobody_followed_are_for_who_missed_them_only(
    live: Live, database: Database
) -> None:
    await tell(database, *numbered("a"))
    assert await follow(live, 0, "a") == ["a"]
    await tell(database, *numbered("b"))
    now = await live.last()
    later = asyncio.create_task(follow(live, now, "c"))
    missed = asyncio.create_task(follow(live, 1, "c"))
    await asyncio.sleep(0.2)
    await tell(database, *numbered("c"))
    assert (await later, await missed) == (["c"], ["b", "c"])


async def test_who_may_see_what_has_been_in_memory_for_long_is_asked_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    north = Viewer("north", Role.SUPERVISOR, team_ids=frozenset({1}))
    monkeypatch.setattr(live_module, "RECENT_S", 0.2)
    async with Live(database, look_every_s=0.05) as live:
        with live.following():
            waiting = asyncio.create_task(live.after(0, LONG_S))
            await asyncio.sleep(0.3)
            await tell(database, *numbered("x"))
            [told], _ = await waiting
            assert told.seen_by(north) is None
            # It was with somebody of the other team all the time.
            async with database.write() as writer:
                wrong = sa.update(assignments).where(assignments.c.officer_id == 2)
                await writer.execute(wrong.values(officer_id=1, start=NOW))
            await asyncio.sleep(0.8)
            [told], position = await live.after(0, LONG_S)
            assert told.seen_by(north) is not None
            assert await live.after(position, 0.1) == ([], position)


async def test_nothing_to_tell_takes_as_long_as_one_would_wait(live: Live) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with live.following():
        assert await live.after(0, 0.3) == ([], 0)
    assert 0.25 < loop.time() - began_s < LONG_S


async def test_a_connection_that_is_lost_is_made_again(postgis: Database, postgis_url: str) -> None:
    async with Live(postgis, look_every_s=LONG_S) as live:
        following = asyncio.create_task(follow(live, 0, "z"))
        await tell(postgis, *numbered("a"))
        for detail in "bz":
            await asyncio.sleep(0.3)
            server = await asyncpg.connect(postgis_url)
            await server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
            await server.close()
            await tell(postgis, *numbered(detail))
        async with asyncio.timeout(LONG_S / 2):
            assert await following == ["a", "b", "z"]


async def test_the_end_is_told_to_all_who_wait(live: Live) -> None:
    with live.following():
        waiting = [asyncio.create_task(live.after(0, LONG_S)) for _ in range(3)]
        await asyncio.sleep(0.1)
        live.end()
        async with asyncio.timeout(5):
            assert await asyncio.gather(*waiting) == [([], 0)] * 3
    assert live.ended
