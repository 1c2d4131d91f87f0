import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import logged
import pytest
from callers import Clock

from app import auditing
from app.access.audit import Act
from app.auditing import Auditor
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable


@pytest.fixture
async def auditor(database: Database) -> AsyncIterator[Auditor]:
    async with Auditor(database, Clock().now_us) as auditor:
        yield auditor


async def noted(database: Database) -> list[str]:
    return [str(who) for (who,) in await logged.rows(database, "SELECT who FROM audit ORDER BY id")]


async def test_what_was_noted_is_committed_when_it_returns(
    auditor: Auditor, database: Database
) -> None:
    await auditor.note()
    assert await noted(database) == []
    await auditor.note(logged.LOOK, replace(logged.LOOK, who="B", act=Act.DISCLOSURE))
    assert await noted(database) == ["Sgt Example", "B"]
    whose = await logged.rows(database, "SELECT * FROM audit_whose ORDER BY 1, 2, 3")
    one = [("device", 5), ("officer", 3), ("officer", 12)]
    assert whose == [(id_, *ref) for id_ in (1, 2) for ref in one]


async def test_what_comes_while_one_is_written_shares_the_next_transaction(
    auditor: Auditor, database: Database
) -> None:
    names = [f"{number:02}" for number in range(40)]
    await asyncio.gather(*(auditor.note(replace(logged.LOOK, who=name)) for name in names))
    assert await noted(database) == names
    if database.dialect == "postgresql":
        found = await logged.rows(database, "SELECT DISTINCT xmin::text FROM audit")
        assert len(found) == 1


async def test_whoever_has_gone_is_in_the_log_all_the_same(
    auditor: Auditor, database: Database
) -> None:
    waits = asyncio.create_task(auditor.note(logged.LOOK))
    await asyncio.sleep(0)
    waits.cancel()
    await asyncio.wait([waits])
    await auditor.note(replace(logged.LOOK, who="B"))
    assert await noted(database) == ["Sgt Example", "B"]


async def test_what_cannot_be_written_is_told_to_all_who_wait_and_the_next_may_go(
    auditor: Auditor, database: Database
) -> None:
    await logged.execute(database, "ALTER TABLE audit RENAME TO elsewhere")
    notes = [auditor.note(replace(logged.LOOK, who=name)) for name in "ABC"]
    found = await asyncio.gather(*notes, return_exceptions=True)
    assert [type(one) for one in found] == [DatabaseUnavailable] * 3
    await logged.execute(database, "ALTER TABLE elsewhere RENAME TO audit")
    await auditor.note(logged.LOOK)
    assert await noted(database) == ["Sgt Example"]


async def test_no_more_wait_than_may(
    auditor: Auditor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MOST_WAITING", 3)
    notes = [auditor.note(replace(logged.LOOK, who=str(number))) for number in range(5)]
    found = await asyncio.gather(*notes, return_exceptions=True)
    assert [type(one) for one in found] == [type(None)] * 3 + [DatabaseUnavailable] * 2
    assert await noted(database) == ["0", "1", "2"]


async def test_entries_of_several_writers_are_numbered_as_they_are_committed(
    database: Database,
) -> None:
    async with Auditor(database, Clock().now_us) as one, Auditor(database, Clock().now_us) as two:
        seen: list[int] = []

        async def watch() -> None:
            for _ in range(30):
                rows = await logged.rows(database, "SELECT id FROM audit ORDER BY id")
                ids = [int(str(row[0])) for row in rows]
                # Nothing comes to be there before what was there already.
                assert ids[: len(seen)] == seen
                seen[:] = ids
                await asyncio.sleep(0)

        async def work(auditor: Auditor) -> None:
            for _ in range(10):
                await auditor.note(logged.LOOK, logged.LOOK)

        await asyncio.gather(work(one), work(two), watch())
    assert len(await noted(database)) == 40
