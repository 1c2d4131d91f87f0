"""A busy service lets Python look for cycles of garbage seldom: a batch must not leave any."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
import wandering

from app.storage.engine import Database


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


async def test_what_is_stored_is_not_kept_in_memory(database: Database, no_collector: None) -> None:
    await wandering.enrol(database)
    batch = wandering.wandering(1, 500)
    await wandering.feed(database, [batch] * 3)
    before, _ = tracemalloc.get_traced_memory()
    await wandering.feed(database, [batch] * 10)
    after, _ = tracemalloc.get_traced_memory()
    assert after - before < batch.n * 100  # of one batch's bytes, about
