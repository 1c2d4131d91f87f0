import asyncio

import numpy as np
import numpy.typing as npt
import pytest
from memory import Storage

from ingest.batch import Batcher
from ingest.columns import Columns, Delivery
from ingest.errors import StorageUnavailable, Unstorable
from ingest.fix import Fix
from ingest.screen import Verdict

YEAR_2026_US = 1_767_225_600_000_000


def delivery(*numbers: int, lat: float = 51.5) -> Delivery:
    fixes = [Fix(YEAR_2026_US + number, lat, -0.1) for number in numbers]
    return Delivery(fixes, [7] * len(fixes), YEAR_2026_US, 0)


async def test_a_lone_message_is_stored_at_once(batcher: Batcher, storage: Storage) -> None:
    assert await batcher.submit(delivery(1, 2)) == [Verdict.STORED, Verdict.STORED]
    assert len(storage.fixes) == 2


async def test_what_waits_while_a_batch_is_stored_becomes_the_next(
    batcher: Batcher, storage: Storage
) -> None:
    storage.open.clear()
    first = asyncio.create_task(batcher.submit(delivery(1)))
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(batcher.submit(delivery(n, n + 1))) for n in (2, 1, 4)]
    await asyncio.sleep(0.01)
    storage.open.set()
    assert await first == [Verdict.STORED]
    assert [await task for task in rest] == [[0, 0], [1, 1], [0, 0]]
    assert [batch.n for batch in storage.batches] == [1, 6]


async def test_a_batch_stays_under_its_limit_unless_one_message_is_larger(
    batcher: Batcher, storage: Storage
) -> None:
    storage.open.clear()
    sizes = (1, 6, 4, 2, 15)  # of messages, for batches of 10
    tasks = [asyncio.create_task(batcher.submit(delivery(*range(size)))) for size in sizes]
    await asyncio.sleep(0.01)
    storage.open.set()
    await asyncio.gather(*tasks)
    assert [batch.n for batch in storage.batches] == [7, 6, 15]


async def test_a_full_queue_makes_its_senders_wait(batcher: Batcher, storage: Storage) -> None:
    storage.open.clear()
    tasks = [asyncio.create_task(batcher.submit(delivery(*range(10)))) for _ in range(5)]
    await asyncio.sleep(0.01)
    assert batcher.waiting == 20  # ten more are being stored, and twenty are not let in
    storage.open.set()
    assert len(await asyncio.gather(*tasks)) == 5
    assert batcher.waiting == 0


async def test_storage_being_away_is_told_to_all_and_the_next_batch_is_tried(
    batcher: Batcher, storage: Storage
) -> None:
    storage.failures = [StorageUnavailable("the disk is full", retry_after_s=7)]
    outcomes = await asyncio.gather(
        *(batcher.submit(delivery(n)) for n in range(3)), return_exceptions=True
    )
    assert [str(outcome) for outcome in outcomes] == ["the disk is full"] * 3
    assert [getattr(outcome, "retry_after_s", None) for outcome in outcomes] == [7] * 3
    assert await batcher.submit(delivery(1)) == [Verdict.STORED]


async def test_one_message_that_cannot_be_stored_costs_no_neighbour(
    batcher: Batcher, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.poison_lat = 13.0
    outcomes = await asyncio.gather(
        batcher.submit(delivery(1)),
        batcher.submit(delivery(2, lat=13.0)),
        batcher.submit(delivery(3)),
        return_exceptions=True,
    )
    assert outcomes[0] == outcomes[2] == [Verdict.STORED]
    assert isinstance(outcomes[1], Unstorable)
    assert "out of range" in str(outcomes[1])
    assert "cannot be stored" in caplog.text


async def test_a_fix_that_no_array_can_hold_costs_no_neighbour(batcher: Batcher) -> None:
    huge = Delivery([Fix(10**30, 51.5, -0.1)], [7], YEAR_2026_US, 0)
    outcomes = await asyncio.gather(
        batcher.submit(delivery(1)), batcher.submit(huge), return_exceptions=True
    )
    assert outcomes[0] == [Verdict.STORED]
    assert isinstance(outcomes[1], Unstorable)


async def test_verdicts_that_do_not_match_their_fixes_are_an_error() -> None:
    async def forgetful(columns: Columns) -> npt.NDArray[np.uint8]:
        return np.zeros(columns.n - 1, np.uint8)

    async with Batcher(forgetful) as batcher:
        with pytest.raises(Unstorable, match="1 verdicts for 2 fixes"):
            await batcher.submit(delivery(1, 2))


async def test_a_sender_that_goes_away_is_stored_all_the_same(
    batcher: Batcher, storage: Storage
) -> None:
    storage.open.clear()
    gone = asyncio.create_task(batcher.submit(delivery(1)))
    await asyncio.sleep(0.01)
    gone.cancel()
    storage.open.set()
    assert await batcher.submit(delivery(1)) == [Verdict.DUPLICATE]


async def test_stopping_stores_what_waits_and_lets_nothing_in(storage: Storage) -> None:
    batcher = Batcher(storage.store, max_fixes=1, max_waiting=2)
    batcher.start()
    storage.open.clear()
    tasks = [asyncio.create_task(batcher.submit(delivery(n))) for n in range(5)]
    await asyncio.sleep(0.01)
    stopping = asyncio.create_task(batcher.stop())
    await asyncio.sleep(0.01)
    storage.open.set()
    await stopping
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes[:3] == [[Verdict.STORED]] * 3
    assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes[3:])
    with pytest.raises(StorageUnavailable, match="shutting down"):
        await batcher.submit(delivery(9))


async def test_what_its_sender_has_given_up_is_not_stored(
    batcher: Batcher, storage: Storage
) -> None:
    storage.open.clear()
    first = batcher.offer(delivery(1))
    assert first is not None
    await asyncio.sleep(0)  # it is being stored
    given_up, kept = batcher.offer(delivery(2)), batcher.offer(delivery(3))
    assert given_up is not None
    assert kept is not None
    given_up.cancel()
    storage.open.set()
    await asyncio.gather(first, kept)
    assert [len(batch.device) for batch in storage.batches] == [1, 1]
    assert batcher.waiting == 0
