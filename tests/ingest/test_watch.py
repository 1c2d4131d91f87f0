import asyncio

import pytest

from ingest.watch import Watch


async def test_the_oldest_call_under_way_is_the_one_that_counts() -> None:
    now_s = 0.0
    watch = Watch(lambda: now_s)

    async def call(until: asyncio.Event) -> str:
        await until.wait()
        return "done"

    watched, first, second = watch.over(call), asyncio.Event(), asyncio.Event()
    assert watch.longest_s() == 0.0
    early = asyncio.create_task(watched(first))
    await asyncio.sleep(0)
    now_s = 3.0
    late = asyncio.create_task(watched(second))
    await asyncio.sleep(0)
    now_s = 5.0
    assert watch.longest_s() == 5.0
    first.set()
    assert await early == "done"
    assert watch.longest_s() == 2.0
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert watch.longest_s() == 0.0
